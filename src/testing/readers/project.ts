/** A small project with a node of every kind, all of whose relations tell the version of the data they were built from. */

/** The one row of `raw.counter` says the version; a version below zero does not pass the tests. */
export const SOURCE =
  "create schema raw; create table raw.counter (id int primary key, version int not null); insert into raw.counter values (1, 0)";

export const setVersion = (version: number): string => `update raw.counter set version = ${version}`;

const table = (sql: string, config = ""): string => `{{ config(materialized='table'${config}) }}\n${sql}`;

export const FILES: Readonly<Record<string, string>> = {
  "models/sources.yml": "sources: [{name: raw, tables: [{name: counter, loaded_at_field: version}]}]\n",
  "models/first.sql": table(
    "select version, n as id from {{ source('raw', 'counter') }} cross join generate_series(1, 200) as n",
    ", indexes=[{'columns': ['id'], 'unique': true}]",
  ),
  "models/second.sql": table("select version, id from {{ ref('first') }}", ", schema='more'"),
  "models/both.sql": "select version, id from {{ ref('first') }} union all select version, id from {{ ref('second') }}",
  "models/above.sql": "select * from {{ ref('both') }} union all select max(version), 0 from {{ ref('added') }}",
  "models/kept.sql": "{{ config(materialized='materialized_view') }} select version from {{ ref('first') }}",
  "models/added.sql": `{{ config(materialized='incremental', incremental_strategy='append') }}
select version from {{ source('raw', 'counter') }}
{% if is_incremental() %} where version > (select max(version) from {{ this }}) {% endif %}`,
  // A function whose body reads what is published with it, and a view that calls it.
  "functions/newest.sql": "select max(version) from {{ ref('first') }}",
  "functions/newest.yml": "functions: [{name: newest, returns: {data_type: int}, config: {volatility: stable}}]\n",
  "models/told.sql": "select version, {{ function('newest') }}() as newest from {{ ref('second') }} limit 1",
  // Row 0 changes with each version, and each version brings a row.
  "models/merged.sql": `{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='id') }}
select 0 as id, version from {{ source('raw', 'counter') }}
union all select version, version from {{ source('raw', 'counter') }}`,
  "snapshots/history.yml": `snapshots:
  - name: history
    relation: source('raw', 'counter')
    config: {unique_key: id, strategy: check, check_cols: [version], schema: more}\n`,
  "tests/passes.sql": "select * from {{ ref('both') }} where version < 0",
  "tests/stays.sql": "select * from {{ ref('history') }} where version < 0",
};

/** Somebody else's view, which no build knows of. */
export const STRANGER = `create schema stranger;
create view stranger.watch as select version from analytics.first union all select version from analytics_more.second
  union all select max(version) from analytics.added`;

/**
 * How each relation tells its version, twice: `low` and `high` are the same unless something is mixed, lost or doubled.
 * Versions count from 1, so what grows by a row with each must hold as many.
 */
export const FACES: Readonly<Record<string, string>> = {
  first: "select min(version) as low, max(version) as high from analytics.first",
  second: "select min(version), max(version) from analytics_more.second",
  both: "select min(version), max(version) from analytics.both",
  above: "select min(version), max(version) from analytics.above",
  kept: "select min(version), max(version) from analytics.kept",
  told: "select min(version), max(newest) from analytics.told",
  added: "select max(version), count(*)::int from analytics.added",
  merged: "select max(version) filter (where id = 0), count(*)::int - 1 from analytics.merged",
  history: "select max(version) filter (where dbt_valid_to is null), count(*)::int from analytics_more.history",
  stranger: "select min(version), max(version) from stranger.watch",
};

export const FIRST = "analytics.first";
