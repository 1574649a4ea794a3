/** What can be done with an open project besides building it. */
import { didYouMean } from "./lib/nearest.ts";
import type { MacroNode, MacroSet } from "./context/macros.ts";
import { error, Failure } from "./diagnostics/diagnostic.ts";
import type { RunRequest, Sluice } from "./engine.ts";
import { describeRelations, type DescribedRelation } from "./execute/catalog.ts";
import { cloneRelations, type CloneResult } from "./execute/clone.ts";
import type { FreshnessResult, RunEvent } from "./execute/events.ts";
import { checkFreshness, isDated } from "./execute/freshness.ts";
import { runProjectHooks } from "./execute/hooks.ts";
import type { Selection } from "./graph/select.ts";
import type { PreviousManifest } from "./graph/state.ts";
import type { NodeId } from "./parse/manifest.ts";
import type { Mapping } from "./project/types.ts";

export interface FreshnessRun {
  readonly results: readonly FreshnessResult[];
  readonly seconds: number;
  /** Nothing is too old, and nothing failed. */
  readonly ok: boolean;
}

/** Stands in, for each node selected that is not there, a view of what another run built. Throws `Failure`. */
export async function clone(
  sluice: Sluice,
  selection: Selection,
  from: PreviousManifest,
  fullRefresh: boolean,
): Promise<CloneResult[]> {
  const resources = [...selection].map((id) => sluice.graph.resource(id));
  const database = await sluice.connections.pool();
  return cloneRelations(database, resources, { from, fullRefresh });
}

/** Calls a macro (`name`, or `package.name`) on a session of its own. Throws `Failure`. */
export async function runOperation(
  sluice: Sluice,
  name: string,
  args: Mapping,
  onEvent: (event: RunEvent) => void = () => {},
): Promise<MacroNode> {
  const macro = findOperation(sluice.macros, sluice.project.name, name);
  const compiler = sluice.compiler(await sluice.plan({ selection: new Set() }), onEvent);
  await sluice.connections.ask((session) => {
    session.comment = compiler.comments.of({ connection: `macro_${macro.name}` });
    return compiler.callMacro(macro, args, (sql) => session.queryText(sql));
  }, macro.at);
  return macro;
}

/** Any SQL with the names of the project, run for what it does. Throws `Failure`. */
export async function runInline(sluice: Sluice, sql: string): Promise<void> {
  const compiled = await sluice.compileInline(sql);
  await sluice.connections.ask((session) => session.query(compiled.sql), undefined, compiled);
}

/** How old the newest rows of sources are; those that promise nothing are left out. */
export async function freshness(
  sluice: Sluice,
  selection: Selection,
  { onEvent = () => {}, signal }: RunRequest = {},
): Promise<FreshnessRun> {
  const started = performance.now();
  const compiler = sluice.compiler(await sluice.plan({ selection: new Set() }, signal), onEvent);
  const chosen = [...selection].map((id) => sluice.graph.resource(id));
  const sources = chosen.filter((r) => r.kind === "source").filter(isDated);
  const input = { database: await sluice.connections.pool(signal), compiler, emit: onEvent, ...(signal && { signal }) };
  const hooks = sluice.project.packages[0]?.config.flags["source_freshness_run_project_hooks"] === false;
  const around = async (which: "onRunStart" | "onRunEnd"): Promise<boolean> =>
    hooks || sources.length === 0 || (await runProjectHooks(sluice.manifest[which], input, new Map(), onEvent)).ok;
  if (!(await around("onRunStart"))) return { results: [], seconds: 0, ok: false };
  const results = await checkFreshness({ sources, ...input });
  const ok = await around("onRunEnd");
  const failed = results.some(({ status }) => status === "error" || status === "runtime error");
  return { results, seconds: (performance.now() - started) / 1000, ok: ok && !failed };
}

/** The relations of resources as the database holds them; what is not there is left out. Throws `Failure`. */
export function describe(sluice: Sluice, selection: Selection): Promise<Map<NodeId, DescribedRelation>> {
  const resources = [...selection].map((id) => sluice.graph.resource(id));
  const { database } = sluice.project.target.connection;
  return sluice.connections.ask((session) => describeRelations(session, database, resources));
}

function findOperation(macros: MacroSet, root: string, name: string): MacroNode {
  const [first = "", second] = name.split(".", 2);
  const found = second === undefined ? macros.find(first, root) : macros.inPackage(first, second);
  if (found) return found;
  const notes = [...didYouMean(name, macros.names()), "a macro is a {% macro … %} block below macros/"];
  throw new Failure(error("macro-not-found", `No macro named "${name}".`, undefined, notes));
}
