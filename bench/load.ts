/** Loading a CSV file: ours against `psql \copy` of the same file into a table of the same shape, alternately. */
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { packageRoot } from "../src/lib/package-root.ts";
import { openDatabase } from "../src/postgres/open.ts";
import type { Database } from "../src/postgres/database.ts";
import { quote } from "../src/postgres/relation.ts";
import { createRawTable } from "../src/load/table.ts";
import { testDatabase } from "../src/testing/server.ts";
import { LOAD_COLUMNS, LOAD_TABLE, type LoadChildResult } from "./load-shape.ts";

export interface LoadBench {
  readonly rows: number;
  readonly bytes: number;
  /** Medians, in seconds: psql filling the same table with the same rows, file, batch and line coming from defaults. */
  readonly psql: number;
  /** psql filling the file's own columns only. */
  readonly psqlBare: number;
  /** The file's COPY, with hashing and checks. */
  readonly ours: number;
  /** With ledger, table and statistics: all that `sluice load` does to the database. */
  readonly oursInAll: number;
  /** psql's time by ours: 1 is equally fast, more is faster. */
  readonly ratio: number;
  readonly ratioBare: number;
  readonly ratioInAll: number;
  readonly rowsPerSecond: number;
  /** Of the whole process, in MB. */
  readonly peakRss: number;
}

export async function benchLoad({ rows = 1_000_000, runs = 5 } = {}): Promise<LoadBench> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const made = await testDatabase();
  const database = await openDatabase(made.connection, { sessions: 1, dataDir: "" });
  try {
    const file = join(folder, "transactions.csv");
    await writeTransactions(file, rows);
    const child = await bundleChild();
    const psql: number[] = [];
    const bare: number[] = [];
    const ours: LoadChildResult[] = [];
    // The first round only warms up the file and the server.
    for (let run = 0; run <= runs; run++) {
      const theirSeconds = await runPsql(database, made.url, file, SAME_ROWS);
      const bareSeconds = await runPsql(database, made.url, file, "");
      const our = await runOurs(database, made.url, child, folder);
      if (run === 0) continue;
      psql.push(theirSeconds);
      bare.push(bareSeconds);
      ours.push(our);
    }
    const copy = median(ours.map((o) => o.copySeconds));
    const inAll = median(ours.map((o) => o.seconds));
    return {
      rows,
      bytes: statSync(file).size,
      psql: median(psql),
      psqlBare: median(bare),
      ours: copy,
      oursInAll: inAll,
      ratio: median(psql) / copy,
      ratioBare: median(bare) / copy,
      ratioInAll: median(psql) / inAll,
      rowsPerSecond: rows / copy,
      peakRss: Math.max(...ours.map((o) => o.peakRss)),
    };
  } finally {
    await database.close();
    await made.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** So that rows are as long as ours; a line number that is always the same is the best psql can do. */
const SAME_ROWS = `alter table ${quote(LOAD_TABLE)} alter column _file set default 'transactions.csv',
  alter column _batch_id set default 1, alter column _line set default 1`;

async function runPsql(database: Database, url: string, file: string, defaults: string): Promise<number> {
  const names = LOAD_COLUMNS.map((column) => column.name).join(", ");
  await prepare(database, `${createRawTable(LOAD_TABLE, LOAD_COLUMNS)}; ${defaults}`);
  const started = performance.now();
  const command = `\\copy ${quote(LOAD_TABLE)} (${names}) from '${file}' with (format csv, header)`;
  const { status, stderr } = spawnSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", command], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`psql failed: ${stderr}`);
  return (performance.now() - started) / 1000;
}

async function runOurs(database: Database, url: string, child: string, folder: string): Promise<LoadChildResult> {
  await prepare(database, "");
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, url, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The load failed: ${stderr}`);
  return JSON.parse(stdout) as LoadChildResult; // written by load-child.ts
}

/** Both begin with a schema that has just been made, and nothing left to write. */
async function prepare(database: Database, sql: string): Promise<void> {
  const { schema } = LOAD_TABLE;
  await database.session(async (session) => {
    await session.query(`drop schema if exists ${schema} cascade; create schema ${schema}; ${sql}`);
    await session.query("checkpoint");
  });
}

/** A process of its own, so that its memory can be told; the sources are bundled, as they are in the package. */
async function bundleChild(): Promise<string> {
  // Below the package, whose migrations it has to find.
  const outfile = join(packageRoot(), "target", "bench", "load-child.mjs");
  await build({
    entryPoints: [join(packageRoot(), "bench", "load-child.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    packages: "external",
    logLevel: "error",
  });
  return outfile;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The bank's shape: six columns, about 61 bytes a row. The numbers repeat from run to run. */
export async function writeTransactions(file: string, rows: number): Promise<void> {
  const types = ["deposit", "withdrawal", "transfer", "payment"];
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const out = createWriteStream(file);
  let text = "transaction_id,customer_id,customer_name,transaction_date,transaction_type,amount\n";
  for (let id = 1; id <= rows; id++) {
    const customer = 1 + random(50_000);
    const day = `2025-${two(1 + random(12))}-${two(1 + random(28))}`;
    text += `${id},${customer},Customer ${customer} Name,${day},${types[random(4)]},${random(20_000)}.${two(random(100))}\n`;
    if (text.length > 1_000_000) {
      if (!out.write(text)) await once(out, "drain");
      text = "";
    }
  }
  out.end(text);
  await once(out, "close");
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
