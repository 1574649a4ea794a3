/** `state:`: this project beside the manifest of another time or place, compared as dbt compares them. */
import type { Manifest, NodeId } from "../parse/manifest.ts";
import { resourceDictionary } from "../parse/resource-dictionary.ts";
import type { StateForSelection } from "./methods.ts";

type Dictionary = Readonly<Record<string, unknown>>;

/** What is read of another `manifest.json`. */
export interface PreviousManifest {
  readonly nodes: Readonly<Record<string, Dictionary>>;
  readonly sources: Readonly<Record<string, Dictionary>>;
  readonly exposures: Readonly<Record<string, Dictionary>>;
  readonly unit_tests?: Readonly<Record<string, Dictionary>>;
  readonly functions?: Readonly<Record<string, Dictionary>>;
  readonly macros: Readonly<Record<string, Dictionary>>;
}

/** The macros of this project by id: their text, and what they call. */
export type PresentMacros = ReadonlyMap<string, { readonly text: string; readonly calls: readonly string[] }>;

const KINDS = [
  "new",
  "old",
  "modified",
  "unmodified",
  "modified.body",
  "modified.configs",
  "modified.persisted_descriptions",
  "modified.relation",
  "modified.macros",
  "modified.contract",
] as const;

/** `macros` is asked for when something depends on them. */
export function compareState(
  manifest: Manifest,
  macros: () => PresentMacros,
  previous: PreviousManifest,
): StateForSelection {
  const comparison = new Comparison(manifest, macros, previous);
  return {
    is: (id, what) => {
      const kind = KINDS.find((one) => one === what);
      return kind && comparison.is(id, kind);
    },
    kinds: KINDS,
  };
}

class Comparison {
  readonly #manifest: Manifest;
  readonly #macros: () => PresentMacros;
  readonly #previous: PreviousManifest;
  readonly #known = new Map<NodeId, Dictionary>();
  #changedMacros: ReadonlySet<string> | undefined;

  constructor(manifest: Manifest, macros: () => PresentMacros, previous: PreviousManifest) {
    this.#manifest = manifest;
    this.#macros = macros;
    this.#previous = previous;
  }

  is(id: NodeId, kind: (typeof KINDS)[number]): boolean {
    const { nodes, sources, exposures, unit_tests: units, functions } = this.#previous;
    const old = nodes[id] ?? sources[id] ?? exposures[id] ?? units?.[id] ?? functions?.[id];
    switch (kind) {
      case "new":
        return old === undefined;
      case "old":
        return old !== undefined;
      case "modified.macros":
        return this.#callsChangedMacro(this.#present(id));
      case "modified":
        return this.#isModified(id, old);
      case "unmodified":
        return !this.#isModified(id, old);
      default: {
        const now = this.#present(id);
        const parts = isNode(now) ? NODE_PARTS : now["resource_type"] === "source" ? SOURCE_PARTS : {};
        const isSame = parts[kind.slice("modified.".length)];
        return isSame !== undefined && (old === undefined || !isSame(now, old));
      }
    }
  }

  #isModified(id: NodeId, old: Dictionary | undefined): boolean {
    const now = this.#present(id);
    return old === undefined || !sameContents(now, old) || this.#callsChangedMacro(now);
  }

  #present(id: NodeId): Dictionary {
    let known = this.#known.get(id);
    if (!known) {
      const { nodes, sources, exposures } = this.#manifest;
      const resource = nodes.get(id) ?? sources.get(id) ?? exposures.get(id);
      if (!resource) throw new Error(`Internal error: ${id} is not in the manifest`);
      this.#known.set(id, (known = resourceDictionary(resource)));
    }
    return known;
  }

  #callsChangedMacro(now: Dictionary): boolean {
    const waiting = [...macrosOf(now)];
    if (waiting.length === 0) return false;
    const present = this.#macros();
    const changed = (this.#changedMacros ??= changedMacros(present, this.#previous.macros));
    if (changed.size === 0) return false;
    const seen = new Set<string>();
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (changed.has(id)) return true;
      waiting.push(...(present.get(id)?.calls ?? []));
    }
    return false;
  }
}

const isOurs = (id: string): boolean => !/^macro\.dbt(_postgres)?\./.test(id);

/** dbt's own macros are other ones here: only those of the project and its packages say something. */
function changedMacros(present: PresentMacros, old: PreviousManifest["macros"]): Set<string> {
  const ids = new Set([...present.keys(), ...Object.keys(old)].filter(isOurs));
  return new Set([...ids].filter((id) => present.get(id)?.text.trim() !== (old[id]?.["macro_sql"] as string)?.trim()));
}

const macrosOf = (now: Dictionary): string[] => (now["depends_on"] as { macros?: string[] } | undefined)?.macros ?? [];

const isNode = (now: Dictionary): boolean =>
  !["source", "exposure", "unit_test"].includes(String(now["resource_type"]));

