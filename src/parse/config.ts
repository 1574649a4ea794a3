/** Merging of configuration, as dbt: defaults < own dbt_project.yml < property YAML < config() < the root's dbt_project.yml. */
import type { Span } from "../diagnostics/diagnostic.ts";
import type { Hook, Mapping, Package, ProjectConfig, Value } from "../project/types.ts";
import { unrendered, write, writtenAt } from "../project/written.ts";
import type { NodeConfig } from "./manifest.ts";

export type ConfigSection = keyof ProjectConfig["configs"];

/** Lists that grow from layer to layer. */
const APPENDED = new Set(["tags", "packages", "pre_hook", "post_hook"]);
/** Mappings whose keys are merged from layer to layer. */
const MERGED = new Set(["meta", "docs", "quoting", "column_types", "contract", "persist_docs"]);

/** One layer over another. Keys are dbt's; `pre-hook` is `pre_hook`, which wins where YAML has both. */
export function mergeConfig(base: Mapping, layer: Mapping): Mapping {
  const merged: Mapping = { ...base };
  for (const [written, value] of Object.entries(layer)) {
    const key = written === "pre-hook" || written === "post-hook" ? written.replace("-", "_") : written;
    if (key !== written && Object.hasOwn(layer, key)) continue;
    if (APPENDED.has(key)) merged[key] = [...list(merged[key]), ...list(value)];
    else if (MERGED.has(key) && isMapping(value) && isMapping(merged[key])) merged[key] = { ...merged[key], ...value };
    else if (key === "grants" && isMapping(value)) merged[key] = mergeGrants(merged[key], value);
    else merged[key] = value;
  }
  return merged;
}

/** `+select: [a]` adds to the layers below, `select: [a]` replaces. */
function mergeGrants(base: Value | undefined, layer: Mapping): Mapping {
  const merged: Mapping = isMapping(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(layer)) {
    const privilege = key.replace(/^\+/, "");
    merged[privilege] = key.startsWith("+") ? [...list(merged[privilege]), ...list(value)] : list(value);
  }
  return merged;
}

/** The layers of one section of `dbt_project.yml` that apply to an fqn, outermost first. */
export function projectLayers(config: ProjectConfig, section: ConfigSection, fqn: readonly string[]): Mapping[] {
  const layers: Mapping[] = [];
  let level: Value | undefined = config.configs[section];
  for (const part of [undefined, ...fqn]) {
    if (part !== undefined) level = isMapping(level) ? level[part] : undefined;
    if (!isMapping(level)) break;
    const layer: Mapping = {};
    for (const [key, value] of Object.entries(level)) {
      const name = key.startsWith("+") ? key.slice(1).trim() : isMapping(value) ? undefined : key;
      if (name === undefined) continue;
      layer[name] = value;
      const written = writtenAt(level, key);
      if (written?.unrendered !== undefined) write(layer, name, written);
    }
    layers.push(layer);
  }
  return layers;
}

export interface ConfigSources {
  readonly section: ConfigSection;
  readonly fqn: readonly string[];
  readonly package: Package;
  readonly root: Package;
  readonly defaults: Mapping;
  /** From the property file. */
  readonly properties?: Mapping;
  /** From `config()` calls, in order. */
  readonly inFile?: readonly Mapping[];
}

export function effectiveConfig(sources: ConfigSources): Mapping {
  return layersOf(sources).reduce(mergeConfig, sources.defaults);
}

/**
 * As dbt's unrendered configuration: later layers replace the keys of earlier ones, Jinja stands as it was written, and
 * defaults are not among them.
 */
export const writtenConfig = (sources: Omit<ConfigSources, "defaults">): Mapping =>
  Object.assign({}, ...layersOf(sources).map(withoutRendering)) as Mapping;

/** A layer's own mapping may know no places where its values do. */
const withoutRendering = (layer: Mapping): Mapping =>
  Object.fromEntries(
    Object.entries(layer).map(([key, value]) => [key, writtenAt(layer, key)?.unrendered ?? unrendered(value)]),
  );

function layersOf(sources: Omit<ConfigSources, "defaults">): Mapping[] {
  const { section, fqn } = sources;
  return [
    ...projectLayers(sources.package.config, section, fqn),
    sources.properties ?? {},
    ...(sources.inFile ?? []),
    ...(sources.package === sources.root ? [] : projectLayers(sources.root.config, section, fqn)),
  ];
}

export function nodeConfig(merged: Mapping, at: Span): NodeConfig {
  const tags = [...new Set(list(merged["tags"]).map(String))];
  const { pre_hook, post_hook, ...all } = merged;
  const before = list(pre_hook).map((hook) => hookOf(hook, at));
  const after = list(post_hook).map((hook) => hookOf(hook, at));
  return {
    enabled: all["enabled"] !== false,
    materialized: String(all["materialized"] ?? "view"),
    tags,
    meta: isMapping(all["meta"]) ? all["meta"] : {},
    pre_hook: before,
    post_hook: after,
    all: {
      ...all,
      tags,
      ...(pre_hook === undefined ? {} : { "pre-hook": before.map(asConfig) }),
      ...(post_hook === undefined ? {} : { "post-hook": after.map(asConfig) }),
    },
  };
}

/** A hook under dbt's key and in its shape. */
const asConfig = ({ sql, transaction }: Hook): Mapping => ({ sql, transaction, index: null });

/** Hooks are text or `{sql, transaction}`; dbt's `before_begin()` and `after_commit()` give the latter as JSON text. */
function hookOf(value: Value, at: Span): Hook {
  const parsed = typeof value === "string" && value.trimStart().startsWith("{") ? jsonHook(value) : value;
  if (isMapping(parsed)) return { sql: String(parsed["sql"] ?? ""), transaction: parsed["transaction"] !== false, at };
  return { sql: String(parsed ?? ""), transaction: true, at };
}

function jsonHook(text: string): Value {
  try {
    const parsed = JSON.parse(text) as Value;
    return isMapping(parsed) && "sql" in parsed ? parsed : text;
  } catch {
    return text;
  }
}

export const list = (value: Value | undefined): Value[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);
