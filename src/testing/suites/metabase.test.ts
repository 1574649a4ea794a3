import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { randomBytes } from "node:crypto";
import { copyBank } from "../bank/copy.ts";
import { API_KEY, SETUP_TOKEN, type Stub, startStub } from "../metabase/stub.ts";
import { type CliResult, type Rig, rig } from "../rig.ts";

interface Bank extends Rig {
  readonly stub: Stub;
  /** A login that is a member of bank_reader, as docker/init.sh makes one. */
  readonly reader: string;
  readonly password: string;
  /** `sluice metabase …` with the login in the environment. */
  metabase(args: readonly string[], env?: Record<string, string | undefined>): Promise<CliResult>;
}

/** The built bank, and a Metabase that nobody has used yet. */
const bank = (body: (bank: Bank) => Promise<void>): (() => Promise<void>) =>
  rig(async (made) => {
    await copyBank(made.dir);
    const profile = `bank: {target: dev, outputs: {dev: {type: postgres, url: '${made.url}', schema: analytics, threads: 4}}}\n`;
    await made.write({ "profiles.yml": profile });
    const built = await made.sluice("build");
    expect(built.code, built.all).toBe(0);
    const reader = `sluice_test_reader_${randomBytes(5).toString("hex")}`;
    const password = `secret-${randomBytes(8).toString("hex")}`;
    await made.rows(`create role ${reader} login password '${password}' in role bank_reader`);
    await made.rows(`alter role ${reader} set default_transaction_read_only = on`);
    const stub = await startStub();
    const base = { METABASE_URL: stub.url, METABASE_API_KEY: API_KEY, BI_USER: reader, BI_PASSWORD: password };
    const metabase: Bank["metabase"] = (args, env = {}) =>
      made.start(["metabase", ...args], { env: { ...base, ...env } }).done;
    try {
      await body({ ...made, stub, reader, password, metabase });
    } finally {
      await stub.close();
      await made.rows(`drop role ${reader}`);
    }
  });

const PANELS = 7;
const succeed = (result: CliResult): CliResult => {
  expect(result.code, result.all).toBe(0);
  return result;
};

async function get<T>({ stub }: Bank, path: string, method = "GET"): Promise<T> {
  const response = await fetch(stub.url + path, { method, headers: { "x-api-key": API_KEY } });
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

test(
  "a new server is set up, a dry run makes nothing, a push makes all, a second one nothing",
  bank(async (b) => {
    const login = {
      METABASE_API_KEY: undefined,
      METABASE_EMAIL: "ann@bank.example",
      METABASE_PASSWORD: "correct horse",
    };
    expect(await b.metabase(["push"], { METABASE_API_KEY: undefined })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("they become its first administrator"),
    });
    const wrong = await b.metabase(["push"], { ...login, MB_SETUP_TOKEN: "guessed" });
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining("Metabase answered 400 to POST /api/setup (first set-up)"),
    ]);
    expect(wrong.stderr).toContain("Token does not match");
    expect(wrong.all).not.toMatch(/correct horse|guessed/);

    const first = succeed(await b.metabase(["push"], { ...login, MB_SETUP_TOKEN: SETUP_TOKEN }));
    expect(first.stdout).toContain('create connection "Bank"');
    expect(first.stdout).toContain('create question "Top customers by amount"');
    expect(first.stdout).toContain('create dashboard "Customer Transaction Analytics"');
    const { store } = b.stub;
    expect(store.collections.map(({ name }) => name)).toEqual(["Bank"]);
    expect(store.cards).toHaveLength(PANELS);
    expect(store.dashboards[0]!.dashcards).toHaveLength(PANELS);
    expect(store.databases[0]!.details).toMatchObject({ user: b.reader, "schema-filters-patterns": "marts" });

    b.stub.writes.length = 0;
    const second = succeed(await b.metabase(["push"], login));
    expect(second.stdout).toBe("Nothing to change.\n");
    expect(b.stub.writes.filter(({ path }) => path !== "/api/session")).toEqual([]);
    const dry = succeed(await b.metabase(["push", "--dry-run", "--collection", "Elsewhere"]));
    expect(dry.stdout).toContain(`create collection "Elsewhere"`);
    expect(dry.stdout.trimEnd().endsWith("changes to make.")).toBe(true);
    expect(b.stub.writes.filter(({ path }) => path !== "/api/session")).toEqual([]);
    for (const { all } of [first, second, dry])
      expect(all).not.toMatch(new RegExp(`${b.password}|correct horse|${API_KEY}`));
  }),
);

