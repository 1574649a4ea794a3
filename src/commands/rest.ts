/** Commands that need not look: what they built is as it was, and so is everything it was built from. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { MANIFEST_FILE } from "../artifacts/manifest.ts";
import { RUN_RESULTS_FILE } from "../artifacts/run-results.ts";
import { filesHash } from "../lib/files-hash.ts";
import { sha256 } from "../lib/hash.ts";
import { version } from "../lib/package-root.ts";
import type { RunResult, Sluice } from "../index.ts";
import { foundLine } from "../report/wording.ts";
import { openProject, reporterFor } from "./command.ts";
import { projectFolder } from "./defaults.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

/** Of the command line, what says how to tell rather than what to do. */
const MANNER: ReadonlySet<string> = new Set([
  "_",
  "$0",
  "quiet",
  "q",
  "debug",
  "d",
  "logFormat",
  "logLevel",
  "logPath",
  "useColors",
  "printerWidth",
  "threads",
  "failFast",
  "x",
]);

/** Options with which a command is always carried out. */
const ASKS: readonly string[] = [
  "fullRefresh",
  "force",
  "direct",
  "empty",
  "sample",
  "eventTimeStart",
  "eventTimeEnd",
  "storeFailures",
  "show",
  "defer",
  "state",
  "warnError",
  "warnErrorOptions",
];

type Args = GlobalArgs & Readonly<Record<string, unknown>>;

export interface Shortcut {
  /** The command by what it does. */
  readonly command: string;
  /** A hash of the project's files, as they were when the command began. */
  readonly inputs: string;
}

/** Nothing where the command is always carried out. */
export async function shortcutFor(verb: string, args: Args): Promise<Shortcut | undefined> {
  if (verb !== "build" && verb !== "run") return undefined;
  if (ASKS.some((name) => args[name] !== undefined && args[name] !== false)) return undefined;
  const root = projectFolder(args.projectDir);
  const said = Object.entries(args)
    .filter(([name, value]) => !MANNER.has(name) && !name.includes("-") && value !== undefined && value !== false)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const profiles = args.profilesDir ?? process.env["DBT_PROFILES_DIR"] ?? join(homedir(), ".dbt");
  const outputs = [resolve(root, args.targetPath ?? "target")];
  const inputs = await filesHash(resolve(root), outputs, [join(resolve(profiles), "profiles.yml")]).catch(
    () => undefined,
  );
  return inputs === undefined ? undefined : { command: sha256(JSON.stringify([version(), verb, said])), inputs };
}

/** Tells that nothing has changed, and gives the exit code; nothing when there is something to look at. */
export async function tryShortcut(verb: string, args: Args, shortcut: Shortcut): Promise<number | undefined> {
  const sluice = await openProject(args, verb, () => {}, { withoutModels: true });
  try {
    if (!sluice.reachable || !(await sluice.connections.isRunning())) return undefined;
    // What others read of the last run must be there: a folder that was cleaned is filled again.
    const left = [MANIFEST_FILE, RUN_RESULTS_FILE].map((name) => join(sluice.project.targetPath, name));
    if (args.writeJson !== false && !left.every((path) => existsSync(path))) return undefined;
    const { idle, restOf } = await import("../index.ts");
    const rest = await restOf(sluice, shortcut.command, shortcut.inputs);
    if (!rest) return undefined;
    await idle(sluice);
    const reporter = reporterFor(args);
    const say = (text: string): void => reporter.event({ type: "message", at: new Date(), level: "info", text });
    say(rest.found);
    say(
      `Nothing has changed since run ${rest.runId.slice(0, 8)}, which found everything built and tested: nothing to do`,
    );
    say(`Done. PASS=0 WARN=0 ERROR=0 SKIP=0 NO-OP=0 REUSED=${rest.nodes} TOTAL=${rest.nodes}`);
    reporter.close();
    return ExitCode.ok;
  } finally {
    await sluice.close();
  }
}

export async function recordShortcut(sluice: Sluice, { command, inputs }: Shortcut, result: RunResult): Promise<void> {
  const { settle } = await import("../index.ts");
  await settle(sluice, command, inputs, result, foundLine(sluice.graph.order.map((id) => sluice.graph.resource(id))));
}
