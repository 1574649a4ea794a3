/** The site as a browser shows it. One Chromium for the file; each project's site is made by the real CLI. */
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeBigArtifacts } from "../../extras/site/testing/big.ts";
import { packageRoot } from "../../lib/package-root.ts";
import { grouped } from "../bank/grouped.ts";
import { copyBank } from "../bank/copy.ts";
import { martRows } from "../bank/mart-rows.ts";
import { readTransactions } from "../bank/transactions.ts";
import { type Browser, chromiumPath, startBrowser, type Visit } from "../browser.ts";
import { type Rig, rig, startCli } from "../rig.ts";

const executable = chromiumPath();
if (executable === undefined) {
  process.stderr.write(
    "The tests of the site are skipped: no Chromium was found. Install one (Debian: apt-get install chromium), or name it in SLUICE_TEST_CHROMIUM.\n",
  );
}

const BOARD = "#/dashboard/customer_transaction_analytics";

describe.skipIf(executable === undefined)("the site in a browser", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await startBrowser(executable!)));
  afterAll(() => browser.close());

  const openFile = (folder: string, hash: string, options?: { width?: number; dark?: boolean }): Promise<Visit> => {
    const url = pathToFileURL(join(folder, "index.html")).href;
    return browser.open(url + hash, pathToFileURL(folder).href, options);
  };
  const made = async (rig: Pick<Rig, "sluice">, ...args: string[]): Promise<void> => {
    const result = await rig.sluice("docs", "generate", ...args);
    expect(result.code, result.all).toBe(0);
  };
  let bank: Rig;
  let site: string;
  let finish = (): void => {};
  let finished: Promise<void>;
  // The bank is built once; the tests of it only look.
  beforeAll(async () => {
    await new Promise<void>((ready, failed) => {
      const body = rig(async (own) => {
        bank = own;
        site = join(bank.dir, "target", "site");
        await copyBank(bank.dir);
        const output = `{type: postgres, url: '${bank.url}', schema: analytics, threads: 4}`;
        await bank.write({ "profiles.yml": `bank: {target: dev, outputs: {dev: ${output}}}\n` });
        const built = await bank.sluice("build");
        expect(built.code, built.all).toBe(0);
        await made(bank);
        ready();
        await new Promise<void>((resolve) => (finish = resolve));
      });
      finished = body();
      finished.catch(failed);
    });
  });
  afterAll(async () => {
    finish();
    // What failed in the beginning was reported there.
    await finished.catch(() => {});
  });

  test("the bank's dashboard shows the figures that the file gives, each with its grain", async () => {
    const { page, faults } = await openFile(site, BOARD);
    // A panel tells of its grain when all of it stands.
    await expect.poll(() => page.locator("[data-panel] .badge.plain").count()).toBe(7);
    const closed = page.getByRole("button", { name: "Show the rows" });
    for (let left = await closed.count(); left > 0; left--) await closed.first().click();
    const shown = (panel: string): Promise<string[][]> => rowsIn(page, panel);
    const { accepted } = readTransactions(await readFile(join(bank.dir, "data/transactions.csv"), "utf8"));
    const marts = martRows(accepted);
    const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 });
    const percent = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 });
    const row = (name: keyof typeof marts, key: string, value: string): Readonly<Record<string, string | null>> =>
      marts[name].find((one) => one[key] === value)!;

    expect(await shown("transaction_ratio")).toEqual(
      ["deposit", "transfer", "withdrawal", "payment"].map((type) => {
        const { share_of_count, share_of_amount } = row("transaction_type_ratio", "transaction_type", type);
        const label = type[0]!.toUpperCase() + type.slice(1);
        return [label, percent.format(Number(share_of_count)), percent.format(Number(share_of_amount))];
      }),
    );
    expect(await shown("inflow_outflow")).toEqual(
      ["inflow", "outflow"].map((flow) => [
        flow,
        money.format(Number(row("inflow_outflow", "flow", flow)["total_amount"])),
      ]),
    );
    expect(await shown("top_customers")).toEqual(
      marts.top_customers.map(({ customer_id, customer_name, total_amount }) => {
        const masked = customer_name!.replaceAll(/(?<=(^| )\S)\S+/g, "***");
        return [`${masked} · ${customer_id}`, money.format(Number(total_amount))];
      }),
    );
    expect(await shown("value_stats")).toEqual(
      ["transaction", "customer_summary"].map((grain) => {
        const { mean_amount, median_amount } = row("transaction_value_stats", "grain", grain);
        return [grain, money.format(Number(mean_amount)), money.format(Number(median_amount))];
      }),
    );
    for (const [panel, mart] of [
      ["transaction_sizes", "transaction_size_buckets"],
      ["customer_summary_sizes", "customer_summary_size_buckets"],
    ] as const) {
      const counts = (await shown(panel)).map(([, count]) => count!.replaceAll(",", ""));
      expect(counts, panel).toEqual(["low", "medium", "high"].map((b) => row(mart, "size_bucket", b)["row_count"]));
    }
    const months = grouped(marts.monthly_cash_flow, (one) => one["cash_month"]!);
    const sums = [...months.values()].map((rows) => {
      const of = (keep: (direction: string) => boolean, column: string): string =>
        money.format(
          rows.reduce((sum, r) => sum + (keep(r["direction"]!) ? Math.round(Number(r[column]) * 100) : 0), 0) / 100,
        );
      return [of((d) => d === "in", "total_amount"), of((d) => d === "out", "total_amount"), of(() => true, "net")];
    });
    expect((await shown("monthly_cash_flow")).map(([, ...figures]) => figures)).toEqual(sums);

    await expect
      .poll(() => page.locator("[data-panel] .badge.plain").allTextContents())
      .toEqual([
        "per transaction",
        "per transaction",
        "per customer",
        "per transaction, and customer × type",
        "per transaction",
        "per customer × type",
        "per month",
      ]);
    // Every chart has drawn something: not all of its pixels are alike.
    const drawn = (): Promise<boolean[]> =>
      page.evaluate(`[...document.querySelectorAll("canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size > 8;
      })`);
    await expect.poll(drawn).toEqual(Array.from({ length: 7 }, () => true));
    expect(faults).toEqual([]);
  });

  test("every page is accessible in light and dark, fits a phone, asks nobody, and has no error", async () => {
    const pages = [
      "#/",
      BOARD,
      "#/lineage?node=model.bank.customer_summary",
      "#/node/model.bank.customer_summary",
      "#/search?q=customer",
    ];
    for (const hash of pages) {
      for (const options of [{ dark: false }, { dark: true }, { width: 375 }]) {
        const { page, faults, accessibility } = await openFile(site, hash, options);
        await page.waitForTimeout(300);
        const where = `${hash} ${JSON.stringify(options)}`;
        if (options.width !== 375) expect(await accessibility(), where).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), where).toBeLessThanOrEqual(0);
        expect(faults, where).toEqual([]);
        await page.close();
      }
    }
  });

  test("the overview says what was published, and how the run went", async () => {
    const { page, faults } = await openFile(site, "#/");
    const text = (): Promise<string | null> => page.locator("main").textContent();
    await expect.poll(text).toContain("last build succeeded");
    await expect.poll(text).toMatch(/Relations built(\d+) of \1/);
    await expect.poll(text).toMatch(/Need attention0/);
    const published = page.locator("section", { has: page.getByRole("heading", { name: "Published" }) });
    await expect
      .poll(() => published.locator("tbody tr").textContent())
      .toMatch(/published.*marts\.customer_overview.* and \d+ more/);
    expect(faults).toEqual([]);
  });

  test("lineage is walked with the mouse and with the keyboard, searched, focused by levels, and coloured by status", async () => {
    const { page, faults } = await openFile(site, "#/lineage");
    const graph = page.getByRole("application");
    const { nodes: listed, sources } = JSON.parse(
      await readFile(join(bank.dir, "target/manifest.json"), "utf8"),
    ) as Record<string, object>;
    // Tests, hooks and analyses are not drawn; the one exposure is.
    const drawn = Object.keys(listed!).filter((id) => /^(model|seed|snapshot)\./.test(id));
    const all = drawn.length + Object.keys(sources!).length + 1;
    const nodes = page.locator("[data-node]");
    const names = async (): Promise<string[]> =>
      nodes.evaluateAll((all) => all.map((one) => one.getAttribute("data-name")!));
    const card = page.locator(".graph-card h2");
    await expect.poll(() => nodes.count()).toBe(all);

    await page.locator('[data-name="customer_overview"]').click();
    await expect.poll(() => card.textContent()).toBe("customer_overview");
    await expect.poll(() => page.locator(".edge.lit").count()).toBeGreaterThan(3);
    await expect.poll(() => page.locator(".graph-node.dim").count()).toBeGreaterThan(3);

    await graph.focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => card.textContent()).toBe("int_transactions");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => card.textContent()).not.toBe("int_transactions");
    await page.keyboard.press("Escape");
    await expect.poll(() => card.count()).toBe(0);

    const transform = (): Promise<string | null> => graph.locator("svg.drawing > g").getAttribute("transform");
    const before = await transform();
    await page.keyboard.press("+");
    await expect.poll(transform).not.toBe(before);
    const zoomed = await transform();
    const box = (await graph.boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 360, box.y + 70, { steps: 3 });
    await page.mouse.up();
    await expect.poll(transform).not.toBe(zoomed);
    await page.mouse.wheel(0, -300);
    await page.keyboard.press("0");
    await expect.poll(transform).toBe(before);

    await page.getByLabel("Find a node").fill("top_customers");
    await expect.poll(() => card.textContent()).toBe("top_customers");
    await page.getByRole("button", { name: "Only what is around it" }).click();
    await page.getByLabel("Upstream").selectOption("1");
    await page.getByLabel("Downstream").selectOption("0");
    await expect
      .poll(async () => (await names()).toSorted())
      .toEqual(["customer_overview", "dim_customers", "top_customers"]);
    await page.getByLabel("Upstream").selectOption("2");
    await expect.poll(names).toContain("int_transactions");

    await page.getByRole("button", { name: "By status" }).click();
    await expect.poll(() => page.locator(".graph-legend").textContent()).toContain("failed");
    await page.getByRole("button", { name: "Show the whole project" }).click();
    await expect.poll(() => nodes.count()).toBe(all);
    await graph.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("h1").textContent()).toBe("top_customers");
    expect(faults).toEqual([]);
  });

  test("search finds columns and SQL from anywhere, and leads to the node with its columns, tests, code and history", async () => {
    const { page, faults } = await openFile(site, "#/");
    await page.keyboard.press("/");
    await page.keyboard.type("exact_percentile");
    await page.locator(".results a").first().waitFor();
    await expect.poll(() => page.locator(".results strong").allTextContents()).toContain("customer_summary");
    await page.getByLabel("Search", { exact: true }).fill("median_amount");
    await expect
      .poll(() => page.locator(".results strong").first().textContent())
      .toMatch(/customer_summary|value_stats/);
    await page.getByRole("link", { name: /^customer_summary model/ }).click();
    await page.locator("h1", { hasText: "customer_summary" }).waitFor();

    const columns = page.locator("section", { has: page.getByRole("heading", { name: /^Columns/ }) });
    await expect.poll(() => columns.locator("tbody tr").count()).toBe(12);
    await expect
      .poll(() => columns.locator("tbody tr").first().textContent())
      .toMatch(/customer_id.*text.*bank's number.*not_null/);
    await page.locator("#sql-text .jinja").first().waitFor();
    await expect.poll(() => page.locator("#sql-text").textContent()).toContain("{{ ref('int_transactions') }}");
    await page.getByRole("tab", { name: "Compiled" }).click();
    await expect.poll(() => page.locator("#sql-text").textContent()).toContain("intermediate");
    await expect.poll(() => page.locator("#sql-text").textContent()).not.toContain("{{");
    const history = page.locator("section", { has: page.getByRole("heading", { name: "Run history" }) });
    await expect.poll(() => history.locator("tbody tr").first().textContent()).toMatch(/success364/);
    expect(await page.getByRole("heading", { name: /^Sample/ }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("sample rows are there when they were asked for, and only then", async () => {
    await made(bank, "--sample-rows", "2");
    const { page } = await openFile(site, "#/node/model.bank.customer_summary");
    const sample = page.getByRole("region", { name: "Sample rows" });
    await sample.waitFor();
    await expect.poll(() => sample.locator("tbody tr").count()).toBe(2);
  });

  test(
    "a failed run is the first thing to be seen, with what failed, where, and why",
    rig(async (rig) => {
      await rig.write({
        "models/good.sql": "select 1 as id",
        "models/bad.sql": "select 1 / 0 as broken",
        "models/after.sql": "select * from {{ ref('bad') }}",
        "models/m.yml":
          "models: [{name: good, columns: [{name: id, data_tests: [{accepted_values: {arguments: {values: [2]}}}]}]}]",
        "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodels: {+materialized: table}\n",
      });
      expect((await rig.sluice("build")).code).toBe(1);
      await made(rig);
      const site = join(rig.dir, "target", "site");
      const { page, faults, accessibility } = await openFile(site, "#/");
      const text = (): Promise<string | null> => page.locator("main").textContent();
      await expect.poll(text).toContain("last build failed");
      await expect.poll(text).toContain("accepted_values_good_id__2");
      await expect.poll(text).toMatch(/did not pass, and was not published\. What readers see, .* is as it was before/);
      await expect
        .poll(() => page.locator("tbody tr").filter({ hasText: "build" }).textContent())
        .toContain("2 failed");
      await page.goto(page.url().replace(/#.*/, "#/node/model.shop.bad"));
      await expect.poll(() => page.locator("main").textContent()).toContain("division by zero");
      await page.goto(page.url().replace(/#.*/, "#/node/model.shop.after"));
      await expect.poll(() => page.locator("main").textContent()).toContain("skipped");
      expect(await accessibility()).toEqual([]);
      expect(faults).toEqual([]);
    }),
  );

  test(
    "an empty project says how to begin",
    rig(async (rig) => {
      await mkdir(join(rig.dir, "models"));
      await made(rig);
      const site = join(rig.dir, "target", "site");
      for (const [hash, expected] of [
        ["#/", "The project has no models yet"],
        ["#/lineage", "There is nothing to draw"],
        ["#/search?q=x", "Nothing matches"],
        ["#/node/model.shop.gone", "There is no “model.shop.gone” here"],
      ] as const) {
        const { page, faults } = await openFile(site, hash);
        await expect.poll(() => page.locator("main").textContent()).toContain(expected);
        expect(faults).toEqual([]);
      }
    }),
  );

  test("artifacts that dbt wrote are shown, without a project or a database", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice site "));
    try {
      await cp(join(packageRoot(), "src/extras/site/testing/dbt-made"), folder, { recursive: true });
      const { code, all } = await startCli(["docs", "generate", "--artifacts", folder], { cwd: tmpdir() }).done;
      expect(code, all).toBe(0);
      const site = join(folder, "site");
      const overview = await openFile(site, "#/");
      await expect
        .poll(() => overview.page.locator("main").textContent())
        .toMatch(/last build failed.*division by zero.*3 days.*7 days/s);
      const board = await openFile(site, "#/dashboard/shop_board");
      await expect.poll(() => board.page.locator("main").textContent()).toContain("without a database");
      const node = await openFile(site, "#/node/model.shop.stg_orders");
      await node.page.locator("em", { hasText: "delivered" }).waitFor();
      await expect.poll(() => node.page.locator("img").count()).toBe(1);
      for (const { faults, accessibility } of [overview, board, node]) {
        expect(await accessibility()).toEqual([]);
        expect(faults).toEqual([]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a thousand models are drawn, searched and focused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice site "));
    try {
      writeBigArtifacts(folder, 1000);
      const { code, all } = await startCli(["docs", "generate", "--artifacts", folder], { cwd: tmpdir() }).done;
      expect(code, all).toBe(0);
      const { page, faults, accessibility } = await openFile(join(folder, "site"), "#/lineage");
      await expect.poll(() => page.locator("[data-node]").count()).toBe(1001);
      await page.getByLabel("Find a node").fill("core_orders_by_region_500");
      await page.getByRole("button", { name: "Only what is around it" }).click();
      await expect.poll(() => page.locator("[data-node]").count()).toBeLessThan(30);
      expect(await accessibility()).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test(
    "the served site loads again when a build has finished",
    rig(async (rig) => {
      await rig.write({ "models/a.sql": "select 1 as id" });
      expect((await rig.sluice("build")).code).toBe(0);
      let heard = "";
      let tell = (): void => {};
      const said = new Promise<void>((resolve) => (tell = resolve));
      const serving = rig.start(["docs", "serve", "--port", "0"], {
        onStdout: (text) => {
          heard += text;
          if (/http:\S+/.test(heard)) tell();
        },
      });
      try {
        await said;
        const url = /http:\/\/[\d.:]+\//.exec(heard)![0];
        const { page, faults } = await browser.open(`${url}#/lineage`, url);
        await expect.poll(() => page.locator("[data-node]").count()).toBe(1);
        await rig.write({ "models/b.sql": "select * from {{ ref('a') }}" });
        expect((await rig.sluice("build")).code).toBe(0);
        await expect.poll(() => page.locator("[data-node]").count(), { timeout: 20_000 }).toBe(2);
        expect(faults).toEqual([]);
        await page.close();
      } finally {
        serving.kill("SIGINT");
      }
      expect((await serving.done).code).toBe(0);
    }),
  );
});

/** A panel's table, cell by cell. */
async function rowsIn(page: Page, panel: string): Promise<string[][]> {
  const rows = page.locator(`[data-panel="${panel}"] .rows-table tbody tr`);
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
}
