/** Small helpers of the benches: medians, processes, where the compiled CLI is. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../src/lib/package-root.ts";

export const CLI = join(packageRoot(), "dist", "cli.js");

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export interface Cost {
  /** Wall. */
  readonly seconds: number;
  /** Seconds of processor time, which other work on the machine changes less. */
  readonly processor: number;
  /** MB. */
  readonly peakRss: number;
}

/** What the CLI costs: medians of some runs, and the highest peak. */
export function costOf(args: readonly string[], folder: string, runs: number): Cost {
  // The process tells what it used when it leaves.
  const report = `process.on('exit',()=>console.error(JSON.stringify(process.resourceUsage())));process.argv.splice(1,0,${JSON.stringify(CLI)});await import(${JSON.stringify(CLI)})`;
  const found = Array.from({ length: runs }, () => {
    const { seconds, result } = timed(process.execPath, ["--input-type=module", "-e", report, ...args], folder);
    const used = JSON.parse(result.stderr.trim().split("\n").at(-1)!) as NodeJS.ResourceUsage;
    return { seconds, processor: (used.userCPUTime + used.systemCPUTime) / 1e6, peakRss: used.maxRSS / 1024 };
  });
  return {
    seconds: median(found.map((one) => one.seconds)),
    processor: median(found.map((one) => one.processor)),
    peakRss: Math.max(...found.map((one) => one.peakRss)),
  };
}

/** Wall seconds of a process that must succeed. */
export function timed(
  command: string,
  args: readonly string[],
  cwd?: string,
): { seconds: number; result: SpawnSyncReturns<string> } {
  const started = performance.now();
  // Reading extra certificates costs 45 ms a start and is no part of what is measured.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: "" };
  const result = spawnSync(command, args, { encoding: "utf8", env, maxBuffer: 1 << 28, ...(cwd ? { cwd } : {}) });
  const seconds = (performance.now() - started) / 1000;
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${result.stdout}${result.stderr}`);
  return { seconds, result };
}
