/** For tests: project trees in a temporary folder. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { formatDiagnostic } from "../../diagnostics/format.ts";
import { Jinja } from "../../jinja/index.ts";
import { readProject } from "../read.ts";
import type { ReadOptions, ReadResult } from "../read.ts";
import { nativeRenderer } from "../render.ts";
import type { Project } from "../types.ts";

const render = nativeRenderer(new Jinja());

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
