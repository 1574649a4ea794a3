import { expect, test } from "vitest";
import { calledNames, canonical, namedRelations, writtenRelations } from "./sql-text.ts";

test.each([
  ["select 1", "SELECT\n  1 -- one"],
  ["select a from b", "select /* x /* nested */ */ a\tfrom\n\nb"],
  ["select 'A  b'", "SELECT 'A  b'"],
])("layout, comments and case of words do not count: %s", (one, other) => {
  expect(canonical(one)).toBe(canonical(other));
});

test.each([
  ["select 'a'", "select 'A'"],
  ["select 'a  b'", "select 'a b'"],
  ['select "A"', "select a"],
  ["select 1.5", "select 15"],
  ["select 'x' -- y", "select 'x -- y'"],
  ["select $$ a $$", "select $$ b $$"],
  ["select e'a\\'--' , 1", "select e'a\\'--' , 2"],
  ["select a - -b", "select a --b"],
  ["select u&'d\\0061t'", "select 'd\\0061t'"],
])("what it means does: %s is not %s", (one, other) => {
  expect(canonical(one)).not.toBe(canonical(other));
});

test("functions are names before a parenthesis", () => {
  expect([...calledNames(`select now(), "My F"(1), x in (1), 'no()' from t -- random()`)]).toEqual([
    "now",
    "My F",
    "in",
  ]);
});

test.each([
  ["select * from a.b join c on true", ["a.b", "c"]],
  ["with x as (select * from s.t), y (i) as materialized (select 1) select * from x, y, s.u as z", ["s.t", "s.u"]],
  ["select extract(day from d), trim(both 'x' from n), a is distinct from b from s.t", ["s.t"]],
  [
    'select * from "d"."S x"."T" t, lateral (select * from s.u) v, generate_series(1, 2) g where a in (1, b)',
    ["S x.T", "s.u"],
  ],
  ["select a, b from (select 1) q, (values (1)) v order by a, b", []],
  ["select coalesce(x, y), z from only s.t left join s.u using (k, l), s.w", ["s.t", "s.u", "s.w"]],
  ["select * from (a join b on true) join ((c) cross join d) on true", ["a", "b", "c", "d"]],
  ["create view v as table s.t union all table u", ["s.t", "u"]],
])("relations are names after from and join: %s", (sql, names) => {
  expect([...namedRelations(sql)]).toEqual(names);
});

test.each([
  ["insert into a.log (x) select 1 from t", ["a.log"]],
  ['insert into "d"."a"."Log" values (1)', ["a.Log"]],
  ["update t set x = 1; delete from only s.u where true", ["t", "s.u"]],
  ["truncate table t; truncate u; merge into v using w on true when matched then update set x = 1", ["t", "u", "v"]],
  ["copy t from '/dev/null'", ["t"]],
  ["call audit(); do $$ begin end $$", ["call", "do"]],
  ["insert into t values (1) on conflict (x) do update set x = 2", ["t"]],
  ["select * from t for update", []],
  ["grant select, update on t to bob; create index on t (\"update\"); comment on table t is 'insert into x'", []],
  ["with gone as (delete from t returning *) insert into u select * from gone", ["t", "u"]],
])("what is written to: %s", (sql, expected) => {
  expect([...writtenRelations(sql)]).toEqual(expected);
});
