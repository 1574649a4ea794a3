/** When a model is incremental, and when it is made anew, through the real command line. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a view that becomes incremental is made whole, then grows, and --full-refresh makes it whole again",
  rig(async ({ write, sluice, rows }) => {
    const model = (kind: string): string =>
      `{{ config(materialized='${kind}') }} select {{ 1 if is_incremental() else 0 }} as increments`;
    const built = async (...flags: string[]): Promise<unknown[]> => {
      const { code, all } = await sluice("run", ...flags);
      expect(code, all).toBe(0);
      const found = await rows<{ increments: number }>("select increments from analytics.a order by 1");
      return found.map((row) => row.increments);
    };
    await write({ "models/a.sql": model("view") });
    expect(await built()).toEqual([0]);
    await write({ "models/a.sql": model("incremental") });
    expect(await built()).toEqual([0]);
    expect(await built(), "it has never run with is_incremental()").toEqual([0, 1]);
    expect(await built(), "it appends each time, as nothing in it looks at what is there").toEqual([0, 1, 1]);
    expect(await built("--full-refresh")).toEqual([0]);
  }),
);
