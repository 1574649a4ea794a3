import { expect, test } from "vitest";
import { namedRelations, writtenRelations } from "./sql-relations.ts";

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
  ["with a as (select * from t), t as (select * from s.u) select * from t, a", ["t", "s.u"]],
  ["with recursive a as (select * from t), t as (select * from a) select * from t", []],
  ["select * from (with t as (select 1) select * from t) q join t on true", ["t"]],
  ["with t as (select 1) select (select max(x) from t) from t where x in (select y from t)", []],
  ["with t as (with t as (select * from s.a) select * from t) select * from t", ["s.a"]],
  ["with t as (select * from t) select * from t", ["t"]],
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
