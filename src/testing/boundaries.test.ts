import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../lib/package-root.ts";

/**
 * Who may import whom: a folder may import the folders named, each of which stands in a row above it, so there is no
 * circle. `type:` allows types only. npm packages likewise.
 */
const RULES: readonly (readonly [folder: string, mayImport: string, npm: string])[] = [
  ["lib", "", ""],
  ["diagnostics", "lib", ""],
  ["jinja", "lib diagnostics", "nunjucks"],
  ["postgres", "lib diagnostics", "pg pg-copy-streams"],
  ["state", "lib diagnostics postgres", "postgres-migrations"],
  ["project", "lib diagnostics jinja type:postgres", "js-yaml zod csv-parse"],
  ["deps", "lib diagnostics project jinja", "js-yaml semver"],
  ["load", "lib diagnostics postgres state type:project", "csv-parse"],
  ["context", "lib diagnostics project jinja postgres/catalog.ts postgres/relation.ts postgres/routines.ts", "js-yaml"],
  ["parse", "lib diagnostics project jinja context postgres/relation.ts", ""],
  ["graph", "lib diagnostics parse type:project", "graphlib"],
  [
    "plan",
    "lib diagnostics parse graph postgres/relation.ts postgres/sql/swap.ts type:postgres type:state type:project",
    "",
  ],
  [
    "compile",
    "lib diagnostics project parse graph plan jinja context postgres/catalog.ts postgres/relation.ts postgres/sql/swap.ts postgres/sql/select.ts type:postgres",
    "csv-parse",
  ],
  [
    "materialize",
    "lib diagnostics parse plan compile postgres/sql postgres/catalog.ts postgres/kept.ts postgres/relation.ts type:postgres type:project",
    "",
  ],
  ["publish", "lib diagnostics plan postgres state", ""],
  ["execute", "lib diagnostics project parse graph plan compile context materialize load postgres state publish", ""],
  ["artifacts", "lib diagnostics parse graph type:context type:execute type:project", ""],
  ["report", "lib diagnostics type:parse type:plan type:state type:publish type:execute", ""],
  [
    ".",
    "lib diagnostics jinja postgres state project deps load context parse graph plan compile materialize publish execute",
    "",
  ],
  [
    "extras",
    "lib diagnostics jinja project state . postgres/catalog.ts postgres/kept.ts postgres/privileges.ts postgres/relation.ts postgres/sql",
    "@faker-js/faker chart.js croner file-watcher highlight.js js-yaml markdown-it minisearch preact",
  ],
  ["commands", "lib diagnostics . report artifacts extras", "yargs"],
  ["cli", "lib commands", ""],
];

interface Import {
  readonly file: string;
  readonly folder: string;
  /** Path below src, or an npm package. */
  readonly of: string;
  readonly isType: boolean;
  readonly isNpm: boolean;
}

const root = join(packageRoot(), "src");
const IMPORT =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

function importsOf(file: string): Import[] {
  // The bin stands below the commands, the API above them.
  const folder = file === "cli.ts" ? "cli" : file.includes("/") ? file.slice(0, file.indexOf("/")) : ".";
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = (match[2] ?? match[3])!;
    const isNpm = !specifier.startsWith(".");
    const of = isNpm
      ? specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/")
      : join(file, "..", specifier).replaceAll("\\", "/");
    return { file, folder, of, isType: match[1] !== undefined, isNpm };
  });
}

function sources(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts") && !path.endsWith(".test.ts"))
    .filter((path) => !/(^|\/)(testing|rig|fixture)(\/|\.ts$)/.test(path));
}

function violations(imports: readonly Import[]): string[] {
  return imports.filter((i) => !allowed(i)).map((i) => `${i.file} imports ${i.isType ? "types of " : ""}${i.of}`);
}

function allowed({ folder, of, isType, isNpm }: Import): boolean {
  if (isNpm && (of.startsWith("node:") || builtinModules.includes(of))) return true;
  const rule = RULES.find(([name]) => name === folder);
  if (!rule) return false;
  if (isNpm) return rule[2].split(" ").includes(of);
  const target = of.includes("/") ? of.slice(0, of.indexOf("/")) : ".";
  if (target === folder) return true;
  return rule[1].split(" ").some((entry) => {
    const [, type, path = ""] = /^(type:)?(.*)$/.exec(entry)!;
    if (type && !isType) return false;
    return path === target || of === path || of.startsWith(`${path}/`);
  });
}

test("every folder imports only what its row allows", () => {
  const found = sources().flatMap(importsOf);
  expect(found.length).toBeGreaterThan(300);
  expect(violations(found), "see RULES: pass what is needed as an argument, or move it to where it belongs").toEqual(
    [],
  );
});

test("no row allows a row below it, so that there can be no circle", () => {
  for (const [i, [folder, may]] of RULES.entries()) {
    for (const entry of may.split(" ").filter(Boolean)) {
      const name = entry.replace(/^type:/, "").split("/")[0];
      const at = RULES.findIndex(([other]) => other === name);
      expect(at, `${folder} may import ${name}`).toBeLessThan(i);
      expect(at).toBeGreaterThanOrEqual(0);
    }
  }
});

test("a forbidden import is seen", () => {
  const base = { file: "plan/x.ts", folder: "plan", isNpm: false } as const;
  expect(violations([{ ...base, of: "execute/run.ts", isType: false }])).toEqual(["plan/x.ts imports execute/run.ts"]);
  expect(violations([{ ...base, of: "pg", isType: false, isNpm: true }])).toHaveLength(1);
  expect(violations([{ ...base, of: "state/ledger.ts", isType: false }])).toHaveLength(1);
  expect(violations([{ ...base, of: "state/ledger.ts", isType: true }])).toHaveLength(0);
});
