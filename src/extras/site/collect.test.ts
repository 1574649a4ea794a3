/** The artifacts in testing/dbt-made were written by dbt 1.12.6 of a shop's project of ours; macros are left out. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Failure } from "../../index.ts";
import { packageRoot } from "../../lib/package-root.ts";
import { readArtifacts } from "./artifacts.ts";
import { collect } from "./collect.ts";
import type { NodeDetail, SiteData, SiteNode } from "./data.ts";
import { generateSite } from "./generate.ts";

const DBT_MADE = join(packageRoot(), "src/extras/site/testing/dbt-made");
const collected = collect(await readArtifacts(DBT_MADE), { generatedAt: new Date(0) });
const { site, details } = collected;
const node = (name: string): SiteNode => site.nodes.find((one) => one.name === name)!;
const detail = (name: string): NodeDetail => details[site.nodes.indexOf(node(name))]!;

test("nodes have layer, relation, edges and what became of them, whoever wrote the artifacts", () => {
  expect(site).toMatchObject({ project: "shop", writtenBy: "dbt 1.12.6", generatedAt: "1970-01-01T00:00:00.000Z" });
  expect(site.nodes.map(({ name, kind, layer, status }) => `${kind} ${name} (${layer}): ${status}`).toSorted()).toEqual(
    [
      "exposure old_board (exposure): none",
      "exposure shop_board (exposure): none",
      "model after_broken (marts): skipped",
      "model broken (marts): error",
      "model sales_by_shop (marts): success",
      "model shop_report (marts): skipped",
      "model stg_orders (staging): success",
      "seed orders (seed): success",
      "source crm.shops (source): none",
    ],
  );
  const report = node("shop_report");
  expect(report.parents.map((parent) => site.nodes[parent]!.name).toSorted()).toEqual(["crm.shops", "sales_by_shop"]);
  expect(node("sales_by_shop")).toMatchObject({
    relation: "shop.sales_by_shop",
    materialized: "table",
    tags: ["daily"],
    rows: 2,
    tests: { pass: 2, warn: 0, fail: 1, none: 0 },
  });
});

test("columns have the database's types, descriptions, and tests", () => {
  expect(detail("stg_orders").columns).toEqual([
    {
      name: "order_id",
      type: "integer",
      description: "Number of the order.",
      tests: [
        ["unique", "pass"],
        ["not_null", "pass"],
      ],
    },
    { name: "shop", type: "text", description: "", tests: [] },
    {
      name: "amount",
      type: "numeric(18,2)",
      description: "The <code>amount</code>, in whole cents.",
      tests: [["accepted_range_of_ours", "warn"]],
    },
    { name: "sold_on", type: "date", description: "", tests: [] },
  ]);
  expect(detail("crm.shops")).toMatchObject({ comment: "Kept by hand.", columns: [{ comment: "Its name." }, {}] });
});

test("descriptions run nothing and fetch nothing", () => {
  const { description } = detail("stg_orders");
  expect(description).toContain("<em>delivered</em>");
  expect(description).toContain("&lt;img");
  expect(description).not.toContain("<img");
  expect(description).toContain('<a href="https://example.com/guide">');
  expect(node("stg_orders").summary).not.toContain("*");
});

test("problems are those of the run, errors first, each with its node", () => {
  expect(site.problems.map((p) => [p.status, p.name, site.nodes[p.node!]!.name])).toEqual([
    ["error", "broken", "broken"],
    ["fail", "no_poor_shop", "sales_by_shop"],
    ["warn", "accepted_range_of_ours_stg_orders_amount", "stg_orders"],
  ]);
  expect(site.problems[0]!.message).toContain("division by zero");
  expect(site.runs).toMatchObject([{ command: "build", status: "error", counts: { error: 1, fail: 1, warn: 1 } }]);
});

test("freshness, tests and code are there", () => {
  expect(site.freshness).toMatchObject([{ status: "warn", warnAfter: "1 day", errorAfter: "7 days" }]);
  expect(site.freshness[0]!.ageSeconds).toBeGreaterThan(86400);
  const tests = detail("sales_by_shop").tests.map(({ name, kind, status }) => `${kind} ${name}: ${status}`);
  expect(tests).toEqual(["singular no_poor_shop: fail", "generic unique: pass", "unit sums_by_shop: pass"]);
  expect(detail("sales_by_shop").compiled).toContain('"shop"."stg_orders"');
  expect(detail("sales_by_shop").source).toContain("{{ ref('stg_orders') }}");
});

test("results of a command that built nothing say nothing of the nodes", async () => {
  const artifacts = await readArtifacts(DBT_MADE);
  const compiled = { ...artifacts, runResults: { ...artifacts.runResults, args: { which: "generate" } } };
  const { site: looked } = collect(compiled, { generatedAt: new Date(0) });
  expect(new Set(looked.nodes.map(({ status }) => status))).toEqual(new Set(["none"]));
  expect(looked).toMatchObject({ runs: [], problems: [], tests: { pass: 0, fail: 0 } });
  expect(looked.notes).toEqual([expect.stringContaining("nothing is known of the last run")]);
  const at = "2026-01-01T00:00:00.000Z";
  const history = {
    runs: [{ id: "r", command: "build", status: "error", startedAt: at, counts: { error: 1 } }],
    nodes: new Map([["model.shop.broken", [{ run: "r", at, status: "error" as const, seconds: 1, message: "no" }]]]),
    publications: [],
  };
  const { site: known } = collect(compiled, { generatedAt: new Date(0), history });
  expect(known.problems).toMatchObject([{ name: "broken", message: "no" }]);
  expect(known.notes).toEqual([]);
});

test("what the last run left as it was has the rows and the time of the run that built it", async () => {
  const artifacts = await readArtifacts(DBT_MADE);
  const entry = { at: "2026-01-01T00:00:00.000Z", seconds: 0.001 };
  const entries = [
    { ...entry, run: "b", status: "reused" as const },
    { ...entry, run: "a", status: "success" as const, seconds: 7, rows: 364 },
  ];
  const history = { runs: [], nodes: new Map([["model.shop.stg_orders", entries]]), publications: [] };
  const { site: known } = collect(artifacts, { generatedAt: new Date(0), history });
  expect(known.nodes.find((one) => one.name === "stg_orders")).toMatchObject({
    status: "success",
    seconds: 7,
    rows: 364,
  });
});

/** What the scripts beside the page leave behind. */
async function dataOf(out: string): Promise<{ site: SiteData } & Record<string, unknown>> {
  const window: { sluice?: { site: SiteData } & Record<string, unknown> } = {};
  for (const file of await readdir(join(out, "data"))) {
    runInNewContext(await readFile(join(out, "data", file), "utf8"), { window });
  }
  return window.sluice!;
}

