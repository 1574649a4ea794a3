/** What `load.ts` and the process it starts agree on. */

export interface LoadChildResult {
  readonly copySeconds: number;
  readonly seconds: number;
  /** MB. */
  readonly peakRss: number;
}

export const LOAD_TABLE = { schema: "bench_raw", identifier: "transactions" };

export const LOAD_COLUMNS = [
  { name: "transaction_id", type: "bigint" },
  { name: "customer_id", type: "integer" },
  { name: "customer_name", type: "text" },
  { name: "transaction_date", type: "date" },
  { name: "transaction_type", type: "text" },
  { name: "amount", type: "numeric(18,2)" },
];
