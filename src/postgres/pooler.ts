/** A pooler between us and the server, and whether it lends one server connection to several clients in turn. */
import { randomUUID } from "node:crypto";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Database } from "./database.ts";

const PROBES = 5;

/**
 * Throws `Failure` when two connections of ours turn out to be one session of the server, as with PgBouncer in transaction
 * mode: locks and settings would be somebody else's a moment later. Asked only where the number that the server gives a
 * connection is not the one it was greeted with, which is the mark of a pooler.
 */
export async function refuseSharedSessions(one: Database, open: () => Promise<Database>): Promise<void> {
  if (!one.info.pooled) return;
  const other = await open();
  try {
    for (let i = 0; i < PROBES; i++) {
      const token = randomUUID();
      await one.session((session) => session.query("select set_config('sluice.probe', $1, false)", [token]));
      const { rows } = await other.session((session) =>
        session.query<{ seen: string | null }>("select current_setting('sluice.probe', true) as seen"),
      );
      if (rows[0]?.seen === token) throw sharedSessions(one);
    }
  } finally {
    await other.close();
  }
}

const sharedSessions = ({ info }: Database): Failure =>
  new Failure(
    error(
      "pooler-shares-sessions",
      `${info.host}:${info.port} is a connection pooler that gives each transaction another connection to the server (PgBouncer's pool_mode = transaction).`,
      undefined,
      [
        "Sluice holds locks, settings and temporary tables from one transaction to the next, which needs a connection of its own",
        "connect to the server directly, or through a pool with pool_mode = session",
      ],
    ),
  );
