/** Small helpers of the benches: medians, processes, where the compiled CLI is. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../src/lib/package-root.ts";

export const CLI = join(packageRoot(), "dist", "cli.js");

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

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
