/** What all commands share: opening the project, the reporter, Ctrl-C. The engine is loaded only when a command runs. */
import { resolve } from "node:path";
import { writeGraphSummary, writeManifest } from "../artifacts/run-files.ts";
import { error, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import type { Selection, Sluice } from "../index.ts";
import { didYouMean } from "../lib/nearest.ts";
import { makeReporter, type Reporter, type ReportOptions } from "../report/reporter.ts";
import { projectFolder } from "./defaults.ts";
import { type EventTimeArgs, eventTimes } from "./event-times.ts";
import { ExitCode } from "./exit-code.ts";
import { invocationArgs } from "./invocation-args.ts";
import type { GlobalArgs, Option, SelectionArgs } from "./options.ts";
import { earlierFor } from "./state.ts";
import { warningPolicy } from "./warnings.ts";

/** A yargs command whose handler gives the exit code. */
export interface Command {
  /** The verb, and positional arguments in yargs's notation. */
  readonly command: string;
  readonly aliases?: readonly string[];
  /** One line for the list of commands. */
  readonly describe: string;
  readonly builder: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  run(args: never): Promise<number>;
}

export function reporterFor(args: GlobalArgs, more: Partial<ReportOptions> = {}): Reporter {
  const { logLevel } = args;
  return makeReporter({
    format: args.logFormat === "default" ? "text" : args.logFormat,
    quiet: args.quiet || logLevel === "warn" || logLevel === "error" || logLevel === "none",
    colours: args.useColors ?? "auto",
    debug: args.debug || logLevel === "debug",
    print: args.print,
    extra: customEnvironment(process.env),
    out: process.stdout,
    err: process.stderr,
    ...(args.printerWidth ? { width: args.printerWidth } : {}),
    ...(args.logPath === undefined || args.logLevelFile === "none" ? {} : { file: fileFor(args, args.logPath) }),
    ...more,
  });
}

/** As dbt: what `DBT_ENV_CUSTOM_ENV_…` says stands in each line of the structured log. */
const CUSTOM = /^DBT_(?:ENGINE_)?ENV_CUSTOM_ENV_/;
const customEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      CUSTOM.test(name) && value !== undefined ? [[name.replace(CUSTOM, ""), value]] : [],
    ),
  );

const fileFor = (args: GlobalArgs, path: string): NonNullable<ReportOptions["file"]> => ({
  folder: resolve(projectFolder(args.projectDir), path),
  format: args.logFormatFile === "json" || args.logFormat === "json" ? "json" : "text",
  debug: args.logLevelFile === "debug",
  maxBytes: args.logFileMaxBytes,
});

type OpenArgs = GlobalArgs & EventTimeArgs & { fullRefresh?: boolean; empty?: boolean; storeFailures?: boolean };

/** Commands after which there is a `target/manifest.json`, as in dbt. */
const WRITES_MANIFEST = new Set([
  "build",
  "clone",
  "compile",
  "docs",
  "freshness",
  "list",
  "load",
  "parse",
  "run",
  "run-operation",
  "seed",
  "show",
  "snapshot",
  "test",
]);

/** Opens the project named by the arguments; `args.fullRefresh` is seen by templates. */
export async function openProject(
  args: OpenArgs,
  command: string,
  onServerStart: () => void,
  more: { readonly withoutModels?: boolean; readonly warningsFail?: boolean } = {},
): Promise<Sluice> {
  const { open, readArguments } = await import("../index.ts");
  const threads = args.singleThreaded ? 1 : args.threads;
  return open(projectFolder(args.projectDir), {
    command,
    args: invocationArgs(command, args, readArguments),
    onServerStart,
    fullRefresh: args.fullRefresh ?? false,
    empty: args.empty ?? false,
    storeFailures: args.storeFailures ?? false,
    ...eventTimes(args),
    ...(args.profilesDir ? { profilesDir: args.profilesDir } : {}),
    ...(args.profile ? { profile: args.profile } : {}),
    ...(args.target ? { target: args.target } : {}),
    ...(args.targetPath ? { targetPath: args.targetPath } : {}),
    ...(args.vars ? { vars: args.vars } : {}),
    ...(threads ? { threads } : {}),
    ...(args.maximumSeedSizeMib === undefined ? {} : { hashedSeedBytes: seedBytes(args.maximumSeedSizeMib) }),
    introspect: args.introspect !== false,
    ...more,
  });
}

const seedBytes = (mebibytes: number): number => (mebibytes === 0 ? Infinity : mebibytes * 1024 * 1024);
/** Commands for which settings of nodes that they do not build do not matter, as in dbt. */
const HEED_NO_SETTINGS = new Set(["clone", "compile", "docs", "freshness", "list", "run-operation", "show"]);

interface ProjectOptions {
  /** The command asks itself whether what it builds is set up well: `Sluice.refuseMistakes`. */
  readonly asksNodes?: true;
  /** More for the reporter, which is made before the project is open. */
  readonly report?: (sluice: () => Sluice | undefined) => Partial<ReportOptions>;
  /** The command is about what was built before: mistakes in models do not stop it. */
  readonly withoutModels?: true;
  /** Absent: as dbt's command of that name. */
  readonly writesManifest?: boolean;
}

