import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, types } from "pg";
import { expect, test } from "vitest";
import { generate } from "../../extras/generate/generate.ts";
import { quoteIdent } from "../../postgres/relation.ts";
import { copyBank } from "../bank/copy.ts";
import { type Mart, type MartRow, MART_KEYS, martRows } from "../bank/mart-rows.ts";
import { type Delivery, readTransactions } from "../bank/transactions.ts";
import { type CliResult, type Rig, rig } from "../rig.ts";

const DATA = "data/transactions.csv";
const FLOW = "models/marts/inflow_outflow.sql";

/** A test over a copy of the bank project. */
const bank = (body: (rig: Rig) => Promise<void>) =>
  rig(async (made) => {
    await copyBank(made.dir);
    const profile = `bank: {target: dev, outputs: {dev: {type: postgres, url: '${made.url}', schema: analytics, threads: 4}}}\n`;
    await made.write({ "profiles.yml": profile });
    await body(made);
  });

/** The marts with every value as text, sorted by key; only the columns that the computation knows. */
async function shownMarts(url: string, expected: Record<Mart, MartRow[]>): Promise<Record<string, MartRow[]>> {
  const client = new Client({
    connectionString: url,
    types: { getTypeParser: () => (text: string) => text } as unknown as typeof types,
  });
  await client.connect();
  try {
    const shown: Record<string, MartRow[]> = {};
    for (const [mart, keys] of Object.entries(MART_KEYS) as [Mart, readonly string[]][]) {
      const columns = Object.keys(expected[mart][0] ?? { [keys[0]!]: "" }).map(quoteIdent);
      const order = keys.map((key) => `${quoteIdent(key)}::text collate "C"`);
      shown[mart] = (
        await client.query<Record<string, string | null>>(
          `select ${columns.join(", ")} from marts.${mart} order by ${order.join(", ")}`,
        )
      ).rows;
    }
    return shown;
  } finally {
    await client.end();
  }
}

async function delivered({ dir }: Rig): Promise<Delivery> {
  return readTransactions(await readFile(join(dir, DATA), "utf8"));
}

async function expectTrueFigures(rig: Rig): Promise<void> {
  const expected = martRows((await delivered(rig)).accepted);
  expect(await shownMarts(rig.url, expected)).toEqual(expected);
}

const succeed = (result: CliResult): void => expect(result.code, result.all).toBe(0);

test(
  "the marts of the sample hold the figures that the file gives, and again after a second build",
  bank(async (rig) => {
    succeed(await rig.sluice("build"));
    await expectTrueFigures(rig);
    const again = await rig.sluice("build");
    succeed(again);
    expect(again.stdout).toMatch(/Done\. PASS=\d+ WARN=0 ERROR=0 SKIP=0/);
    await expectTrueFigures(rig);
  }),
);

test(
  "the marts stand in the schema marts whatever the target is called, and apart where the target has a schema of its own",
  bank(async ({ write, sluice, url }) => {
    const outputs = ["analytics", "alice"].map((schema) => `{type: postgres, url: '${url}', schema: ${schema}}`);
    const profile = `bank: {target: server, outputs: {server: ${outputs[0]}, prod: ${outputs[1]}}}\n`;
    await write({ "profiles.yml": profile });
    const made = async (...args: string[]) => (await sluice("plan", "--select", "inflow_outflow", ...args)).stdout;
    expect(await made()).toContain("view → marts.inflow_outflow");
    expect(await made("--target", "prod")).toContain("view → alice_marts.inflow_outflow");
  }),
);

test(
  "on the original's file the true flow ratio is about 49 to 51, and the published figures are those of the summary",
  bank(async (rig) => {
    await generate({ profile: "original" }, join(rig.dir, DATA));
    succeed(await rig.sluice("build"));
    await expectTrueFigures(rig);
    const [flow] = await rig.rows<{ share: string }>(
      "select share_of_amount as share from marts.inflow_outflow where flow = 'inflow'",
    );
    expect(Number(flow?.share)).toBeGreaterThan(0.46);
    expect(Number(flow?.share)).toBeLessThan(0.53);
    const stats = await rig.rows<{ grain: string; mean: string }>(
      "select grain, mean_amount as mean from marts.transaction_value_stats",
    );
    const mean = Object.fromEntries(stats.map((row) => [row.grain, Number(row.mean)]));
    expect(mean["transaction"]).toBeGreaterThan(2300);
    expect(mean["transaction"]).toBeLessThan(2750);
    expect(mean["customer_summary"]).toBeGreaterThan(11_500);
    expect(mean["customer_summary"]).toBeLessThan(14_000);
  }),
);

