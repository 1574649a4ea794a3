import { quoteIdent } from "../relation.ts";

export interface SelectShape {
  /** A relation, or a query in parentheses with an alias. */
  readonly from: string;
  /** All, when empty. */
  readonly columns: readonly string[];
  readonly orderBy: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit?: number;
}

/** Columns in the order given; of rows that sort alike, nulls last. */
export function selectFrom({ from, columns, orderBy, limit }: SelectShape): string {
  const shown = columns.length === 0 ? "*" : columns.map(quoteIdent).join(", ");
  const order = orderBy.map((o) => `${quoteIdent(o.column)}${o.descending ? " desc nulls last" : ""}`).join(", ");
  return [
    `select ${shown}`,
    `from ${from}`,
    ...(order === "" ? [] : [`order by ${order}`]),
    ...(limit === undefined ? [] : [`limit ${limit}`]),
  ].join("\n");
}