/**
 * Opens the project, reports its mistakes, and hands it to `work`; closes everything whatever happens. Expected failures
 * become diagnostics and exit code 2.
 */
export async function withProject(
  args: OpenArgs,
  command: string,
  work: (sluice: Sluice, reporter: Reporter) => Promise<number>,
  options: ProjectOptions = {},
): Promise<number> {
  let sluice: Sluice | undefined;
  const reporter = reporterFor(args, {
    invocationId: () => sluice?.invocationId,
    ...options.report?.(() => sluice),
  });
  try {
    const policy = await warningPolicy(args);
    const { withoutModels = false } = options;
    sluice = await openProject(args, command, () => reporter.notice("Starting PostgreSQL …"), {
      withoutModels,
      warningsFail: policy.templatesFail,
    });
    // Where nothing can be done anyway, all that is wrong is told at once.
    const asks = (options.asksNodes ?? HEED_NO_SETTINGS.has(command)) && !hasErrors(sluice.generalDiagnostics);
    const diagnostics = policy.judge(asks ? sluice.generalDiagnostics : sluice.diagnostics);
    if (diagnostics.length > 0) reporter.diagnostics(diagnostics);
    if (!(withoutModels ? sluice.reachable : asks ? sluice.usable : sluice.ok) || hasErrors(diagnostics))
      return ExitCode.unusable;
    if ((options.writesManifest ?? WRITES_MANIFEST.has(command)) && args.writeJson !== false) {
      await writeManifest(sluice);
      if (command !== "parse") await writeGraphSummary(sluice, command === "build");
    }
    return await work(sluice, reporter);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    reporter.diagnostics(thrown.diagnostics);
    return ExitCode.unusable;
  } finally {
    reporter.close();
    await sluice?.close();
  }
}

/** Without a server nothing can be done, for no node. */
const NO_SERVER = /^(connect|embedded)-/;

/** For work on nodes: what fails there is reported, and is exit code 1. */
export async function failedOnly(reporter: Reporter, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.diagnostics.some((d) => NO_SERVER.test(d.code))) throw thrown;
    reporter.diagnostics(thrown.diagnostics);
    return ExitCode.failed;
  }
}

/** Resolves `--select`, `--exclude` and `--selector`; throws `Failure` on words that mean nothing. */
export async function selectionFor(
  sluice: Sluice,
  args: SelectionArgs & GlobalArgs,
  reporter: Reporter,
  kinds?: readonly string[],
): Promise<Selection> {
  const found = sluice.select(
    {
      select: args.select,
      exclude: args.exclude,
      indirect: args.indirectSelection,
      ...(args.selector !== undefined && args.select.length === 0 ? { selector: args.selector } : {}),
      ...(kinds ? { resourceTypes: kinds } : {}),
    },
    await earlierFor(sluice, args),
  );
  const { selection } = found;
  const diagnostics = (await warningPolicy(args)).judge(found.diagnostics);
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Failure(errors);
  if (diagnostics.length > 0) reporter.diagnostics(diagnostics);
  return selection;
}

/** Before a selection is built: mistakes in the settings of other nodes are only warned of. Throws `Failure` for its own. */
export function refuseMistakes(sluice: Sluice, selection: Selection, reporter: Reporter): void {
  const others = sluice.refuseMistakes(selection);
  if (others.length > 0) reporter.diagnostics(others.map((one) => ({ ...one, severity: "warning" })));
}

/** Kinds of resources that dbt has and Sluice does not: naming them selects nothing, and is no mistake. */
const DBT_ONLY = ["metric", "semantic_model", "saved_query"];

interface KindArgs {
  readonly resourceType?: readonly string[];
  readonly excludeResourceType?: readonly string[];
}

/** `--resource-type` and `--exclude-resource-type` over the kinds a command takes; `all` adds what `default` leaves out. */
export function kindsFor(args: KindArgs, usual: readonly string[], further: readonly string[] = []): string[] {
  const known = [...usual, ...further];
  const included = separated(args.resourceType);
  const excluded = separated(args.excludeResourceType);
  const words = [...known, ...DBT_ONLY, "all", "default"];
  const unknown = [...included, ...excluded].filter((word) => !words.includes(word));
  if (unknown.length > 0) {
    throw new Failure(
      unknown.map((word) =>
        error("resource-type-unknown", `There is no resource type "${word}" for this command.`, undefined, [
          ...didYouMean(word, known),
          `known: ${[...known, "all"].join(", ")}`,
        ]),
      ),
    );
  }
  const kept = (included.length > 0 ? included : ["default"]).flatMap((word) =>
    word === "all" ? known : word === "default" ? usual : [word],
  );
  return known.filter((kind) => kept.includes(kind) && !excluded.includes(kind));
}

/** `--resource-type "model seed"` as `--resource-type model seed`. */
const separated = (words: readonly string[] = []): string[] =>
  words.flatMap((word) => word.split(/[\s,]+/)).filter((word) => word !== "");

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ctrl-C once cancels what runs on the server; a second time leaves at once, whatever stays behind. */
export async function interruptible(
  reporter: Reporter,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      reporter.close();
      process.exit(ExitCode.killed);
    }
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } catch (thrown) {
    if (!controller.signal.aborted) throw thrown;
    reporter.notice("Cancelled before anything was run.");
    return ExitCode.failed;
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
