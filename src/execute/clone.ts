/** `clone`: views, in this target's schemas, of what another run built in its own. */
import { Failure } from "../diagnostics/diagnostic.ts";
import type { PreviousManifest } from "../graph/state.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { relationIn } from "../plan/defer.ts";
import { relationOf } from "../plan/relations.ts";
import { findRelation, type FoundRelation } from "../postgres/catalog.ts";
import type { Database, Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote, quoteIdent, type RelationName } from "../postgres/relation.ts";
import { explainQueryError } from "./explain.ts";

export interface CloneResult {
  readonly node: NodeId;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** `CREATE VIEW`, or why there was nothing to do. */
  readonly message: string;
  readonly relation: RelationName;
  readonly failure?: Failure;
}

interface CloneOptions {
  readonly from: PreviousManifest;
  /** Replace what is there. */
  readonly fullRefresh: boolean;
}

/** In the order given; what the other run did not build is left out. A failure is that node's result. */
export async function cloneRelations(
  database: Database,
  resources: readonly Resource[],
  options: CloneOptions,
): Promise<CloneResult[]> {
  const results: CloneResult[] = [];
  for (const resource of resources) {
    const source = relationIn(options.from, resource.id);
    if (!source) continue;
    const relation = relationOf(resource);
    const startedAt = new Date();
    const done = (message: string, failure?: Failure): void => {
      results.push({
        node: resource.id,
        startedAt,
        finishedAt: new Date(),
        message,
        relation,
        ...(failure && { failure }),
      });
    };
    try {
      done(await database.session((session) => cloneOne(session, relation, source, options.fullRefresh)));
    } catch (thrown) {
      if (!(thrown instanceof QueryError)) throw thrown;
      done(
        thrown.message,
        new Failure(explainQueryError(thrown, { at: resource.at, label: "clone" }), { cause: thrown }),
      );
    }
  }
  return results;
}

const NOUNS = {
  table: "table",
  partitioned_table: "table",
  foreign_table: "foreign table",
  view: "view",
  materialized_view: "materialized view",
};

function cloneOne(session: Session, relation: RelationName, source: RelationName, replace: boolean): Promise<string> {
  return session.transaction(async () => {
    if (quote(relation) === quote(source)) return "No-op: it is the relation itself";
    const found = await session.query<FoundRelation & Record<string, unknown>>(findRelation(relation));
    const present = found.rows[0];
    if (present && !replace) return "No-op: it is there already";
    await session.query(`create schema if not exists ${quoteIdent(relation.schema)}`);
    // Without cascade: what depends on it is not ours to drop.
    if (present) await session.query(`drop ${NOUNS[present.kind]} ${quote(relation)}`);
    await session.query(`create view ${quote(relation)} as select * from ${quote(source)}`);
    return "CREATE VIEW";
  });
}
