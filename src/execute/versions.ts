/** The version of what nodes read: known for what we built or loaded, and for what the project says how to ask. */
import type { Graph } from "../graph/graph.ts";
import { sha256 } from "../lib/hash.ts";
import type { NodeId, Resource, SourceNode } from "../parse/manifest.ts";
import type { Held, ParentVersions } from "../plan/judge.ts";
import type { Relations } from "../plan/relations.ts";
import { namedRelations } from "../plan/sql-relations.ts";
import { calledNames } from "../plan/sql-text.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { nextOf } from "../postgres/sql/swap.ts";
import { loadedFiles } from "../state/ledger.ts";

/** What gives another answer without any data having changed, beside functions that Postgres calls volatile. */
const CLOCKS: ReadonlySet<string> = new Set(["now", "transaction_timestamp", "statement_timestamp", "age"]);
const CLOCK_WORDS =
  /\b(current_(date|time|timestamp|user|role|schema|catalog)|localtime|localtimestamp|session_user)\b/gi;
const RELATIVE_TIMES = /'(now|today|tomorrow|yesterday)'/gi;
/** They look into the catalog, which nobody watches. */
const LOOKS_ROUND = /^(has_|pg_|to_reg|current_|row_security|obj_description|col_description|txid_|inet_)/;

export class Versions {
  readonly #graph: Graph;
  readonly #held: ReadonlyMap<NodeId, Held>;
  readonly #relations: Relations;
  readonly #found = new Map<NodeId, string | null>();
  #volatile: Promise<ReadonlySet<string>> | undefined;

  constructor(graph: Graph, held: ReadonlyMap<NodeId, Held>, relations: Relations) {
    this.#graph = graph;
    this.#held = held;
    this.#relations = relations;
  }

  held(id: NodeId): Held | undefined {
    return this.#held.get(id);
  }

  /** What a step found out. Null: nobody can tell. */
  set(id: NodeId, version: string | null): void {
    this.#found.set(id, version);
  }

