/** Two manifests side by side: what dbt and we say of the same node. */
type Dictionary = Readonly<Record<string, unknown>>;
type Section = Readonly<Record<string, Dictionary>>;

const KEYS = [
  "name",
  "resource_type",
  "package_name",
  "path",
  "original_file_path",
  "fqn",
  "alias",
  "schema",
  "identifier",
  "source_name",
  "relation_name",
  "description",
  "tags",
  "raw_code",
  "column_name",
  "attached_node",
  "test_metadata",
  "refs",
  "sources",
  "access",
  "primary_key",
];

/** One line for each key that is not the same. */
export function nodeDifferences(theirs: Dictionary, ours: Dictionary): string[] {
  const told: string[] = [];
  const check = (key: string, a: unknown, b: unknown): void => {
    const [there, now] = [canonical(a, key), canonical(b, key)];
    if (there !== now) told.push(`${key}: dbt ${excerpt(there, now)}, sluice ${excerpt(now, there)}`);
  };
  for (const key of KEYS) {
    const shown = key === "relation_name" ? bare : asWritten;
    if (key in theirs) check(key, shown(theirs[key]), shown(ours[key]));
  }
  const [dependsOn, own] = [theirs["depends_on"] as Edges | undefined, ours["depends_on"] as Edges | undefined];
  check("depends_on.nodes", dependsOn?.nodes?.toSorted(), own?.nodes?.toSorted());
  check("depends_on.macros", ofProjects(dependsOn), ofProjects(own));
  const [config, ownConfig] = [theirs["config"] as Dictionary, ours["config"] as Dictionary];
  for (const key of Object.keys(config)) check(`config.${key}`, config[key], ownConfig[key]);
  const described = (one: Dictionary): unknown =>
    Object.entries((one["columns"] ?? {}) as Section).map(([name, c]) => [name, c["description"], c["data_type"]]);
  check("columns", described(theirs), described(ours));
  return told;
}

/** Where two texts begin to differ. */
function excerpt(text: string, other: string): string {
  const at = [...text].findIndex((character, i) => other[i] !== character);
  const from = Math.max(0, at - 40);
  return text.length < 200 ? text : `…${text.slice(from, at + 120)}…`;
}

const asWritten = (value: unknown): unknown => value;

/** Where quoting: is off, dbt writes names bare; ours are quoted as Postgres reads them. */
const bare = (value: unknown): unknown => (typeof value === "string" ? value.replaceAll('"', "") : value);

interface Edges {
  readonly nodes?: readonly string[];
  readonly macros?: readonly string[];
}

/** dbt's own macros are other ones here. */
const ofProjects = (edges: Edges | undefined): string[] =>
  (edges?.macros ?? []).filter((id) => !/^macro\.dbt(_postgres)?\./.test(id)).toSorted();

/** Keys in order; lists that stand for sets sorted. */
function canonical(value: unknown, key = ""): string {
  const sorted = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(sorted);
    if (typeof one !== "object" || one === null) return one ?? null;
    return Object.fromEntries(
      Object.entries(one)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, sorted(item)]),
    );
  };
  const isSet = Array.isArray(value) && ["tags", "config.tags", "primary_key", "refs", "sources"].includes(key);
  if (!isSet) return JSON.stringify(sorted(value));
  return JSON.stringify([...new Set(value.map((one) => JSON.stringify(sorted(one))))].toSorted());
}