test(
  "every question's SQL runs as the role that may only read, with the figures of the marts",
  bank(async (b) => {
    succeed(await b.metabase(["push"]));
    const rows = new Map<string, Record<string, unknown>[]>();
    for (const card of b.stub.store.cards) {
      rows.set(card.name, await get<Record<string, unknown>[]>(b, `/api/card/${card.id}/query/json`, "POST"));
    }
    expect([...rows.values()].every((found) => found.length > 0)).toBe(true);
    expect(rows.get("Inflow vs outflow")!.map((row) => [row["flow"], row["total_amount"]])).toEqual(
      (await b.rows("select flow, total_amount from marts.inflow_outflow order by flow")).map((row) =>
        Object.values(row),
      ),
    );
    const top = await b.rows<{ total_amount: string }>(
      "select total_amount from marts.top_customers order by customer_rank",
    );
    expect(rows.get("Top customers by amount")!.map((row) => row["total_amount"])).toEqual(
      top.map((row) => row.total_amount),
    );
    expect(
      rows.get("Top customers by amount")!.every((row) => /^\S\*\*\*( \S\*\*\*)* · /.test(String(row["customer"]))),
    ).toBe(true);
    // What the chart asks for is what the query gives.
    for (const { name, visualization_settings: look } of b.stub.store.cards) {
      const named = [look["graph.dimensions"], look["graph.metrics"], look["pie.dimension"], look["pie.metric"]]
        .flat()
        .filter((n) => n !== undefined);
      expect(named.length, name).toBeGreaterThan(1);
      expect(Object.keys(rows.get(name)![0]!), name).toEqual(expect.arrayContaining(named));
    }
  }),
);

test(
  "what a sync sees as that role is what the project declares: the granted marts, described, and nothing else",
  bank(async (b) => {
    succeed(await b.metabase(["push"]));
    const open = (await readFile(join(b.dir, "tests", "readers_see_what_they_may.sql"), "utf8"))
      .split("open_to_all = [")[1]!
      .split("]")[0]!;
    const granted = [...open.matchAll(/'(\w+)'/g)].map((match) => match[1]!).toSorted();
    const { tables } = b.stub.store;
    expect(tables.map(({ schema, name }) => `${schema}.${name}`).toSorted()).toEqual(
      granted.map((name) => `marts.${name}`),
    );
    expect(tables.flatMap((table) => table.fields).filter((field) => !field.description)).toEqual([]);
    expect(tables.filter((table) => !table.description)).toEqual([]);
    const overview = tables.find(({ name }) => name === "customer_overview")!;
    const types = Object.fromEntries(overview.fields.map(({ name, semantic_type }) => [name, semantic_type]));
    expect(types).toMatchObject({ customer_id: "type/PK", total_amount: "type/Currency", customer_rank: null });
  }),
);

test(
  "keys come from constraints and tests; a key to a table that the reader does not see is none",
  bank(async (b) => {
    await b.write({
      "models/marts/keys.yml": `models:
  - name: shops
    config: {contract: {enforced: true}}
    columns:
      - {name: shop_id, data_type: integer, description: The shop., constraints: [{type: primary_key}]}
  - name: sales
    columns:
      - {name: sale_id, description: The sale., data_tests: [unique, not_null]}
      - {name: receipt, data_tests: [unique, not_null]}
      - name: shop_id
        data_tests: [{relationships: {arguments: {to: ref('shops'), field: shop_id}}}]
      - name: seller
        data_tests: [{relationships: {arguments: {to: ref('hidden'), field: name}}}]
`,
      "models/marts/shops.sql": "select 1 as shop_id",
      "models/marts/sales.sql": "select 1 as sale_id, 1 as receipt, 1 as shop_id, 'Ann'::text as seller",
      "models/staging/hidden.sql": "select 'Ann'::text as name",
    });
    succeed(await b.sluice("build", "-s", "shops", "sales", "hidden"));
    succeed(await b.metabase(["push"]));
    const fieldsOf = (table: string) => b.stub.store.tables.find(({ name }) => name === table)!.fields;
    const shop = fieldsOf("shops").find(({ name }) => name === "shop_id")!;
    expect(shop).toMatchObject({ semantic_type: "type/PK", description: "The shop." });
    expect(fieldsOf("sales").map((f) => [f.name, f.semantic_type, f.fk_target_field_id])).toEqual([
      ["sale_id", "type/PK", null],
      ["receipt", null, null],
      ["shop_id", "type/FK", shop.id],
      ["seller", null, null],
    ]);
    expect(succeed(await b.metabase(["push"])).stdout).toBe("Nothing to change.\n");
  }),
);