test(
  "of a dirty file every row is accepted, rejected by a named rule, a duplicate or quarantined; the marts hold the accepted",
  bank(async (rig) => {
    await generate({ dirty: 0.05 }, join(rig.dir, DATA));
    const built = await rig.sluice("build");
    succeed(built);
    expect(built.stdout).toMatch(/Done\. PASS=\d+ WARN=[1-9]\d* ERROR=0 SKIP=0/);
    await expectTrueFigures(rig);
    const delivery = await delivered(rig);
    const rejected = await rig.rows<{ rule: string; n: number }>(
      "select broken_rule as rule, count(*)::int as n from staging.stg_transactions_rejected group by 1",
    );
    expect(Object.fromEntries(rejected.map((row) => [row.rule, row.n]))).toEqual(Object.fromEntries(delivery.rejected));
    const [raw] = await rig.rows(
      "select (select count(*)::int from raw.transactions) as loaded, (select count(*)::int from raw.transactions__rejected) as quarantined",
    );
    expect(raw).toEqual({ loaded: delivery.rows - delivery.quarantined, quarantined: delivery.quarantined });
  }),
);

test(
  "a changed and grown file is followed by the incremental models",
  bank(async (rig) => {
    succeed(await rig.sluice("build"));
    const lines = (await readFile(join(rig.dir, DATA), "utf8")).trimEnd().split("\n");
    const changed = lines.slice(0, -10).map((line, i) => (i === 5 ? line.replace(/[\d.]+$/, "123.45") : line));
    await rig.write({ [DATA]: `${[...changed, "T-new-1,C-new,Ada Lovelace,2025-12-30,deposit,42.00"].join("\n")}\n` });
    succeed(await rig.sluice("build"));
    await expectTrueFigures(rig);
  }),
);

test(
  "the published error, outflow counting everything, stops the build with words an analyst understands",
  bank(async (rig) => {
    const model = await readFile(join(rig.dir, FLOW), "utf8");
    const wrong = `{{ config(materialized='view') }}
with flows as (
  select 'outflow' as flow, amount from {{ ref('int_transactions') }}
  union all
  select 'inflow', amount from {{ ref('int_transactions') }} where direction = 'in'
)
select flow, count(*) as transaction_count, cast(sum(amount) as numeric(18, 2)) as total_amount,
  {{ share('count(*)', 'sum(count(*)) over ()') }} as share_of_count,
  {{ share('sum(amount)', 'sum(sum(amount)) over ()') }} as share_of_amount
from flows group by flow
`;
    await rig.write({ [FLOW]: wrong });
    const built = await rig.sluice("build");
    expect(built.code).toBe(1);
    expect(built.all).toContain("inflow_outflow_reconciles");
    expect(built.all).toMatch(/Inflow and outflow together do not make the amount of all accepted transactions/);
    expect(built.all).toMatch(/Outflow is not the amount of its types \(Withdrawals? and Payments?\)/);
    await rig.write({ [FLOW]: model });
    succeed(await rig.sluice("build"));
  }),
);

test(
  "readers see the marts, names masked, and nothing else",
  bank(async (rig) => {
    succeed(await rig.sluice("build"));
    const as = (role: string, sql: string) =>
      rig.rows(`begin; set local role ${role}; ${sql}; commit`).then(
        () => "seen",
        (e: Error) => e.message,
      );
    expect(await as("bank_reader", "select * from marts.inflow_outflow")).toBe("seen");
    expect(await as("bank_reader", "select * from marts.dim_customers_masked")).toBe("seen");
    expect(await as("bank_reader", "select * from marts.dim_customers")).toMatch(/permission denied/);
    expect(await as("bank_reader", "select * from marts.customer_summary")).toMatch(/permission denied/);
    expect(await as("bank_personal_data", "select * from marts.dim_customers")).toBe("seen");
    for (const hidden of ["raw.transactions", "staging.stg_transactions", "intermediate.int_transactions_enriched"]) {
      expect(await as("bank_personal_data", `select * from ${hidden}`)).toMatch(/permission denied/);
    }
  }),
);
