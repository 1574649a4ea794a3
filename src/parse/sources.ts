/** Source tables and exposures. */
import type { Mapping, Package, SourceProperties } from "../project/types.ts";
import { effectiveConfig, isMapping, nodeConfig } from "./config.ts";
import { type ExposureNode, nodeId, type NodeId, type SourceNode } from "./manifest.ts";
import type { Panel } from "./dashboard.ts";
import type { RefCall, SourceCall } from "../context/phase.ts";
import { error } from "../diagnostics/diagnostic.ts";
import { readDashboard } from "./read-dashboard.ts";
import { describe, describeColumns, foldUnquoted, fqnOf, type ParseState } from "./state.ts";

export function parseSources(state: ParseState, pkg: Package): SourceNode[] {
  return pkg.properties.sources.map((source) => {
    const folders = [...pkg.config.paths.models, ...pkg.config.paths.seeds, ...pkg.config.paths.snapshots];
    const fqn = [...fqnOf(pkg.name, source.at.file.path, folders, source.source), source.name];
    const all = effectiveConfig({
      section: "sources",
      fqn,
      package: pkg,
      root: state.root,
      defaults: { enabled: true, tags: [], meta: {} },
      properties: { ...source.config, tags: [...source.tags], meta: { ...source.sourceMeta, ...source.meta } },
    });
    const config = nodeConfig(all, source.at);
    return {
      kind: "source",
      id: nodeId("source", pkg.name, source.source, source.name),
      name: source.name,
      package: pkg.name,
      fqn,
      tags: config.tags,
      meta: config.meta,
      ...describe(state, pkg.name, source.description, source.at),
      file: source.at.file,
      at: source.at,
      source,
      database: source.database ?? state.project.target.connection.database,
      ...foldUnquoted(state, source.quoting, source),
      ...filledBy(pkg, source),
      config,
      columns: describeColumns(state, pkg.name, source.columns),
    };
  });
}

/** The loader puts refused rows of a table beside it, in `<table>__rejected`. */
function filledBy(pkg: Package, rejected: SourceProperties): { filledBy?: NodeId } {
  const loaded = pkg.properties.sources.find(
    (s) => s.external && s.schema === rejected.schema && `${s.identifier}__rejected` === rejected.identifier,
  );
  return loaded ? { filledBy: nodeId("source", pkg.name, loaded.source, loaded.name) } : {};
}

export function parseExposures(state: ParseState, pkg: Package): ExposureNode[] {
  return pkg.properties.exposures.map((exposure) => {
    const fqn = fqnOf(pkg.name, exposure.at.file.path, pkg.config.paths.models, exposure.name);
    const properties: Mapping = { ...exposure.config, tags: [...exposure.tags], meta: exposure.meta };
    const all = effectiveConfig({
      section: "exposures",
      fqn,
      package: pkg,
      root: state.root,
      defaults: { enabled: true, tags: [], meta: {} },
      properties,
    });
    const config = nodeConfig(all, exposure.at);
    const refs: RefCall[] = [];
    const sourceCalls: SourceCall[] = [];
    for (const { text, at } of exposure.dependsOn) {
      const call = readCall(text);
      // Metrics are not there, on purpose; what names one is still read.
      if (!call && /^\s*metric\s*\(/.test(text)) continue;
      if (!call) {
        state.diagnostics.push(
          error("exposure-depends-on", `Expected ref('…') or source('…', '…'), found "${text}".`, at),
        );
      } else if (call.kind === "ref") refs.push(call.ref);
      else sourceCalls.push(call.source);
    }
    const described = describe(state, pkg.name, exposure.description, exposure.at);
    const { name, label, meta } = exposure;
    const dashboard =
      exposure.type === "dashboard" && config.enabled
        ? readDashboard({ name, label, description: described.description, meta }, exposure.at, state.diagnostics)
        : undefined;
    return {
      kind: "exposure",
      id: nodeId("exposure", pkg.name, exposure.name),
      name: exposure.name,
      package: pkg.name,
      fqn,
      tags: config.tags,
      meta: isMapping(all["meta"]) ? all["meta"] : {},
      ...described,
      file: exposure.at.file,
      at: exposure.at,
      exposure,
      dependsOn: [],
      config,
      ...(dashboard && { dashboard }),
      refs,
      sourceCalls,
    };
  });
}

const CALLS = /\b(?:ref|source)\s*\(([^()]*)\)/g;

/** The calls in a panel's SQL, as written, each once. */
export const callsIn = (sql: string): string[] => [...new Set([...sql.matchAll(CALLS)].map(([call]) => call))];

/** What a panel reads, by name: `orders`, and of sources `raw.orders`. */
export function namesRead({ reads }: Panel): string[] {
  if ("model" in reads) return [reads.model];
  const calls = callsIn(reads.sql).flatMap((text) => readCall(text) ?? []);
  return calls.map((call) => (call.kind === "ref" ? call.ref.name : `${call.source.source}.${call.source.name}`));
}

/** `ref('a')`, `ref('package', 'a')`, `source('s', 't')`: the calls that stand in YAML without braces. */
export function readCall(
  text: string,
): { kind: "ref"; ref: RefCall } | { kind: "source"; source: SourceCall } | undefined {
  const call = /^\s*(ref|source)\s*\(\s*(.*?)\s*\)\s*$/s.exec(text);
  if (!call) return undefined;
  const names = [...(call[2] ?? "").matchAll(/'([^']*)'|"([^"]*)"/g)].map((m) => m[1] ?? m[2] ?? "");
  const version = /\bv(?:ersion)?\s*=\s*([\w.]+)/.exec(call[2] ?? "")?.[1];
  const [first, second] = names;
  if (first === undefined) return undefined;
  if (call[1] === "source")
    return second === undefined ? undefined : { kind: "source", source: { source: first, name: second } };
  const versioned = version === undefined ? {} : { version };
  return {
    kind: "ref",
    ref: second === undefined ? { name: first, ...versioned } : { package: first, name: second, ...versioned },
  };
}