test("a site made of artifacts alone has panels that say where rows come from", async () => {
  const out = await mkdtemp(join(tmpdir(), "sluice site "));
  try {
    const made = await generateSite({ artifacts: DBT_MADE, out });
    expect(made).toMatchObject({ page: join(out, "index.html"), nodes: 9, notes: [] });
    const data = await dataOf(out);
    expect(data.site.dashboards.map(({ title, panels }) => [title, panels.length])).toEqual([
      ["The shops", 2],
      ["Old board", 0],
    ]);
    expect(data.site.dashboards[1]!.url).toBe("https://bi.example.com/boards/7");
    const [best, months] = data.site.dashboards[0]!.panels;
    expect(best!.data).toBeUndefined();
    expect(best!.problem).toContain("without a database");
    expect(best!.tests).toEqual({ pass: 2, warn: 0, fail: 1, none: 0 });
    expect(months!.reads.map((index) => data.site.nodes[index]!.name)).toEqual(["stg_orders"]);
    expect(Object.keys(data).toSorted()).toEqual(["nodes-0", "search", "site"]);
    const page = await readFile(join(out, "index.html"), "utf8");
    expect(page).not.toMatch(/https?:\/\//);
  } finally {
    await rm(out, { recursive: true });
  }
});

test("without a manifest, or with half of one, it says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice site "));
  await expect(generateSite({ artifacts: folder, out: join(folder, "site") })).rejects.toThrow(Failure);
  await writeFile(join(folder, "manifest.json"), '{"nodes": ');
  await expect(generateSite({ artifacts: folder, out: join(folder, "site") })).rejects.toThrow("is no JSON");
  await rm(folder, { recursive: true });
});
