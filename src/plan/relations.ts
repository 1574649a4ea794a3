/**
 * Where each node is built and where it is read. A model never knows: direct runs, publishing, `--empty` and unit-test
 * fixtures are ways to fill this table, not code paths.
 */
import type { Graph } from "../graph/graph.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import type { Aside } from "./standing-sql.ts";

export interface Relations {
  writeTo(id: NodeId): RelationName;
  readFrom(id: NodeId): RelationName;
  /** Where users find it, in the end. */
  published(id: NodeId): RelationName;
  /** Where the relation stands that will be published under this name; the name itself where none is staged. */
  standing(name: RelationName): RelationName;
  /** All that is read elsewhere than under its own name. */
  aside(): readonly Aside[];
  /** What a foreign key to this published name can refer to for now. */
  table(name: RelationName): KeyedTable;
}

export interface KeyedTable {
  readonly at: RelationName;
  /** The table stays, and its new rows come with the publication: a key to it holds only then. */
  readonly pending: boolean;
}

export function relationOf(resource: Resource): RelationName {
  if (resource.kind === "source") {
    return { database: resource.database, schema: resource.schema, identifier: resource.identifier };
  }
  if (resource.kind === "exposure") throw new Error(`Internal error: ${resource.id} is no relation`);
  return { database: resource.database, schema: resource.schema, identifier: resource.alias };
}

const named = (at: RelationName): KeyedTable => ({ at, pending: false });

/** What is written is what is read. */
export function directRelations(graph: Graph): Relations {
  const at = (id: NodeId): RelationName => relationOf(graph.resource(id));
  return { writeTo: at, readFrom: at, published: at, standing: (name) => name, aside: () => [], table: named };
}

/**
 * What is built is built out of sight, and read there by the tests and models after it. What this run did not build,
 * or built to the same content, is read where it is published.
 */
export class StagedRelations implements Relations {
  readonly #graph: Graph;
  readonly #outOfSight: Set<NodeId>;
  readonly #staged = new Set<NodeId>();
  readonly #aside = new Map<string, Aside>();
  /** Of these: what will be added to the table that stands published. */
  readonly #deltas = new Set<string>();

  /** `outOfSight`: nodes whose build writes there; the others write where they are published (loads, deltas). */
  constructor(graph: Graph, outOfSight: ReadonlySet<NodeId>) {
    this.#graph = graph;
    this.#outOfSight = new Set(outOfSight);
  }

  published(id: NodeId): RelationName {
    return relationOf(this.#graph.resource(id));
  }

  writeTo(id: NodeId): RelationName {
    return this.#outOfSight.has(id) ? nextOf(this.published(id)) : this.published(id);
  }

  readFrom(id: NodeId): RelationName {
    return this.#staged.has(id) ? nextOf(this.published(id)) : this.published(id);
  }

  isStaged(id: NodeId): boolean {
    return this.#staged.has(id);
  }

  /** What was to be a delta is a copy after all. */
  turnAside(id: NodeId): void {
    this.#outOfSight.add(id);
  }

  /** From now on the node is read where it was staged; `delta`: by a view. */
  stage(id: NodeId, delta: boolean): void {
    const published = this.published(id);
    const isFunction = this.#graph.resource(id).kind === "function";
    this.#staged.add(id);
    this.#aside.set(isFunction ? id : quote(published), { published, at: nextOf(published), isFunction });
    if (delta) this.#deltas.add(quote(published));
  }

  /** From now on everything is read where it is published: the end has come, whatever it was. */
  conclude(): void {
    this.#outOfSight.clear();
    this.#staged.clear();
    this.#aside.clear();
    this.#deltas.clear();
  }

  standing(name: RelationName): RelationName {
    return this.#aside.get(quote(name))?.at ?? name;
  }

  aside(): readonly Aside[] {
    return [...this.#aside.values()];
  }

  table(name: RelationName): KeyedTable {
    const pending = this.#deltas.has(quote(name));
    return pending ? { at: name, pending } : named(this.#aside.get(quote(name))?.at ?? name);
  }
}
