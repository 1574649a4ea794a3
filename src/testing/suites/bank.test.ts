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

test(
  "at the edges: amounts on a limit, days on a limit, equal totals, types without a transaction",
  bank(async (rig) => {
    // Written backwards, so that equal totals are not in order by chance.
    const tied = [9, 8, 7, 6, 5, 4, 3, 2].map((n) => `T${n},C${n},Name ${n},2025-12-0${n},deposit,20000.00`);
    await rig.write({
      [DATA]: `${[
        "transaction_id,customer_id,customer_name,transaction_date,transaction_type,amount",
        ...tied,
        "T10,C10,Large From,2025-12-31,deposit,35000.00",
        "T11,C11,Nearly Large,2025-12-31,deposit,34999.99",
        "T12,C12,Sixty Days,2025-11-01,withdrawal,1.00",
        "T13,C13,A Day More,2025-10-31,withdrawal,1.00",
        "T14,C14,Plus From,2025-12-31,withdrawal,150000.00",
        "T15,C15,Nearly Plus,2025-12-31,withdrawal,149999.99",
      ].join("\n")}\n`,
    });
    succeed(await rig.sluice("build"));
    await expectTrueFigures(rig);
    expect(
      await rig.rows("select transaction_count::int as n from marts.transaction_type_ratio order by sort_order"),
    ).toEqual([{ n: 10 }, { n: 0 }, { n: 4 }, { n: 0 }]);
  }),
);

test(
  "a transaction whose file is taken away is withdrawn; an earlier delivery that counts only now takes its place",
  bank(async (rig) => {
    const header = "transaction_id,customer_id,customer_name,transaction_date,transaction_type,amount";
    const early = "T1,C1,Ada Lovelace,2026-02-01,deposit,10.00";
    const late = "T1,C1,Ada Lovelace,2025-12-01,deposit,20.00";
    const other = "T2,C2,Bob Stone,2025-12-01,payment,5.00";
    const kept = () =>
      rig.rows(
        "select transaction_id as id, amount::float, is_withdrawn as gone from intermediate.int_transactions_deduplicated order by 1",
      );
    // The first delivery lies in the future, and is refused.
    await rig.write({ [DATA]: `${[header, early, late, other].join("\n")}\n` });
    succeed(await rig.sluice("build"));
    expect(await kept()).toEqual([
      { id: "T1", amount: 20, gone: false },
      { id: "T2", amount: 5, gone: false },
    ]);
    succeed(await rig.sluice("build", "--vars", "as_of_date: '2026-06-30'"));
    expect(await kept()).toMatchObject([{ id: "T1", amount: 10, gone: false }, { id: "T2" }]);
    await rig.write({ [DATA]: `${[header, early].join("\n")}\n` });
    succeed(await rig.sluice("build", "--vars", "as_of_date: '2026-06-30'"));
    expect(await kept()).toMatchObject([{ id: "T1" }, { id: "T2", amount: 5, gone: true }]);
    await rig.write({ [DATA]: `${[header, other].join("\n")}\n` });
    succeed(await rig.sluice("build"));
    expect(await kept()).toMatchObject([
      { id: "T1", gone: true },
      { id: "T2", gone: false },
    ]);
  }),
);

/** A fault that is put into the built tables, and the test that has to find it. */
const FAULTS = {
  cash_flow_carries_over: "update marts.monthly_cash_flow set opening_balance = 1, closing_balance = 1 + net",
  closing_is_opening_plus_net:
    "update marts.monthly_cash_flow set net = null where cash_month = (select min(cash_month) from marts.monthly_cash_flow)",
  unique_combination_monthly_cash_flow_cash_month__transaction_type:
    "drop index marts.monthly_cash_flow_cash_month_transaction_type_idx; insert into marts.monthly_cash_flow table marts.monthly_cash_flow limit 1",
  every_raw_row_is_accounted_for: "update marts.reconciliation_daily set raw_rows = raw_rows + 1",
  line_is_loaded_or_quarantined:
    "insert into raw.transactions__rejected (_file, _line) select _file, _line from raw.transactions limit 1",
  marts_hold_all_the_money: "update marts.customer_overview set total_amount = total_amount + 1",
  readers_see_what_they_may: "grant select on raw.transactions to bank_personal_data",
  contiguous_ranges_size_buckets_lower_bound__0__upper_bound:
    "update staging.size_buckets set lower_bound = lower_bound + 1 where sort_order = 2",
  no_overlapping_ranges_customer_names_customer_id__dbt_valid_from__dbt_valid_to:
    "insert into intermediate.customer_names (customer_id, dbt_valid_from) select customer_id, dbt_valid_from + interval '1 day' from intermediate.customer_names limit 1",
} as const;

test(
  "each of the project's own tests finds the fault that it is there for",
  bank(async (rig) => {
    succeed(await rig.sluice("build"));
    for (const fault of Object.values(FAULTS)) await rig.rows(fault);
    const { code } = await rig.sluice("test", "-s", ...Object.keys(FAULTS));
    expect(code).toBe(1);
    const { results } = JSON.parse(await readFile(join(rig.dir, "target", "run_results.json"), "utf8")) as {
      results: { unique_id: string; status: string }[];
    };
    const tests = results.filter((result) => result.unique_id.startsWith("test."));
    const verdicts = tests.map((result) => [result.unique_id.split(".")[2], result.status]);
    expect(Object.fromEntries(verdicts)).toEqual(Object.fromEntries(Object.keys(FAULTS).map((name) => [name, "fail"])));
  }),
);
