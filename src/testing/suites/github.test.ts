import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { parse } from "../../commands/arguments.ts";
import { findCommand } from "../../commands/index.ts";
import { packageRoot } from "../../lib/package-root.ts";
import { rig } from "../rig.ts";

const SCRIPT = join(packageRoot(), "integrations/github/annotate.mjs");

test(
  "failures and mistakes become annotations at their lines, and a summary",
  rig(async ({ dir, write, start }) => {
    const summary = join(dir, "summary.md");
    const annotated = async (): Promise<string> => {
      const { all } = await start(["build", "--log-format", "json"]).done;
      const child = promisify(execFile)(process.execPath, [SCRIPT], {
        env: { ...process.env, GITHUB_STEP_SUMMARY: summary },
      });
      child.child.stdin!.end(all);
      return (await child).stdout;
    };
    await write({
      "models/a.sql": "select 1 as id",
      "models/b.sql": "select\n  idd\nfrom {{ ref('a') }}",
      "models/m.yml":
        "models:\n  - name: a\n    columns:\n      - {name: id, data_tests: [{accepted_values: {arguments: {values: [2]}, config: {severity: warn}}}]}\n",
    });
    const failed = await annotated();
    expect(failed).toMatch(/^::error file=models\/b\.sql,line=2,col=3,title=model b::column "idd" does not exist%0A/m);
    expect(failed).toMatch(/^::warning file=models\/m\.yml,.*title=test accepted_values_a_id__2::/m);
    expect(failed).toContain("Done. PASS=1 WARN=1 ERROR=1");
    const text = await readFile(summary, "utf8");
    expect(text).toContain("| error | model `b` |");
    expect(text).toContain('- `models/b.sql:2` column "idd" does not exist');

    await write({ "models/b.sql": "select id from {{ ref('nobody, 100%') }}" });
    expect(await annotated()).toMatch(
      /^::error file=models\/b\.sql,line=1,col=\d+,title=ref-not-found::Depends on .*"nobody, 100%25"/m,
    );
  }),
);

interface Workflow {
  jobs: Record<string, { steps: { run?: string }[] }>;
}

test("the example of a workflow names commands and files that exist", async () => {
  const workflow = load(readFileSync(join(packageRoot(), "integrations/github/sluice.yml"), "utf8")) as Workflow;
  const lines = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run?.split("\n") ?? []));
  const commands = lines.flatMap((line) => /npx sluice ([^|]*?)(?: 2>&1|$)/.exec(line)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(2);
  for (const line of commands) {
    const words = line.trim().split(" ");
    const command = findCommand(words[0]!);
    expect(command, words[0]).toBeDefined();
    await expect(parse(command!, words), line).resolves.toBeDefined();
  }
  for (const [, file] of lines.join("\n").matchAll(/node (\S+)/g))
    expect(existsSync(join(packageRoot(), file!)), file).toBe(true);
});
