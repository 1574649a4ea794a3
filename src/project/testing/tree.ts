/** For tests: project trees in a temporary folder, and a Jinja small enough to read at a glance. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { Failure, error } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/diagnostic.ts";
import { formatDiagnostic } from "../../diagnostics/format.ts";
import { readProject } from "../read.ts";
import type { ReadOptions, ReadResult } from "../read.ts";
import type { Scope } from "../scope.ts";
import type { Project, Value } from "../types.ts";

export type Tree = Readonly<Record<string, string>>;

/** Writes files into a new folder, which is removed when the test is over. */
export async function writeTree(tree: Tree): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "sluice-project-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** Reads a tree as a project, with a home folder and an environment of its own. */
export async function readTree(tree: Tree, options: Partial<ReadOptions> = {}): Promise<ReadResult & { root: string }> {
  const root = await writeTree({ "dbt_project.yml": "name: shop\nprofile: shop\n", ...tree });
  const env = { HOME: join(root, "home"), ...options.env };
  return { root, ...(await readProject({ projectDir: root, render, ...options, env })) };
}

/** The project of a tree that has no mistakes. */
export async function projectOf(tree: Tree, options: Partial<ReadOptions> = {}): Promise<Project> {
  const { project, diagnostics } = await readTree(tree, options);
  if (!project || diagnostics.length > 0) throw new Error(diagnostics.map((d) => formatDiagnostic(d)).join("\n"));
  return project;
}

/** What a user would read about a tree, with the temporary folder called `/root`. */
export async function reportOf(tree: Tree, options: Partial<ReadOptions> = {}): Promise<string> {
  const { root, diagnostics } = await readTree(tree, options);
  return diagnostics
    .map((d) => formatDiagnostic(d))
    .join("\n")
    .replaceAll(root, "/root");
}

/** Calls of functions with texts, and attributes: `{{ env_var('A', 'b') }}`, `{{ target.name }}`, `{{ 1 }}`. */
export function render(text: string, file: SourceFile, scope: Scope): Value {
  const parts: Value[] = [];
  let end = 0;
  for (const match of text.matchAll(/\{\{(.*?)\}\}/gs)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const at = { file, start: match.index, end };
    try {
      parts.push(evaluate(match[1]!.trim(), scope));
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      throw new Failure(thrown.diagnostics.map((d) => error(d.code, d.message, at, d.notes)));
    }
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts.length === 1 ? parts[0]! : parts.map(String).join("");
}

function evaluate(code: string, scope: Scope): Value {
  const call = /^(\w+)\((.*)\)$/s.exec(code);
  const name = call?.[1] ?? code.split(".")[0]!;
  if (/^-?\d+$/.test(code)) return Number(code);
  const found = scope.get(name);
  if (found === undefined) throw new Failure(error("undefined", `'${name}' is undefined.`));
  if (call) {
    const args = call[2]!.split(",").map((text) => text.trim().replace(/^'(.*)'$/s, "$1"));
    return (found as (...args: Value[]) => Value)(...args); // the stand-in trusts its templates
  }
  return (found as Record<string, Value>)[code.split(".")[1] ?? ""] ?? null;
}
