/** Variables of the command line that nothing reads, and what was perhaps meant. */
import { type Diagnostic, warning } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { isMapping } from "./shape.ts";
import type { Mapping, Package } from "./types.ts";

const READ = /\bvar\s*\(\s*["']([^"']+)["']/g;

/**
 * Warns only where there is a likely other name: a var may be read under a name that is put together, or by a template in
 * YAML.
 */
export function unreadVars(cliVars: Mapping, packages: readonly Package[]): Diagnostic[] {
  const given = Object.keys(cliVars).filter((name) => !packages.some((pkg) => pkg.name === name));
  if (given.length === 0) return [];
  const declared = new Set(packages.flatMap(({ config: { vars } }) => [...Object.keys(vars), ...scoped(vars)]));
  const unknown = given.filter((name) => !declared.has(name));
  if (unknown.length === 0) return [];
  const texts = packages.flatMap(({ config, files }) => [
    config.file.text,
    ...[files.models, files.snapshots, files.analyses, files.macros, files.tests, files.genericTests, files.functions]
      .flat()
      .map((file) => file.text),
  ]);
  const read = new Set(texts.flatMap((text) => [...text.matchAll(READ)].map((match) => match[1]!)));
  return unknown
    .filter((name) => !texts.some((text) => text.includes(name)))
    .flatMap((name) => {
      const near = didYouMean(name, [...declared, ...read]);
      if (near.length === 0) return [];
      return [warning("var-unread", `Nothing reads the var "${name}" of --vars.`, undefined, near)];
    });
}

/** Names within the block of one package: `vars: {shop: {top_n: 5}}`. */
const scoped = (vars: Mapping): string[] =>
  Object.values(vars).flatMap((value) => (isMapping(value) ? Object.keys(value) : []));
