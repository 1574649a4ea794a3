/** Rows for the site, read from the target in read-only transactions. */
import type { Compiled, Panel, Sluice } from "../../index.ts";
import type { Rows } from "./data.ts";
import { type History, readHistory } from "./history.ts";

/** More than a chart can show; a table says that it was cut. */
const MOST_ROWS = 2000;

export async function askPanel(sluice: Sluice, panel: Panel): Promise<{ sql: string; data: Rows }> {
  const compiled = await sluice.compilePanel(panel);
  return { sql: compiled.sql.trim(), data: await rowsOf(sluice, compiled, MOST_ROWS) };
}

/** The first rows of a node's relation. Throws `Failure`, as where the relation is not there. */
export async function sampleOf(sluice: Sluice, call: string, most: number): Promise<Rows> {
  return rowsOf(sluice, await sluice.compileInline(`select * from {{ ${call} }}`), most);
}

export function historyOf(sluice: Sluice): Promise<History | undefined> {
  const { name, target } = sluice.project;
  return sluice.connections.ask((session) =>
    session.transaction(async () => {
      await session.query("set transaction read only");
      return readHistory(session, { target: target.name, site: `${name}/${target.schema}` });
    }),
  );
}

function rowsOf(sluice: Sluice, compiled: Compiled, most: number): Promise<Rows> {
  return sluice.connections.ask(
    (session) =>
      session.transaction(async () => {
        await session.query("set transaction read only");
        const sql = `select * from (\n${compiled.sql}\n) as shown\nlimit ${most + 1}`;
        const { fields, rows } = await session.queryText(sql);
        const columns = fields.map((field) => field.name);
        return rows.length > most ? { columns, rows: rows.slice(0, most), cut: true } : { columns, rows };
      }),
    undefined,
    compiled,
  );
}
