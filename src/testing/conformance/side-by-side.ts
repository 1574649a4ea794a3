/** One project built by our CLI, and by a real dbt where there is one: results, relations and rows must be the same. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestDatabase } from "../server.ts";
import type { Kit } from "./kit.ts";
import { writeProfile } from "./profile.ts";
import { differences } from "./relations.ts";
import { type Case, judged } from "./suite.ts";

export interface Project {
  /** How cases are called. */
  readonly name: string;
  /** Of dbt_project.yml. */
  readonly folder: string;
  readonly profile: string;
  readonly schema?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Relations whose rows are random, or tell when they were built. */
  readonly changing?: readonly string[];
  /** Tests of such rows: that they ran is all that can be compared. */
  readonly changingTests?: RegExp;
  /** After `build`. */
  readonly args?: readonly string[];
}

/** What fails in dbt must fail here: not every project is green on Postgres. */
export async function* sideBySide(kit: Kit, project: Project): AsyncIterable<Case> {
  const ours = await build(kit, kit.sluice, project);
  if (!kit.hasDbt) {
    for (const [id, status] of ours.statuses)
      yield judged(`${project.name}: ${id}`, status === "error" || status === "fail" ? status : undefined);
    if (ours.statuses.size === 0) yield judged(`${project.name}: build`, ours.log);
    return;
  }
  const theirs = await build(kit, kit.dbt, project);
  for (const id of new Set([...theirs.statuses.keys(), ...ours.statuses.keys()])) {
    if (project.changingTests?.test(id) && theirs.statuses.has(id) && ours.statuses.has(id)) continue;
    const [there, here] = [theirs.statuses.get(id), ours.statuses.get(id)];
    yield judged(
      `${project.name}: ${id}`,
      there === here ? undefined : `dbt ${there ?? "has none"}, sluice ${here ?? "has none"}`,
    );
  }
  // Where something fails nothing is published: what dbt left behind is compared with what is built where it stands.
  const passed = ![...ours.statuses.values()].some((status) => status === "error" || status === "fail");
  const shown = passed
    ? ours
    : await build(kit, kit.sluice, { ...project, args: [...(project.args ?? []), "--direct"] });
  const found = await differences(theirs.database, shown.database, project.changing);
  yield judged(`${project.name}: relations`, found.length > 0 ? found.slice(0, 10).join("; ") : undefined);
}

interface Built {
  readonly database: TestDatabase;
  /** By unique id. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly log: string;
}

async function build(kit: Kit, tool: Kit["sluice"], project: Project): Promise<Built> {
  const { folder, profile, schema, env, args = [] } = project;
  const database = await kit.database();
  const profiles = join(kit.scratch, database.connection.database);
  await writeProfile(profiles, database, { name: profile, ...(schema !== undefined && { schema }) });
  const { all } = await tool(["build", "--profiles-dir", profiles, ...args], { cwd: folder, ...(env && { env }) });
  const written = await readFile(join(folder, "target", "run_results.json"), "utf8").catch(() => undefined);
  if (written === undefined) throw new Error(`no run_results.json was written:\n${all}`);
  const { results } = JSON.parse(written) as { results: { unique_id: string; status: string }[] };
  await rm(join(folder, "target"), { recursive: true });
  return { database, statuses: new Map(results.map((r) => [r.unique_id, r.status])), log: all };
}
