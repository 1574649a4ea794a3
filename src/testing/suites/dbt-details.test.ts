/** Details of dbt's verbs and artifacts that scripts look at. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const SHOP = {
  "seeds/s.csv": "id,name\n1,ann\n2,bob\n",
  "models/a.sql": "{{ config(materialized='table') }}\nselect id from {{ ref('s') }}",
  "models/b.sql": "select id from {{ ref('a') }}",
  "models/schema.yml": `
models: [{name: a, columns: [{name: id, data_tests: [{accepted_values: {arguments: {values: [1, 2]}}}]}]}]
exposures:
  - {name: on_a, type: dashboard, owner: {name: me}, depends_on: [ref('a')]}
  - {name: on_b, type: dashboard, owner: {name: me}, depends_on: [ref('b')]}`,
};
const artifact = async <T>(dir: string, name: string): Promise<T> =>
  JSON.parse(await readFile(join(dir, "target", name), "utf8")) as T;

interface RunResults {
  results: { unique_id: string; status: string; message: string | null; adapter_response: object }[];
}

test(
  "exposures have results of build: nothing to do, or skipped with what they show",
  rig(async ({ dir, write, sluice }) => {
    await write(SHOP);
    const good = await sluice("build");
    expect(good.stdout).toMatch(/\d of 6 NO-OP exposure on_b \.+ \[NO-OP in 0\.00s\]/);
    expect(good.stdout).not.toContain("START exposure");
    expect(good.stdout).toContain("Finished running 2 exposures, 1 seed, 1 table model, 1 data test, 1 view model");
    expect(good.stdout).toContain("Done. PASS=4 WARN=0 ERROR=0 SKIP=0 NO-OP=2 REUSED=0 TOTAL=6");
    const { results } = await artifact<RunResults>(dir, "run_results.json");
    expect(results.find((one) => one.unique_id === "exposure.shop.on_b")).toMatchObject({
      status: "no-op",
      message: "NO-OP",
      adapter_response: {},
    });
    const test = results.find((one) => one.unique_id.startsWith("test."));
    expect(test?.adapter_response).toEqual({ _message: "SELECT 1", code: "SELECT", rows_affected: 1 });
    expect((await sluice("run")).stdout).not.toContain("NO-OP exposure");
    // A failing test holds back what is made of the table, and so the dashboards on that; not those on the table.
    await write({ "seeds/s.csv": "id,name\n1,ann\n9,bob\n" });
    const bad = await sluice("build");
    expect(bad.stdout).toContain("NO-OP exposure on_a");
    expect(bad.stdout).toContain("SKIP exposure on_b");
    expect((await sluice("build", "--resource-type", "exposure")).stdout).toContain("NO-OP=2 REUSED=0 TOTAL=2");
  }),
);

test(
  "graph_summary.json has the graph by numbers, and of build what waits for tests",
  rig(async ({ dir, write, sluice }) => {
    await write({ ...SHOP, "dbt_project.yml": "name: shop\nprofile: shop\non-run-end: select 1\n" });
    await sluice("build");
    type Part = Record<string, { name: string; type: string; succ?: number[] }>;
    const summary = await artifact<{ linked: Part; with_test_edges: Part }>(dir, "graph_summary.json");
    const edges = (part: Part): string[] =>
      Object.values(part).flatMap((one) => (one.succ ?? []).map((n) => `${one.name} > ${part[String(n)]!.name}`));
    const gate = edges(summary.with_test_edges).filter((edge) => !edges(summary.linked).includes(edge));
    expect(gate).toEqual([expect.stringMatching(/^test\.shop\.accepted_values_a_id__1__2\.\w+ > model\.shop\.b$/)]);
    expect(edges(summary.linked)).toContain("model.shop.b > exposure.shop.on_b");
    expect(Object.values(summary.linked).map((one) => one.type)).toContain("operation");
    await sluice("run");
    expect(await artifact(dir, "graph_summary.json")).not.toHaveProperty("with_test_edges");
  }),
);

test(
  "what templates print is output: bare, whatever --quiet says, and absent with --no-print",
  rig(async ({ write, sluice }) => {
    await write({
      "macros/m.sql":
        "{% macro m() %}{{ print('models:') }}{{ log('logged', true) }}{% do run_query(\"select 1 as n, interval '1 day' as i\").print_table() %}{% endmacro %}",
    });
    const printed = "models:\n| n | i              |\n| - | -------------- |\n| 1 | 1 day, 0:00:00 |\n";
    expect(await sluice("run-operation", "m", "--quiet")).toMatchObject({ code: 0, stdout: printed, stderr: "" });
    const loud = await sluice("run-operation", "m");
    expect(loud.stdout).toMatch(/^models:$/m);
    expect(loud.stdout).toMatch(/^\d\d:\d\d:\d\d {2}logged$/m);
    expect((await sluice("run-operation", "m", "--quiet", "--no-print")).stdout).toBe("");
    const events = (await sluice("run-operation", "m", "--log-format", "json")).stdout.trim().split("\n");
    const names = events.map((line) => (JSON.parse(line) as { info: { name: string } }).info.name);
    expect(names).toEqual(["MainReportVersion", "PrintEvent", "JinjaLogInfo", "PrintEvent"]);
  }),
);

test(
  "compile needs no server with --no-introspect, and leaves out what ephemeral models put in",
  rig(async ({ dir, write, start, sluice }) => {
    await write({
      "profiles.yml":
        "shop: {target: dev, outputs: {dev: {type: postgres, url: 'postgresql://u@127.0.0.1:1/x', schema: s}}}",
      "models/e.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
      "models/a.sql":
        "{{ config(materialized='incremental') }} select id from {{ ref('e') }} {% if is_incremental() %} x {% endif %}",
      "models/asking.sql": "select {{ run_query('select 1').columns[0].values()[0] if execute }} as id",
    });
    const flags = ["--no-introspect", "--no-inject-ephemeral-ctes"];
    expect(await sluice("compile", "-s", "a", "-q", ...flags)).toMatchObject({ code: 0 });
    const compiled = await readFile(join(dir, "target/compiled/shop/models/a.sql"), "utf8");
    expect(compiled.trim()).toBe("select id from __dbt__cte__e");
    const asking = await sluice("compile", "-s", "asking", "--no-introspect");
    expect(asking).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("models/asking.sql:1:11  introspection-off"),
    });
    expect((await sluice("debug", "--config-dir")).stdout.trim()).toBe(dir);
    expect((await sluice("docs", "serve", "--host", "0.0.0.0")).stderr).toContain("served to this machine only");
    const before = await start(["--indirect-selection", "eager", "ls", "--version"], {}).done;
    expect(before).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect((await start(["--indirect-selection", "eager", "ls", "-s", "a"], {}).done).stdout).toBe("shop.a\n");
  }),
);

test(
  "show runs a query as it is written, and a model as a full refresh would",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql":
        "{{ config(materialized='incremental') }} select '{{ flags.FULL_REFRESH }}' as full, '{{ is_incremental() }}' as more",
    });
    await sluice("run");
    const more = async (...flags: string[]): Promise<string> =>
      (await sluice("show", "-s", "a", "-q", "--output", "json", ...flags)).stdout.replaceAll(/\s+/g, "");
    expect(await more()).toContain('{"full":"False","more":"True"}');
    expect(await more("--full-refresh")).toContain('{"full":"True","more":"False"}');
    const direct = await sluice("show", "--inline-direct", "select '{{ x }}' as as_written", "-q");
    expect(direct.stdout).toContain("{{ x }}");
  }),
);

test(
  "seed --show prints rows of each seed",
  rig(async ({ write, sluice }) => {
    await write(SHOP);
    const { stdout } = await sluice("seed", "--show");
    expect(stdout).toMatch(/Random sample of table: analytics\.s\n-{35}\nid {2}name\n[─ ]+\n( \d {2}(ann|bob)\n){2}/);
    expect((await sluice("seed")).stdout).not.toContain("Random sample");
  }),
);

test(
  "ls --models lists models only, and goes with no other words for that",
  rig(async ({ write, sluice }) => {
    await write(SHOP);
    expect((await sluice("ls", "--models", "+a", "b")).stdout).toBe("shop.a\nshop.b\n");
    expect((await sluice("ls", "--select", "+a")).stdout).toContain("shop.s\n");
    expect(await sluice("ls", "-m", "a", "--resource-type", "model")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--models and --resource-type exclude one another"),
    });
  }),
);

test(
  "clean leaves what lies outside of the project, unless told otherwise; never what holds the project",
  rig(async ({ dir, write, sluice }) => {
    const outside = join(dir, "out", "side");
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, "kept.txt"), "");
    const project = (target: string): Record<string, string> => ({
      "in/dbt_project.yml": `name: shop\nprofile: shop\nclean-targets: ['${target}']\n`,
      "in/profiles.yml":
        "shop: {target: dev, outputs: {dev: {type: postgres, url: 'postgresql://u@x/y', schema: s}}}\n",
    });
    await write(project("../out/side"));
    const refused = await sluice("clean", "--project-dir", "in");
    expect(refused.stderr).toContain("--no-clean-project-files-only deletes it all the same");
    expect(existsSync(outside)).toBe(true);
    expect(await sluice("clean", "--project-dir", "in", "--no-clean-project-files-only")).toMatchObject({ code: 0 });
    expect(existsSync(outside)).toBe(false);
    await write(project(".."));
    expect((await sluice("clean", "--project-dir", "in", "--no-clean-project-files-only")).code).toBe(2);
    expect(existsSync(join(dir, "in", "dbt_project.yml"))).toBe(true);
  }),
);
