/** Push: plan first, then apply, in three steps that need one another's ids: connection, content, tables. */
import { setTimeout as sleep } from "node:timers/promises";
import { error, Failure } from "../../diagnostics/diagnostic.ts";
import type { Desired } from "./desired.ts";
import type { Metabase } from "./http.ts";
import type { Change, Ids } from "./change.ts";
import { planConnection, planContent } from "./plan.ts";
import { planTables } from "./plan-tables.ts";
import { presentConnection, presentContent, type PresentTable, presentTables } from "./present.ts";

export interface PushOptions {
  readonly dryRun: boolean;
  /** Seconds to wait for the first sync. */
  readonly syncTimeout: number;
  /** Before a change is made, or instead of it. */
  onChange(change: Change): void;
  notice(text: string): void;
}

/** How many changes there were; with `dryRun`, would be as far as can be known. Throws `Failure`. */
export async function push(metabase: Metabase, desired: Desired, options: PushOptions): Promise<number> {
  const ids = new Map<string, number>();
  const idOf: Ids = (key) => {
    const id = ids.get(key);
    if (id === undefined) throw new Error(`Internal error: ${key} has no id yet`);
    return id;
  };
  const apply = async (changes: readonly Change[]): Promise<number> => {
    for (const change of changes) {
      options.onChange(change);
      if (options.dryRun) continue;
      const answer = await metabase.send<{ id?: number }>(change.request(idOf), `${change.verb} ${change.what}`);
      if (change.makes !== undefined && typeof answer.id === "number") ids.set(change.makes, answer.id);
    }
    return changes.length;
  };

  // 1. the connection, and a sync whenever tables are missing
  const connection = await presentConnection(metabase, desired.connection);
  if (connection) ids.set("database", connection.id);
  else if (desired.connection.password === undefined && !options.dryRun) throw passwordMissing(desired);
  let count = await apply(planConnection(desired.connection, connection));
  const database = ids.get("database");
  const tables = database === undefined ? [] : await syncedTables(metabase, database, desired, options);

  // 2. collection, questions, dashboards
  const content = await presentContent(metabase, desired);
  if (content.collection) ids.set("collection", content.collection.id);
  for (const card of content.cards) ids.set(card.key, card.id);
  count += await apply(planContent(desired, content, database));

  // 3. what is said about tables
  count += await apply(planTables(desired.tables, tables));
  if (database === undefined) options.notice("Tables are described after the first sync.");
  const missing = missingTables(desired, tables);
  if (database !== undefined && missing.length > 0) {
    options.notice(
      `Metabase does not see ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? " …" : ""}: not built yet, or not for ${desired.connection.user}.`,
    );
  }
  return count;
}

function passwordMissing({ connection }: Desired): Failure {
  const hint = `set BI_PASSWORD to the password of ${connection.user} in PostgreSQL; it reads the marts, and nothing else`;
  return new Failure(
    error("metabase-password", `The connection "${connection.name}" is to be made, and needs a password.`, undefined, [
      hint,
    ]),
  );
}

const missingTables = ({ tables }: Desired, present: readonly PresentTable[]): string[] =>
  tables
    .filter((table) => !present.some(({ schema, name }) => schema === table.schema && name === table.name))
    .map((table) => `${table.schema}.${table.name}`);

/** Reads what Metabase knows; where something is missing, asks it to look again, and waits until it has looked. */
async function syncedTables(
  metabase: Metabase,
  database: number,
  desired: Desired,
  { dryRun, syncTimeout, notice }: PushOptions,
): Promise<PresentTable[]> {
  let tables = await presentTables(metabase, database);
  if (dryRun || missingTables(desired, tables).length === 0) return tables;
  await metabase.send({ method: "POST", path: `/api/database/${database}/sync_schema` }, "sync");
  notice("Waiting for Metabase to look at the tables …");
  // Tables appear one by one, then their columns: it is over when nothing has changed for a while.
  let still = 0;
  for (let waited = 0; waited < syncTimeout && still < 3; waited++) {
    await sleep(1000);
    const now = await presentTables(metabase, database);
    const { initial_sync_status: status } = await metabase.get<{ initial_sync_status?: string }>(
      `/api/database/${database}`,
    );
    const grew = count(now) !== count(tables);
    tables = now;
    if (missingTables(desired, tables).length === 0 && status === "complete" && !grew) return tables;
    still = grew || (status !== undefined && status !== "complete") || tables.length === 0 ? 0 : still + 1;
  }
  return tables;
}

const count = (tables: readonly PresentTable[]): number =>
  tables.reduce((sum, table) => sum + 1 + table.fields.length, 0);
