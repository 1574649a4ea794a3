/** Configuration in `dbt_project.yml` that nothing obeys: folders that hold nothing, keys that are misspelt. */
import { type Diagnostic, warning } from "../diagnostics/diagnostic.ts";
import { didYouMean, nearest } from "../lib/nearest.ts";
import type { Mapping, Package } from "../project/types.ts";
import { keySpan } from "../project/written.ts";
import { type ConfigSection, isMapping } from "./config.ts";
import type { Resource } from "./manifest.ts";

/** Sections by what stands in them. Test paths are names of tests, which few know: they are left alone. */
const SECTIONS: readonly [ConfigSection, readonly Resource["kind"][]][] = [
  ["models", ["model", "analysis"]],
  ["seeds", ["seed"]],
  ["snapshots", ["snapshot"]],
  ["functions", ["function"]],
];

/** Keys worth a guess when something close to them is found. Any other key may be the project's own. */
const KNOWN = [
  "enabled",
  "materialized",
  "schema",
  "database",
  "alias",
  "tags",
  "meta",
  "grants",
  "indexes",
  "unique_key",
  "incremental_strategy",
  "on_schema_change",
  "full_refresh",
  "persist_docs",
  "pre-hook",
  "post-hook",
  "column_types",
  "quote_columns",
  "delimiter",
  "strategy",
  "updated_at",
  "check_cols",
  "contract",
  "volatility",
];

export function unusedConfig(pkg: Package, resources: readonly Resource[]): Diagnostic[] {
  return SECTIONS.flatMap(([section, kinds]) => {
    const fqns = resources.filter((r) => kinds.includes(r.kind)).map((r) => r.fqn);
    return unusedBelow(pkg, section, pkg.config.configs[section], [], fqns);
  });
}

function unusedBelow(
  pkg: Package,
  section: ConfigSection,
  level: Mapping,
  path: readonly string[],
  fqns: readonly (readonly string[])[],
): Diagnostic[] {
  return Object.entries(level).flatMap(([key, value]) => {
    const at = keySpan(level, key) ?? pkg.config.locate([section, ...path, key]);
    const isFolder = !key.startsWith("+") && isMapping(value);
    if (!isFolder) {
      const bare = key.replace(/^\+/, "");
      const [meant] = KNOWN.includes(bare.replace("_hook", "-hook")) ? [] : nearest(bare, KNOWN, 1);
      // Only one letter or so away: what is further may be a name the project's macros read.
      if (meant === undefined || Math.abs(meant.length - bare.length) > 1 || bare.length < 5) return [];
      return [
        warning("config-key-unknown", `No config is called "${bare}"; it has no effect.`, at, [
          `did you mean "${meant}"?`,
        ]),
      ];
    }
    const inside = fqns.filter((fqn) => fqn[path.length] === key);
    if (inside.length > 0) return unusedBelow(pkg, section, value, [...path, key], inside);
    const there = new Set(fqns.map((fqn) => fqn[path.length] ?? ""));
    const message = `There are no ${section} below "${[...path, key].join(".")}", so this configures nothing.`;
    const notes = KNOWN.includes(key)
      ? [`write  +${key}:  without the plus, a mapping is taken for a folder`]
      : didYouMean(key, there);
    return [warning("config-path-unused", message, at, notes)];
  });
}