  /** Of everything that a node reads, through ephemeral models; and of the clocks it looks at, and what it reads unsaid. */
  async parents(session: Session, resource: Resource, sql: string): Promise<ParentVersions> {
    // A unit test brings its own rows; its model's SQL is part of its own, but for the functions that this calls.
    const read = resource.kind === "unit_test" ? this.#calledBy(resource.model) : this.#readBy(resource.id);
    const versions: Record<string, string | null> = {};
    for (const id of [...read].toSorted()) versions[id] = await this.#of(session, id);
    if (!holdsNothing(resource)) Object.assign(versions, await this.#unsteady(session, resource, sql));
    if (resource.kind === "unit_test") return versions;
    const known = new Set([resource.id, ...read].flatMap((id) => this.#names(id)));
    for (const name of namedRelations(sql))
      if (!known.has(name)) versions[`${name}, which is no ref or source,`] = null;
    return versions;
  }

  /** Of a node that holds no data of its own: that of its query and of what it reads. */
  async ofView(
    session: Session,
    resource: Resource,
    sql: string,
    made: string,
    parents: ParentVersions,
  ): Promise<string | null> {
    const all = { ...parents, ...(await this.#unsteady(session, resource, sql)) };
    return Object.values(all).includes(null) ? null : sha256(JSON.stringify([made, all]));
  }

  #readBy(id: NodeId): Set<NodeId> {
    const found = new Set<NodeId>();
    const visit = (at: NodeId): void => {
      for (const parent of this.#graph.parents(at)) {
        const resource = this.#graph.resource(parent);
        if (resource.kind === "model" && resource.config.materialized === "ephemeral") visit(parent);
        else found.add(parent);
      }
    };
    visit(id);
    return found;
  }

  #calledBy(id: NodeId): Set<NodeId> {
    return new Set([...this.#readBy(id)].filter((read) => this.#graph.resource(read).kind === "function"));
  }

  #names(id: NodeId): string[] {
    const resource = this.#graph.resource(id);
    if (resource.kind === "exposure") return [];
    const name = this.#relations.published(id);
    return [name, nextOf(name)].map(({ schema, identifier }) => `${schema}.${identifier}`);
  }

  async #of(session: Session, id: NodeId): Promise<string | null> {
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    const resource = this.#graph.resource(id);
    const version =
      resource.kind === "source" ? await sourceVersion(session, resource, this.#graph) : this.#heldVersion(resource);
    this.#found.set(id, version);
    return version;
  }

  /** Not part of this run. */
  #heldVersion(resource: Resource): string | null {
    const held = this.#held.get(resource.id);
    return held?.intact ? held.version : null;
  }

  async #unsteady(session: Session, resource: Resource, sql: string): Promise<ParentVersions> {
    // The project's functions are known by what they are made of, whatever they are declared as.
    const own = new Set(
      [...this.#calledBy(resource.kind === "unit_test" ? resource.model : resource.id)].map(
        (id) => this.#relations.published(id).identifier,
      ),
    );
    const called = [...calledNames(sql)].filter((name) => !own.has(name));
    const volatile = await (this.#volatile ??= volatileFunctions(session));
    const clocks = [
      ...called
        .filter((name) => CLOCKS.has(name) || volatile.has(name) || LOOKS_ROUND.test(name))
        .map((name) => `${name}()`),
      ...(sql.match(CLOCK_WORDS) ?? []),
      ...(sql.match(RELATIVE_TIMES) ?? []),
      ...(isFleeting(resource) ? [`${resource.name}()`] : []),
    ];
    if (clocks.length === 0) return {};
    const declared = resource.meta["volatility"];
    if (declared === "none") return {};
    const period = typeof declared === "string" ? PERIODS[declared] : undefined;
    const value = period ? new Date().toISOString().slice(0, period) : null;
    return Object.fromEntries(clocks.map((clock) => [`the value of ${clock.toLowerCase()}`, value]));
  }
}

/** `meta: {volatility: day}`: built again when the day (in UTC) is another one. Characters of an ISO time. */
const PERIODS: Readonly<Record<string, number>> = { month: 7, day: 10, hour: 13 };

const holdsNothing = (resource: Resource): boolean =>
  resource.kind === "function" || (resource.kind === "model" && resource.config.materialized === "view");

/** A function that says so itself. */
const isFleeting = ({ kind, config }: Resource): boolean =>
  kind === "function" && config.all["volatility"] === "non-deterministic";

/** And those of users that read tables, which nobody knows of. */
async function volatileFunctions(session: Session): Promise<ReadonlySet<string>> {
  const { rows } = await session.query<{ name: string }>(
    `select distinct proname as name from pg_proc where provolatile = 'v' or provolatile = 's'
       and pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
  );
  return new Set(rows.map((row) => row.name));
}

/** Loaded by us: by what was loaded. Else what `meta: {data_version: …}` or `loaded_at_field` says. */
async function sourceVersion(session: Session, source: SourceNode, graph: Graph): Promise<string | null> {
  const loader = source.filledBy ? graph.resource(source.filledBy) : source;
  const declared = source.meta["data_version"];
  if (typeof declared === "string" || typeof declared === "number") return String(declared);
  const name: RelationName = { schema: source.schema, identifier: source.identifier };
  try {
    if (loader.kind === "source" && loader.source.external) {
      const files = await loadedFiles(session, { schema: loader.schema, identifier: loader.identifier });
      return sha256(JSON.stringify([...files.values()].map(({ id, file, sha256: hash }) => [id, file, hash])));
    }
    const asked = source.source.loadedAtQuery ?? (source.source.loadedAtField && latest(name, source));
    if (!asked) return null;
    const { rows } = await session.queryText(asked);
    return rows[0]?.[0] ?? null;
  } catch (thrown) {
    if (thrown instanceof QueryError && !thrown.transient) return null;
    throw thrown;
  }
}

function latest(name: RelationName, { source }: SourceNode): string {
  const filter = source.freshness?.["filter"];
  const where = typeof filter === "string" ? ` where ${filter}` : "";
  return `select max(${source.loadedAtField})::text from ${quote(name)}${where}`;
}
