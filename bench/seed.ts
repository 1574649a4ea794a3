/** A seed as people have them: six columns of several types, quoted texts with the delimiter in them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "../src/testing/server.ts";
import { type Cost, costOf } from "./measure.ts";

export interface SeedBench extends Cost {
  readonly rows: number;
  readonly bytes: number;
  /** Seconds of the last run, after start and parse. */
  readonly inRun: number;
}

export async function benchSeed(rows = 100_000, runs = 5): Promise<SeedBench> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const { url, drop } = await testDatabase();
  try {
    const output = `{type: postgres, url: '${url}', schema: seeds, threads: 4}`;
    writeFileSync(join(folder, "dbt_project.yml"), "name: seeded\nversion: '1.0'\nprofile: seeded\n");
    writeFileSync(join(folder, "profiles.yml"), `seeded: {target: dev, outputs: {dev: ${output}}}\n`);
    mkdirSync(join(folder, "seeds"));
    const file = join(folder, "seeds", "seed.csv");
    writeFileSync(file, `id,name,amount,day,active,note\n${Array.from({ length: rows }, (_, i) => row(i)).join("")}`);
    const cost = costOf(["seed", "--force", "--quiet"], folder, runs);
    const results = readFileSync(join(folder, "target", "run_results.json"), "utf8");
    const { elapsed_time: inRun } = JSON.parse(results) as { elapsed_time: number };
    return { rows, bytes: statSync(file).size, inRun, ...cost };
  } finally {
    await drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const two = (n: number): string => String(n + 1).padStart(2, "0");

const row = (i: number): string =>
  `${i},name ${i % 977},${((i * 37) % 100_000) / 100},2024-${two(i % 12)}-${two(i % 28)},${i % 3 > 0},"some, text ${i}"\n`;
