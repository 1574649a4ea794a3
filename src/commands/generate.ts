import { resolve } from "node:path";
import { progressLine } from "../report/progress-line.ts";
import type { Command } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";
import { UsageError } from "./usage.ts";

interface Args extends GlobalArgs {
  rows?: number;
  customers?: number;
  seed?: number;
  start?: string;
  end?: string;
  generator: "published" | "original";
  dirty?: number;
  output: string;
}

export const generateCommand: Command = {
  command: "generate",
  describe: "Write a CSV file of bank transactions, for trying things out: same seed, same bytes",
  builder: {
    rows: { type: "number", describe: "Transactions (default 2,000; original: 1,000)" },
    customers: { type: "number", describe: "Customers (default: one for every 20 rows)" },
    seed: { type: "number", describe: "Seed (default 42)" },
    start: { type: "string", describe: "First day (default 2025-01-01)" },
    end: { type: "string", describe: "Last day (default 2025-12-31)" },
    generator: { choices: ["published", "original"], default: "published", describe: "Distribution of amounts" },
    dirty: { type: "number", describe: "Share of rows to spoil as real extracts are: 0.01" },
    output: {
      type: "string",
      alias: "o",
      default: "data/transactions.csv",
      describe: "File to write; -: standard output",
    },
  },
  examples: [
    "sluice generate",
    "sluice generate --rows 1000000 -o data/million.csv",
    "sluice generate --dirty 0.01 -o data/dirty.csv",
  ],
  run: async (args: Args) => {
    const { generate } = await import("../extras/generate/generate.ts");
    const { rows, customers, seed, start, end, dirty, generator: profile } = args;
    const request = Object.fromEntries(
      Object.entries({ rows, customers, seed, start, end, dirty, profile }).filter(([, v]) => v !== undefined),
    );
    const toStdout = args.output === "-";
    const progress = progressLine(process.stderr, !args.quiet);
    const file = resolve(args.projectDir, args.output);
    const done = await generate(request, toStdout ? process.stdout : file, (p) =>
      progress.show(p.rows, p.of, "rows"),
    ).catch((thrown: unknown) => {
      // The generator checks its numbers and dates.
      throw thrown instanceof RangeError
        ? new UsageError(`${thrown.message}. sluice generate --help tells what it takes.`)
        : thrown;
    });
    const spoiled = Object.entries(done.faults)
      .filter(([, n]) => n > 0)
      .map(([fault, n]) => `${n} ${fault}`);
    const note = spoiled.length > 0 ? ` (spoiled: ${spoiled.join(", ")})` : "";
    progress.done(
      `Wrote ${done.rows.toLocaleString("en")} transactions to ${toStdout ? "standard output" : args.output}${note}`,
    );
    return ExitCode.ok;
  },
};
