/** Publishing together against replacing relation by relation, in turns in the same database, under readers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { open, rollback, type Sluice } from "../src/index.ts";
import { copyBank } from "../src/testing/bank/copy.ts";
import { withClient } from "../src/testing/chaos/state.ts";
import { startReaders } from "../src/testing/readers/readers.ts";
import { testDatabase } from "../src/testing/server.ts";
import { CLI, median, timed } from "./measure.ts";

interface Bench {
  readonly dir: string;
  readonly url: string;
  sql(text: string): Promise<unknown>;
}

async function withProject<T>(
  files: Record<string, string>,
  name: string,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const database = await testDatabase();
  const { url } = database;
  const profile = `${name}: {target: dev, outputs: {dev: {type: postgres, url: '${url}', schema: marts, threads: 4}}}\n`;
  try {
    for (const [path, text] of Object.entries({ ...files, "profiles.yml": profile })) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    return await work({ dir, url, sql: (text) => withClient(url, (client) => client.query(text)) });
  } finally {
    await database.drop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const WIDE = "name: wide\nversion: '1.0'\nprofile: wide\n";
const COUNTER = "create schema raw; create table raw.counter (version int); insert into raw.counter values (1)";
const SOURCES = "sources: [{name: raw, tables: [{name: counter, loaded_at_field: version}]}]\n";

/** Tables and views over them, half and half. */
function wideProject(relations: number, rows: number): Record<string, string> {
  const files: Record<string, string> = { "dbt_project.yml": WIDE, "models/sources.yml": SOURCES };
  for (let i = 0; i < relations / 2; i++) {
    files[`models/t${i}.sql`] =
      `{{ config(materialized='table') }} select n as id, version, md5(n::text) as text from {{ source('raw', 'counter') }}, generate_series(1, ${rows}) n`;
    files[`models/v${i}.sql`] = `select id, version from {{ ref('t${i}') }} where id > 0`;
  }
  return files;
}

interface Built {
  /** Seconds of the run, without start and parse. */
  readonly seconds: number;
  /** Milliseconds. */
  readonly waited: number;
  readonly held: number;
}

async function inTurn<T>(sluice: Promise<Sluice>, work: (sluice: Sluice) => Promise<T>): Promise<T> {
  const opened = await sluice;
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

function build(dir: string, direct: boolean, force = true): Promise<Built> {
  return inTurn(open(dir, { command: "build" }), async (sluice) => {
    const plan = await sluice.plan({ selection: sluice.select().selection, testsGate: true, direct, force });
    const { ok, seconds, publication, results, unpublished } = await sluice.run(plan);
    if (!ok || unpublished)
      throw new Error(`The build failed: ${unpublished?.message ?? results.find((r) => r.diagnostic)?.message}`);
    const { waited = 0, held = 0 } = publication ?? {};
    return { seconds, waited: waited * 1000, held: held * 1000 };
  });
}

const least = (numbers: readonly number[]): number => Math.min(...numbers);

export interface PublishBench {
  readonly relations: number;
  /** Milliseconds, median and least. */
  readonly held: number;
  readonly heldLeast: number;
  readonly waited: number;
  /** Seconds of the build, least of each. */
  readonly gated: number;
  readonly direct: number;
  /** Of taking the last publication back, in milliseconds. */
  readonly rollback: number;
  /** The longest reading during the builds, in milliseconds. */
  readonly blocked: number;
}

/** Two readers of one pair of relations read all the time. */
export async function benchPublish(relations: number, runs = 3): Promise<PublishBench> {
  return withProject(wideProject(relations, 1000), "wide", async ({ dir, url, sql }) => {
    await sql(COUNTER);
    await build(dir, false);
    const faces = {
      t0: "select min(version), max(version) from marts.t0",
      v1: "select min(version), max(version) from marts.v1",
    };
    const readers = await startReaders({ url, faces, first: "marts.t0", kinds: ["statement", "prepared"], pause: 5 });
    const gated: Built[] = [];
    const direct: Built[] = [];
    for (let run = 0; run < runs; run++) {
      direct.push(await build(dir, true));
      gated.push(await build(dir, false));
    }
    await readers.stop();
    const [back] = await inTurn(open(dir, { command: "rollback" }), (sluice) => rollback(sluice));
    return {
      relations,
      held: median(gated.map(({ held }) => held)),
      heldLeast: least(gated.map(({ held }) => held)),
      waited: median(gated.map(({ waited }) => waited)),
      gated: least(gated.map(({ seconds }) => seconds)),
      direct: least(direct.map(({ seconds }) => seconds)),
      rollback: back!.held * 1000,
      blocked: Math.max(...readers.readings.map(({ took }) => took)),
    };
  });
}

export interface OverheadBench {
  /** Seconds, least of each. */
  readonly gated: number;
  readonly direct: number;
}

/** The bank, built anew each time. */
export async function benchBankOverhead(runs = 3): Promise<OverheadBench> {
  return withProject({}, "bank", async ({ dir }) => {
    await copyBank(dir);
    await build(dir, false);
    return alternate(dir, runs);
  });
}

async function alternate(
  dir: string,
  runs: number,
  between: () => Promise<unknown> = async () => {},
): Promise<OverheadBench> {
  const gated: number[] = [];
  const direct: number[] = [];
  for (let run = 0; run < runs; run++) {
    await between();
    direct.push((await build(dir, true)).seconds);
    await between();
    gated.push((await build(dir, false)).seconds);
  }
  return { gated: least(gated), direct: least(direct) };
}

/** A hundredth of a table's rows arrives, half of them new. */
export async function benchIncrement(rows = 1_000_000, runs = 2): Promise<OverheadBench & { readonly rows: number }> {
  const part = Math.round(rows / 100);
  const model = `{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='id', indexes=[{'columns': ['id'], 'unique': true}]) }}
select n as id, version, md5(n::text) as text from {{ source('raw', 'counter') }},
{% if is_incremental() %} generate_series(${rows} + (version - 2) * ${part / 2} - ${part / 2} + 1, ${rows} + (version - 1) * ${part / 2}) n
{% else %} generate_series(1, ${rows}) n {% endif %}`;
  const files = { "dbt_project.yml": WIDE, "models/sources.yml": SOURCES, "models/grown.sql": model };
  return withProject(files, "wide", async ({ dir, sql }) => {
    await sql(COUNTER);
    await build(dir, false, false);
    const next = (): Promise<unknown> => sql("update raw.counter set version = version + 1");
    return { rows, ...(await alternate(dir, runs, next)) };
  });
}

export interface IdleBench {
  readonly models: number;
  /** Seconds of the whole command. */
  readonly seconds: number;
  readonly parse: number;
}

/** A build that finds nothing to do. */
export async function benchIdle(models: number, runs = 3): Promise<IdleBench> {
  return withProject(wideProject(models, 1), "wide", async ({ dir, sql }) => {
    await sql(COUNTER);
    timed(process.execPath, [CLI, "build", "--quiet"], dir);
    timed(process.execPath, [CLI, "build", "--quiet"], dir);
    const times = Array.from({ length: runs }, () => ({
      parse: timed(process.execPath, [CLI, "parse", "--quiet"], dir).seconds,
      seconds: timed(process.execPath, [CLI, "build", "--quiet"], dir).seconds,
    }));
    return { models, seconds: least(times.map((t) => t.seconds)), parse: least(times.map((t) => t.parse)) };
  });
}