test(
  "_metabase_metadata alone describes the marts at every sync, also when comments are not there",
  bank(async (b) => {
    await b.rows("comment on column marts.customer_overview.net is null");
    succeed(await b.metabase(["push"]));
    const net = b.stub.store.tables
      .find(({ name }) => name === "customer_overview")!
      .fields.find(({ name }) => name === "net")!;
    net.description = "somebody's own words";
    await b.stub.store.sync(b.stub.store.databases[0]!);
    expect(net).toMatchObject({ description: "Inflow minus outflow.", semantic_type: "type/Currency" });
  }),
);

test(
  "what people made stays: their cards, their places on our dashboard, their copies of our questions; ours follow the project",
  bank(async (b) => {
    succeed(await b.metabase(["push"]));
    const { store } = b.stub;
    const dashboard = store.dashboards[0]!;
    const collection_id = store.collections[0]!.id;
    const ours = store.cards[0]!;
    const theirs = {
      ...ours,
      id: store.id(),
      name: "Hand-made",
      dataset_query: { type: "native", database: ours.dataset_query["database"], native: { query: "select 1" } },
    };
    const copy = { ...structuredClone(ours), id: store.id(), name: "Copy of ours", collection_id };
    store.cards.push(theirs, copy);
    dashboard.dashcards.push(
      {
        id: store.id(),
        card_id: theirs.id,
        row: 90,
        col: 3,
        size_x: 5,
        size_y: 5,
        visualization_settings: { "card.title": "Mine" },
      },
      {
        id: store.id(),
        card_id: null,
        row: 99,
        col: 0,
        size_x: 24,
        size_y: 1,
        visualization_settings: { text: "A remark" },
      },
    );
    const before = structuredClone(dashboard.dashcards.slice(-2));
    expect(succeed(await b.metabase(["push"])).stdout).toBe("Nothing to change.\n");

    // A panel is renamed and resized, another one is gone, and somebody moved a third.
    const exposures = await readFile(join(b.dir, "models/marts/_exposures.yml"), "utf8");
    const changed = exposures
      .replace("title: Transaction ratio by type", "title: Ratio by type")
      .replace(/ {10}- name: value_stats[\s\S]*?(?= {10}- name: transaction_sizes)/, "");
    await b.write({ "models/marts/_exposures.yml": changed.replace(/ +- ref\('transaction_value_stats'\)\n/, "") });
    dashboard.dashcards[1]!["col"] = 7;
    const { stdout } = succeed(await b.metabase(["push"]));
    expect(stdout).toContain('update question "Ratio by type" (name)\n');
    expect(stdout).toContain('update dashboard "Customer Transaction Analytics" (layout)\n');
    expect(stdout).toContain('archive question "Average and median value" (the project has it no more)\n');
    expect(stdout).toMatch(/^3 changes made\.$/m);
    expect(dashboard.dashcards.slice(-2)).toMatchObject(before);
    expect(dashboard.dashcards).toHaveLength(PANELS - 1 + 2);
    expect(dashboard.dashcards[1]!["col"]).toBe(12);
    expect([theirs.archived, copy.archived, ours.name, copy.name]).toEqual([
      false,
      false,
      "Ratio by type",
      "Copy of ours",
    ]);
    expect(succeed(await b.metabase(["push"])).stdout).toBe("Nothing to change.\n");
  }),
);

