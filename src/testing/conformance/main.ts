/**
 * `npm run conformance [-- suite …]`: how far dbt's own projects and artifacts agree with ours. Nothing of them is kept in
 * the repository: they are found below `$SLUICE_SUITES`, or cloned. Exit code 1 when a case fails.
 */
import { withKit } from "./kit.ts";
import { suites } from "./suites.ts";
import { type Case, type Suite, skipped, Unavailable } from "./suite.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  say(`No suite is called ${unknown.join(", ")}. There are: ${suites.map((suite) => suite.name).join(", ")}`);
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const suite of suites.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    rows.push(rowOf(suite, await casesOf(suite)));
  }
  say("");
  for (const line of table(rows)) say(line);
  if (rows.some((row) => row.failed > 0)) process.exitCode = 1;
}

async function casesOf(suite: Suite): Promise<Case[]> {
  say(`\n${suite.name}: ${suite.about}`);
  const cases: Case[] = [];
  const add = (one: Case): void => {
    cases.push(one);
    if (one.status !== "passed") say(`  ${one.status}  ${one.name}${one.reason ? `: ${one.reason}` : ""}`);
  };
  await withKit(async (kit) => {
    try {
      for await (const one of suite.run(kit)) add(one);
    } catch (thrown) {
      if (thrown instanceof Unavailable) add(skipped("the rest", thrown.message));
      else add({ name: "the rest", status: "failed", reason: (thrown as Error).stack ?? String(thrown) });
    }
  });
  return cases;
}

interface Row {
  readonly suite: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly reasons: string;
}

function rowOf({ name }: Suite, cases: readonly Case[]): Row {
  const count = (status: Case["status"]): number => cases.filter((one) => one.status === status).length;
  const reasons = new Set(cases.filter((one) => one.status === "skipped").map((one) => one.reason ?? ""));
  return {
    suite: name,
    cases: cases.length,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    reasons: [...reasons].join("; "),
  };
}

function table(rows: readonly Row[]): string[] {
  const cells = [
    ["suite", "cases", "passed", "failed", "skipped", "why skipped"],
    ...rows.map((row) => Object.values(row).map(String)),
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`);
}
