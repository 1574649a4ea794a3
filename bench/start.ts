/** Starting the CLI, against starting node. */
import { CLI, median, timed } from "./measure.ts";

export async function benchStart(runs = 11): Promise<{ bare: number; version: number; help: number }> {
  const bare: number[] = [];
  const version: number[] = [];
  const help: number[] = [];
  for (let run = 0; run < runs; run++) {
    bare.push(timed(process.execPath, ["-e", "0"]).seconds);
    version.push(timed(process.execPath, [CLI, "--version"]).seconds);
    help.push(timed(process.execPath, [CLI, "--help"]).seconds);
  }
  return { bare: median(bare), version: median(version), help: median(help) };
}
