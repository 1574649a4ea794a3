/**
 * Entries of property files that describe a node of another package, by its name alone: dbt looks in the entry's own
 * package first, and among all when that has no such node that is enabled.
 */
import { type Diagnostic, error } from "../diagnostics/diagnostic.ts";
import type { NodeProperties, Package, Properties } from "../project/types.ts";
import type { FileNode } from "./nodes.ts";

export interface ParsedPackage {
  readonly pkg: Package;
  readonly nodes: readonly FileNode[];
}

type Refable = Extract<FileNode, { kind: "model" | "seed" | "snapshot" }>;
const SECTIONS = { model: "models", seed: "seeds", snapshot: "snapshots" } as const;
export type Described = Pick<Properties, "models" | "seeds" | "snapshots">;

export interface Adoption {
  /** The package whose file has the entry. */
  readonly from: Package;
  readonly entry: NodeProperties;
  readonly node: Refable;
  /** The entry stands in the section of the node's kind; of others only the tests are heeded. */
  readonly fits: boolean;
}

/** One for each entry whose package has no enabled node of that name, and exactly one other package has. */
export function findAdoptions(parsed: readonly ParsedPackage[]): { adoptions: Adoption[]; diagnostics: Diagnostic[] } {
  const adoptions: Adoption[] = [];
  const diagnostics: Diagnostic[] = [];
  let nodes: Map<string, Refable[]> | undefined;
  for (const { pkg } of parsed) {
    for (const kind of ["model", "seed", "snapshot"] as const) {
      for (const entry of pkg.properties[SECTIONS[kind]]) {
        // Versions are described where their files are, and a snapshot written in YAML is described by itself.
        if (entry.version || entry.relation) continue;
        nodes ??= enabledByName(parsed);
        const named = nodes.get(entry.name) ?? [];
        if (named.length === 0 || named.some((node) => node.package === pkg.name)) continue;
        const [node] = named;
        if (node && named.length === 1) adoptions.push({ from: pkg, entry, node, fits: node.kind === kind });
        else diagnostics.push(ambiguous(entry, named));
      }
    }
  }
  return { adoptions, diagnostics };
}

/** What packages are described by beside their own files. */
export function adoptedBy(adoptions: readonly Adoption[], pkg: Package): Described | undefined {
  const own = adoptions.filter(({ node, fits }) => fits && node.package === pkg.name);
  const of = (kind: Refable["kind"]) =>
    own.filter(({ node }) => node.kind === kind).map(({ from, entry }) => ({ ...entry, from: from.name }));
  return own.length === 0 ? undefined : { models: of("model"), seeds: of("seed"), snapshots: of("snapshot") };
}

function enabledByName(parsed: readonly ParsedPackage[]): Map<string, Refable[]> {
  const found = new Map<string, Refable[]>();
  for (const { nodes } of parsed) {
    for (const node of nodes) {
      if (node.kind === "test" || node.kind === "analysis" || !node.config.enabled) continue;
      if (node.kind === "model" && node.version !== undefined) continue;
      const same = found.get(node.name);
      if (same) same.push(node);
      else found.set(node.name, [node]);
    }
  }
  return found;
}

const ambiguous = ({ name, at }: NodeProperties, nodes: readonly Refable[]): Diagnostic =>
  error(
    "properties-ambiguous",
    `"${name}" is a name in ${nodes.length} packages, and it is unclear which is meant.`,
    at,
    [
      ...nodes.map((node) => ({ message: `one is the ${node.kind} of ${node.package}`, at: node.at })),
      "describe it in a file of its own package",
    ],
  );
