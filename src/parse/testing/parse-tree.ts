/** For tests: trees of files parsed as projects. */
import { formatDiagnostic, sortDiagnostics } from "../../diagnostics/format.ts";
import { Jinja } from "../../jinja/index.ts";
import { projectOf, type Tree } from "../../project/testing/tree.ts";
import type { Mapping } from "../../project/types.ts";
import type { Manifest } from "../manifest.ts";
import { parseProject } from "../parse.ts";

const PROFILES =
  "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, user: u, password: p, dbname: db, schema: analytics, threads: 1}\n";

export interface ParseTreeOptions {
  readonly vars?: Mapping;
  readonly env?: Readonly<Record<string, string>>;
}

export async function parseTree(tree: Tree, options: ParseTreeOptions = {}): Promise<Manifest> {
  const project = await projectOf({ "profiles.yml": PROFILES, ...tree });
  const facts = {
    invocationId: "0",
    startedAt: new Date(0),
    env: options.env ?? {},
    fullRefresh: false,
    command: "parse",
  };
  return parseProject({ ...project, cliVars: options.vars ?? {} }, new Jinja(), facts).manifest;
}

/** What a user would read about the tree. */
export async function mistakesOf(tree: Tree, options?: ParseTreeOptions): Promise<string> {
  const { diagnostics } = await parseTree(tree, options);
  return sortDiagnostics(diagnostics)
    .map((d) => formatDiagnostic(d))
    .join("\n\n");
}
