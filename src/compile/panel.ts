import { columnsOf, type Panel } from "../parse/dashboard.ts";
import { callsIn } from "../parse/sources.ts";
import { selectFrom } from "../postgres/sql/select.ts";

/** What a panel asks, as a template: a query of its own order where it has one, else of the columns that it shows. */
export function panelTemplate(panel: Panel): string {
  const { reads, orderBy, limit } = panel;
  const rest = { orderBy, ...(limit !== undefined && { limit }) };
  if ("model" in reads) return selectFrom({ from: `{{ ref('${reads.model}') }}`, columns: columnsOf(panel), ...rest });
  const sql = callsIn(reads.sql).reduce((text, call) => text.replaceAll(call, `{{ ${call} }}`), reads.sql);
  const query = sql.replace(/[\s;]+$/, "");
  if (orderBy.length === 0 && limit === undefined) return query;
  return selectFrom({ from: `(\n${query}\n) as panel`, columns: [], ...rest });
}
