/** The bank's models and data tests through Sluice, and the same compiled SQL through as many psql processes. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/lib/package-root.ts";
import { quote, type RelationName } from "../src/postgres/relation.ts";
import { testDatabase } from "../src/testing/server.ts";
import { open } from "../src/index.ts";
import { CLI, median, timed } from "./measure.ts";

const THREADS = 4;
const FOLDERS = ["models", "seeds", "macros", "tests", "snapshots", "data", "dbt_project.yml"];

export interface BuildBench {
  readonly statements: number;
  readonly threads: number;
  /** Medians, in seconds: the whole process; the part after start and parse; psql. */
  readonly sluice: number;
  readonly inRun: number;
  readonly psql: number;
}

/** A statement for psql, and the statements (by id) that must be done first. */
interface Work {
  readonly id: string;
  readonly sql: string;
  readonly after: readonly string[];
}

export async function benchBuild(runs = 5): Promise<BuildBench> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const database = await testDatabase();
  try {
    for (const name of FOLDERS) cpSync(join(packageRoot(), name), join(folder, name), { recursive: true });
    const target = `{type: postgres, url: '${database.url}', schema: analytics, threads: ${THREADS}}`;
    writeFileSync(join(folder, "profiles.yml"), `bank: {target: dev, outputs: {dev: ${target}}}\n`);
    timed(process.execPath, [CLI, "build", "--quiet"], folder);
    const work = await collect(folder);
    const selection = ["--full-refresh", "--quiet", "--resource-type", "model", "--resource-type", "test"];
    const sluice: number[] = [];
    const inRun: number[] = [];
    const psql: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const ours = timed(process.execPath, [CLI, "build", ...selection], folder).seconds;
      const { elapsed_time } = JSON.parse(readFileSync(join(folder, "target", "run_results.json"), "utf8")) as {
        elapsed_time: number;
      };
      const theirs = await throughPsql(work, database.url);
      if (run === 0) continue; // the first round warms up
      sluice.push(ours);
      inRun.push(elapsed_time);
      psql.push(theirs);
    }
    return {
      statements: work.length,
      threads: THREADS,
      sluice: median(sluice),
      inRun: median(inRun),
      psql: median(psql),
    };
  } finally {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Plain statements with the compiled SQL: what a careful person would type. */
async function collect(folder: string): Promise<Work[]> {
  const sluice = await open(folder, { command: "compile", fullRefresh: true });
  try {
    const all = sluice.select().selection;
    const selection = new Set([...all].filter((id) => ["model", "test"].includes(sluice.graph.resource(id).kind)));
    const plan = await sluice.plan({ selection, testsGate: true });
    const work: Work[] = [];
    for (const step of plan.steps) {
      const node = sluice.graph.resource(step.node);
      if (step.action === "none" || (node.kind !== "model" && node.kind !== "test")) continue;
      const { sql } = await sluice.compile(node, selection);
      const name = node.kind === "model" ? plan.relations.writeTo(node.id) : undefined;
      const text = name ? create(name, node.config.materialized, sql) : `select count(*) from (\n${sql}\n) as failures`;
      work.push({ id: step.node, sql: text, after: step.after });
    }
    return work;
  } finally {
    await sluice.close();
  }
}

function create(name: RelationName, materialized: string, sql: string): string {
  const next = { ...name, identifier: `${name.identifier}__psql` };
  const kind = materialized === "view" ? "view" : "table";
  // Beside the originals, so that neither run disturbs the other's relations.
  return `drop ${kind} if exists ${quote(next)}; create ${kind} ${quote(next)} as ${sql}`;
}

/** One psql a connection, fed as soon as what a statement waits for is done. */
async function throughPsql(work: readonly Work[], url: string): Promise<number> {
  const started = performance.now();
  const workers = Array.from({ length: THREADS }, () => new Psql(url));
  const done = new Set<string>();
  const waiting = [...work];
  const idle = [...workers];
  await new Promise<void>((resolve, reject) => {
    const feed = (): void => {
      if (done.size === work.length) return resolve();
      while (idle.length > 0) {
        const at = waiting.findIndex((w) => w.after.every((id) => done.has(id)));
        if (at < 0) return;
        const [next] = waiting.splice(at, 1) as [Work];
        const worker = idle.pop()!;
        worker.run(next.sql).then(() => {
          done.add(next.id);
          idle.push(worker);
          feed();
        }, reject);
      }
    };
    feed();
  });
  for (const worker of workers) worker.end();
  return (performance.now() - started) / 1000;
}

class Psql {
  readonly #process: ChildProcessWithoutNullStreams;
  #out = "";
  #finished: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(url: string) {
    this.#process = spawn("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url]);
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      if (!this.#out.endsWith("--done\n")) return;
      this.#out = "";
      this.#finished?.();
    });
    let errors = "";
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    this.#process.on("close", (code) => code !== 0 && this.#failed?.(new Error(`psql: ${errors}`)));
  }

  run(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finished = resolve;
      this.#failed = reject;
      this.#process.stdin.write(`${sql};\n\\echo --done\n`);
    });
  }

  end(): void {
    this.#process.stdin.end();
  }
}
