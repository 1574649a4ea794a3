import { expect, test } from "vitest";
import { rig } from "../rig.ts";

test(
  "a model is built, and building again after an edit shows the change",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/a.sql": "{{ config(materialized='table') }}\nselect 1 as id" });
    expect((await sluice("build")).code).toBe(0);
    await write({ "models/a.sql": "{{ config(materialized='table') }}\nselect 2 as id" });
    expect((await sluice("build")).code).toBe(0);
    expect(await rows("select id from analytics.a")).toEqual([{ id: 2 }]);
  }),
);
