/**
 * A shortcut: a command that found everything as it was needs not look again, as long as no file, variable or relation has
 * changed since. Whatever could give another answer by itself (clocks, hooks, templates that ask the database) has none.
 */
import { relative } from "node:path";
import type { Graph } from "../graph/graph.ts";
import { sha256 } from "../lib/hash.ts";
import type { Manifest, NodeId } from "../parse/manifest.ts";
import type { RunResult } from "./events.ts";

/** An environment that notes which of its variables are read. */
export function watchedEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly read: ReadonlySet<string>;
} {
  const read = new Set<string>();
  const note = (name: string | symbol): void => void (typeof name === "string" && read.add(name));
  const watched = new Proxy(env, {
    get: (target, name) => (note(name), Reflect.get(target, name) as string | undefined),
    has: (target, name) => (note(name), Reflect.has(target, name)),
  });
  return { env: watched, read };
}

export const environmentHash = (
  env: Readonly<Record<string, string | undefined>>,
  variables: readonly string[],
): string => sha256(JSON.stringify(variables.toSorted().map((name) => [name, env[name] ?? null])));

/** In templates: what is another value in the next run, or in the next year. */
const FLEETING =
  /run_started_at|invocation_id|thread_id|\b(now|utcnow|today|fromtimestamp)\s*\(|datetime\.now|\brandom\b|dbt_metadata_envs|sql_now/;

export interface RestInput {
  readonly root: string;
  readonly result: RunResult;
  readonly manifest: Manifest;
  readonly graph: Graph;
  /** Macros that nodes called, by node. */
  readonly calls: ReadonlyMap<NodeId, ReadonlySet<string>>;
}

/** Whether the next run of the same command would find the same, whenever it comes. */
export function isAtRest({ root, result, manifest, graph, calls }: RestInput): boolean {
  if (!result.steady || !result.ok || result.plan.mode !== "publish" || result.hooks.length > 0) return false;
  if (manifest.onRunStart.length + manifest.onRunEnd.length > 0) return false;
  const done = result.results.filter((r) => r.status !== "no-op");
  const isIdle = done.every((r) => r.reused === true || isUnchangedLoad(r.node, result, graph));
  if (!isIdle || done.length === 0) return false;
  const parts = [...manifest.nodes.values(), ...manifest.sources.values()];
  // What lies outside the project is not watched.
  if (parts.some(({ at }) => relative(root, at.file.absolute).startsWith(".."))) return false;
  const macros = new Set([...calls.values()].flatMap((ids) => [...ids]));
  const texts = [
    ...[...manifest.nodes.values()].flatMap((node) => [
      node.raw,
      ...(node.kind === "function" ? node.overloads.map(({ raw }) => raw) : []),
    ]),
    ...[...manifest.macros.values()]
      .filter((macro) => macros.has(macro.id) || macro.package === manifest.projectName)
      .map((macro) => macro.source),
  ];
  return !texts.some((text) => FLEETING.test(text));
}

/** Files that lie outside the project are not watched. */
function isUnchangedLoad(node: NodeId, { plan }: RunResult, graph: Graph): boolean {
  const resource = graph.resource(node);
  if (resource.kind !== "source") return false;
  const location = resource.source.external?.location ?? "..";
  const step = plan.steps.find((s) => s.node === node);
  return step?.reason.code === "files-unchanged" && !/^(\/|[A-Za-z]:|.*\.\.\/)/.test(location);
}
