import { expect, test } from "vitest";
import { Jinja } from "./environment.ts";

const keywords = (text: string): Readonly<Record<string, string>> =>
  new Jinja().template(text, { path: "a.sql", absolute: "/a.sql", text }).keywords("config");

test("what config() is given is told as dbt writes it, however it is spaced and quoted", () => {
  const given = `{{ config(
    materialized = "table", enabled=true, none=None, n=1, f=1.0, schema=var("s",'x'),
    tags=["a",var('t')], pair=('a',), meta={"k":target.name , 'n': -1}, item=x[0], joined='a'~b,
    test=a==1 and not b or c in d, call=f(1,*more, k=2, **rest)) }}`;
  expect(keywords(given)).toEqual({
    materialized: "table",
    enabled: "True",
    none: "None",
    n: "1",
    f: "1.0",
    schema: "var('s', 'x')",
    tags: "['a', var('t')]",
    pair: "('a',)",
    meta: "{'k': target.name, 'n': -1}",
    item: "x[0]",
    joined: "'a' ~ b",
    test: "a == 1 and not b or c in d",
    call: "f(1, *more, k=2, **rest)",
  });
});

test("what has no such form stands as it is written; the first call counts, wherever it stands", () => {
  const text =
    "{% if x %}{{ config(schema=target.schema | upper, alias='b' if y else 'c') }}{% endif %}{{ config(schema='z') }}";
  expect(keywords(text)).toEqual({ schema: "target.schema | upper", alias: "'b' if y else 'c'" });
  expect(keywords("select 1")).toEqual({});
});
