/** Statements that fail because another transaction was in the way are tried again. */
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

/** Fails like a loser among transactions, until it has been asked so many times. Sequences are not rolled back. */
const loser = (times: number): string => `create sequence asked;
create function loser() returns int language plpgsql as $$
begin
  if nextval('asked') <= ${times} then raise exception 'somebody was faster' using errcode = '40001'; end if;
  return 1;
end $$`;
const MODEL = "{{ config(materialized='table') }} select public.loser() as id";

test(
  "a step that loses against another transaction is tried again, on the same session, and is told once",
  rig(async ({ write, sluice, rows }) => {
    await rows(loser(2));
    await write({ "models/a.sql": MODEL });
    const { code, stdout } = await sluice("build");
    expect(code, stdout).toBe(0);
    expect(stdout.match(/created sql table model analytics\.a/g)).toHaveLength(1);
    expect(await rows("select last_value::int as tries from asked")).toEqual([{ tries: 3 }]);
  }),
);

test(
  "a step that loses again and again fails after the fourth try, with what Postgres said",
  rig(async ({ write, sluice, rows }) => {
    await rows(loser(99));
    await write({ "models/a.sql": MODEL });
    const { code, stdout } = await sluice("build");
    expect([code, stdout]).toEqual([1, expect.stringContaining("sql-40001  somebody was faster")]);
    expect(await rows("select last_value::int as tries from asked")).toEqual([{ tries: 4 }]);
  }),
);

test(
  "any other error is final at once",
  rig(async ({ write, sluice, rows }) => {
    await rows("create sequence asked");
    await write({
      "models/a.sql":
        "{{ config(materialized='table') }} select 1 / (nextval('public.asked') - nextval('public.asked') + 1) as id",
    });
    expect((await sluice("build")).code).toBe(1);
    expect(await rows("select last_value::int as tries from asked")).toEqual([{ tries: 2 }]);
  }),
);