type Same = (now: Dictionary, old: Dictionary) => boolean;

const same =
  (...keys: readonly string[]): Same =>
  (now, old) =>
    keys.every((key) => equal(now[key], old[key]));

/** Equal but for the order of keys. */
function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal((a as Dictionary)[key], (b as Dictionary)[key]));
}

const dictionary = (value: unknown): Dictionary =>
  typeof value === "object" && value !== null ? (value as Dictionary) : {};

/** Not part of a comparison of configurations: where a node stands, and what only groups it. */
const NOT_COMPARED = new Set(["alias", "schema", "database", "tags", "group"]);

/**
 * A configuration that is written the same is the same, whatever the target made of it; and so is one that means the same.
 */
const sameConfig: Same = (now, old) => {
  const [written, writtenThen] = [dictionary(now["unrendered_config"]), dictionary(old["unrendered_config"])];
  const [config, configThen] = [dictionary(now["config"]), dictionary(old["config"])];
  const keys = new Set([...Object.keys(config), ...Object.keys(written), ...Object.keys(writtenThen)]);
  return [...keys].every(
    (key) =>
      NOT_COMPARED.has(key) ||
      equal(config[key], configThen[key]) ||
      (Object.hasOwn(written, key) && equal(written[key], writtenThen[key])),
  );
};

const sameRelation: Same = (now, old) => {
  const [written, writtenThen] = [dictionary(now["unrendered_config"]), dictionary(old["unrendered_config"])];
  const [config, configThen] = [dictionary(now["config"]), dictionary(old["config"])];
  return ["database", "schema", "alias"].every(
    (key) => equal(written[key], writtenThen[key]) || (key in written && equal(config[key], configThen[key])),
  );
};

const sameBody: Same = (now, old) =>
  now["resource_type"] === "seed" ? equal(now["checksum"], old["checksum"]) : now["raw_code"] === old["raw_code"];

const samePersisted: Same = (now, old) => {
  const persisted = dictionary(dictionary(now["config"])["persist_docs"]);
  if (persisted["relation"] === true && now["description"] !== old["description"]) return false;
  if (persisted["columns"] !== true) return true;
  const told = (one: Dictionary): Dictionary =>
    Object.fromEntries(
      Object.entries(dictionary(one["columns"])).map(([name, c]) => [name, dictionary(c)["description"]]),
    );
  return equal(told(now), told(old));
};

/** Only a model that promises something, or did, can break a promise. */
const sameContract: Same = (now, old) => {
  if (now["resource_type"] !== "model") return true;
  const [contract, contractThen] = [dictionary(now["contract"]), dictionary(old["contract"])];
  if (contract["enforced"] !== true && contractThen["enforced"] !== true) return true;
  return contract["enforced"] === contractThen["enforced"] && contract["checksum"] === contractThen["checksum"];
};

const NODE_PARTS: Readonly<Record<string, Same>> = {
  body: sameBody,
  configs: sameConfig,
  persisted_descriptions: samePersisted,
  relation: sameRelation,
  contract: sameContract,
};

const SOURCE_PARTS: Readonly<Record<string, Same>> = {
  configs: sameConfig,
  relation: same("unrendered_database", "unrendered_schema", "identifier"),
};

const EXPOSURE = same("fqn", "type", "owner", "maturity", "url", "description", "label", "unrendered_config");

function sameContents(now: Dictionary, old: Dictionary): boolean {
  switch (now["resource_type"]) {
    case "source":
      return (
        SOURCE_PARTS["relation"]!(now, old) &&
        sameConfig(now, old) &&
        same("fqn", "quoting", "freshness", "external")(now, old)
      );
    case "exposure":
      return EXPOSURE(now, old) && equal(sorted(now), sorted(old));
    case "unit_test":
      return same("checksum", "fqn")(now, old);
    default:
      if (dictionary(now["test_metadata"])["name"] !== undefined) return sameConfig(now, old) && same("fqn")(now, old);
      if (now["resource_type"] === "function" && !sameSignature(now, old)) return false;
      return same("fqn")(now, old) && Object.values(NODE_PARTS).every((isSame) => isSame(now, old));
  }
}

/** And its overloads' bodies; what is said of them does not count. */
function sameSignature(now: Dictionary, old: Dictionary): boolean {
  const overloads = (of: Dictionary): unknown[] =>
    (Array.isArray(of["overloads"]) ? of["overloads"] : []).map((one: unknown) => {
      const { defined_in, arguments: args, returns, raw_body } = dictionary(one);
      return [defined_in, args, returns ?? null, raw_body];
    });
  return same("arguments", "returns")(now, old) && equal(overloads(now), overloads(old));
}

const sorted = (one: Dictionary): unknown[] => {
  const nodes = dictionary(one["depends_on"])["nodes"];
  return Array.isArray(nodes) ? nodes.toSorted() : [];
};
