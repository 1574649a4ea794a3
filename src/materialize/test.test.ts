import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeId, type DataTestNode } from "../parse/manifest.ts";
import type { Mapping } from "../project/types.ts";
import { runTest, type TestVerdict } from "./test.ts";
import { drive } from "./testing/drive.ts";
import { makeNode } from "./testing/node.ts";
import { openRig, type Rig } from "./testing/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.reset());

async function judge(sql: string, config: Mapping = {}): Promise<TestVerdict> {
  const node: DataTestNode = {
    ...makeNode({ name: "t", schema: "audit", config }),
    id: nodeId("test", "p", "t"),
    kind: "test",
  };
  return rig.session(async (session) => (await drive(session, runTest({ node, sql }))).value);
}
const failing = (n: number): string => `select g as id, null::text as x, true as b from generate_series(1, ${n}) g`;

test("no more failures are stored than the limit says", async () => {
  expect(await judge(failing(9), { store_failures: true, limit: 4 })).toMatchObject({ status: "fail", failures: 4 });
  expect(await rig.rows("select count(*)::int as n from audit.t")).toEqual([{ n: 4 }]);
});

describe("the verdict", () => {
  test.each([
    [0, {}, "pass"],
    [1, {}, "fail"],
    [1, { severity: "warn" }, "warn"],
    [1, { severity: "WARN", error_if: "> 0" }, "warn"],
    [3, { error_if: "> 5" }, "warn"],
    [6, { error_if: "> 5", warn_if: "> 2" }, "fail"],
    [2, { error_if: "> 5", warn_if: "> 2" }, "pass"],
    [9, { limit: 3, error_if: "> 5" }, "warn"],
    [3, { fail_calc: "max(id) - 3" }, "pass"],
    [0, { fail_calc: "max(id)" }, "pass"],
  ] as const)("of %i rows with %j is %s", async (n, config, status) => {
    expect((await judge(failing(n), config as Mapping)).status).toBe(status);
  });

  test("comes with the first five rows and the SQL to see all", async () => {
    const verdict = await judge(failing(7));
    expect(verdict).toMatchObject({
      failures: 7,
      shouldError: true,
      message: "Got 7 results, configured to fail if != 0",
      query: failing(7),
    });
    expect(verdict.sample!.columns).toEqual(["id", "x", "b"]);
    expect(verdict.sample!.rows).toHaveLength(5);
    expect(verdict.sample!.rows[0]).toEqual(["1", null, "true"]);
  });
});

test("a test that passes has no failures, whatever it counted", async () => {
  expect(await judge(failing(2), { error_if: "> 5", warn_if: "> 2" })).toMatchObject({ status: "pass", failures: 0 });
});

test.each([
  [{ store_failures: true }, "r"],
  [{ store_failures_as: "table" }, "r"],
  [{ store_failures_as: "view" }, "v"],
] as const)("with %j, failures are kept until the next run", async (config, kind) => {
  await rig.sql("drop schema if exists audit cascade");
  for (const n of [2, 0, 3]) {
    const verdict = await judge(failing(n), config as Mapping);
    expect(verdict.failures).toBe(n);
    expect(await rig.rows(`select count(*) as n from audit.t`)).toEqual([{ n }]);
    if (n) expect(verdict.query).toBe('select * from "audit"."t"');
  }
  expect(await rig.rows("select relkind as k from pg_class where oid = 'audit.t'::regclass")).toEqual([{ k: kind }]);
});
