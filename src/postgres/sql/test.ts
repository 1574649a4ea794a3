/** Counting what a data test finds. The expressions are the user's SQL. */
import { quote, type RelationName } from "../relation.ts";
import { withBody, type WithBody } from "./body.ts";

export interface Judgement {
  readonly failCalc: string;
  readonly warnIf: string;
  readonly errorIf: string;
  readonly limit?: number | undefined;
}

const limited = (limit: number | undefined): string => (limit === undefined ? "" : `\nlimit ${limit}`);

/** Rows: one, `{ failures, should_warn, should_error }`. */
export const countFailures = (sql: string, { failCalc, warnIf, errorIf, limit }: Judgement): WithBody =>
  withBody(
    `select ${failCalc} as failures, ${failCalc} ${warnIf} as should_warn, ${failCalc} ${errorIf} as should_error\nfrom (\n`,
    sql,
    `${limited(limit)}\n) as dbt_internal_test`,
  );

export const sampleFailures = (sql: string, rows: number): WithBody =>
  withBody("select * from (\n", sql, `\n) as dbt_internal_test\nlimit ${rows}`);

export const selectAll = (name: RelationName): string => `select * from ${quote(name)}`;