test(
  "what the server refuses is shown with the request that caused it, and no secret",
  bank(async (b) => {
    b.stub.refuse("POST", "/api/card", 400, {
      errors: { display: "value must be a non-blank string." },
      password: b.password,
    });
    const refused = await b.metabase(["push"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      'Metabase answered 400 to POST /api/card (create question "Transaction ratio by type").',
    );
    expect(refused.stderr).toMatch(/request: \{"name":"Transaction ratio by type"/);
    expect(refused.stderr).toContain("value must be a non-blank string.");
    const badPassword = await b.metabase(["push", "--connection", "Other"], { BI_PASSWORD: "not-the-password" });
    expect(badPassword.stderr).toContain("POST /api/database");
    expect(refused.all + badPassword.all).not.toMatch(new RegExp(`${b.password}|not-the-password|${API_KEY}`));
    expect(await b.metabase(["push"], { METABASE_API_KEY: "wrong" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("the login was not accepted"),
    });
    // The half that was made is found, and the rest is made.
    succeed(await b.metabase(["push"]));
    expect(succeed(await b.metabase(["push"])).stdout).toBe("Nothing to change.\n");

    expect(await b.metabase(["push"], { BI_USER: "nobody_here" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no role "nobody_here"'),
    });
    expect(await b.metabase(["push", "--connection", "New"], { BI_PASSWORD: undefined })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("set BI_PASSWORD"),
    });
    expect(await b.metabase(["push"], { METABASE_URL: "http://127.0.0.1:9" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("does not answer"),
    });
    expect(await b.metabase(["shove"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("it takes push or pull"),
    });
  }),
);

test(
  "a dashboard that reads what the reader may not see is named",
  bank(async (b) => {
    const exposures = await readFile(join(b.dir, "models/marts/_exposures.yml"), "utf8");
    await b.write({ "models/marts/_exposures.yml": exposures.replaceAll("dim_customers_masked", "dim_customers") });
    expect(succeed(await b.metabase(["push", "--dry-run"])).all).toContain(
      "customer_transaction_analytics reads marts.dim_customers, which",
    );
  }),
);

test(
  "pull: dashboards that read our models become exposures with what they read, however they ask",
  bank(async (b) => {
    succeed(await b.metabase(["push"]));
    const { store } = b.stub;
    const database = store.databases[0]!.id;
    const table = (name: string): number => store.tables.find((one) => one.name === name)!.id;
    const card = (name: string, dataset_query: Record<string, unknown>): number => {
      const id = store.id();
      store.cards.push({
        id,
        name,
        description: null,
        display: "table",
        type: "question",
        archived: false,
        collection_id: null,
        visualization_settings: {},
        dataset_query,
      });
      return id;
    };
    const board = (name: string, ...cards: number[]): void => {
      const dashcards = cards.map((card_id) => ({ id: store.id(), card_id, row: 0, col: 0, size_x: 1, size_y: 1 }));
      store.dashboards.push({
        id: store.id(),
        name,
        description: "By hand",
        archived: false,
        collection_id: null,
        dashcards,
        tabs: [],
      });
    };
    const native = (query: string): Record<string, unknown> => ({ type: "native", database, native: { query } });
    const builder = {
      "lib/type": "mbql/query",
      database,
      stages: [
        {
          "lib/type": "mbql.stage/mbql",
          "source-table": table("monthly_cash_flow"),
          joins: [{ stages: [{ "source-table": table("customer_overview") }] }],
        },
      ],
    };
    const inner = card("inner", builder);
    board(
      "Äußerst: nützlich",
      card(
        "sql",
        native(
          `select 'marts.large_transactions' from marts.inflow_outflow -- marts.dormant_customers\njoin "marts"."reconciliation_daily" using (a)`,
        ),
      ),
    );
    board("Built", card("outer", { type: "query", database, query: { "source-table": `card__${inner}` } }));
    board("Elsewhere", card("other", native("select * from elsewhere.nothing")));
    board("Built", inner);

    const shown = succeed(await b.metabase(["pull", "--dry-run"])).stdout;
    expect(load(shown)).toMatchObject({
      version: 2,
      exposures: [
        {
          name: "metabase_ausserst_nutzlich",
          label: "Äußerst: nützlich",
          depends_on: ["ref('inflow_outflow')", "ref('reconciliation_daily')"],
        },
        {
          name: expect.stringMatching(/^metabase_built_\d+$/),
          type: "dashboard",
          owner: { name: "Ann Example", email: "ann@bank.example" },
          depends_on: ["ref('customer_overview')", "ref('monthly_cash_flow')"],
        },
        {
          name: expect.stringMatching(/^metabase_built_\d+$/),
          depends_on: ["ref('customer_overview')", "ref('monthly_cash_flow')"],
        },
      ],
    });
    succeed(await b.metabase(["pull"]));
    expect(await readFile(join(b.dir, "models/_metabase.yml"), "utf8")).toBe(shown);
    const listed = await b.sluice("ls", "-s", "+exposure:metabase_built*", "--resource-type", "model");
    expect(listed.stdout).toContain("bank.marts.monthly_cash_flow");
    succeed(await b.sluice("parse"));
  }),
);
