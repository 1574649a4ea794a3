/** What all commands share: opening the project, the reporter, Ctrl-C. */
import type { Options } from "yargs";
import { Failure } from "../diagnostics/diagnostic.ts";
import { open, type Sluice } from "../index.ts";
import { makeReporter, type Reporter, type ReportOptions } from "../report/reporter.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, SelectionArgs } from "./options.ts";

/** A yargs command whose handler gives the exit code. */
export interface Command {
  /** The verb, and positional arguments in yargs's notation. */
  readonly command: string;
  readonly describe: string;
  readonly builder: Record<string, Options>;
  readonly examples: readonly string[];
  run(args: never): Promise<number>;
}

export function reporterFor(args: GlobalArgs, more: Partial<ReportOptions> = {}): Reporter {
  return makeReporter({
    format: args.logFormat === "json" ? "json" : "text",
    quiet: args.quiet,
    colours: args.useColors ?? "auto",
    debug: args.debug,
    out: process.stdout,
    err: process.stderr,
    ...(args.printerWidth ? { width: args.printerWidth } : {}),
    ...more,
  });
}

/** Opens the project named by the arguments; `args.fullRefresh` is seen by templates. */
export function openFor(args: GlobalArgs & { fullRefresh?: boolean }, command: string): Promise<Sluice> {
  return open(args.projectDir, {
    command,
    fullRefresh: args.fullRefresh ?? false,
    ...(args.profilesDir ? { profilesDir: args.profilesDir } : {}),
    ...(args.profile ? { profile: args.profile } : {}),
    ...(args.target ? { target: args.target } : {}),
    ...(args.targetPath ? { targetPath: args.targetPath } : {}),
    ...(args.vars ? { vars: args.vars } : {}),
    ...(args.threads ? { threads: args.threads } : {}),
  });
}

/**
 * Opens the project, reports its mistakes, and hands it to `work`; closes everything whatever happens. Expected failures
 * become diagnostics and exit code 2.
 */
export async function withProject(
  args: GlobalArgs,
  command: string,
  work: (sluice: Sluice, reporter: Reporter) => Promise<number>,
  report: (sluice: Sluice) => Partial<ReportOptions> = () => ({}),
): Promise<number> {
  const sluice = await openFor(args, command);
  const reporter = reporterFor(args, sluice.ok ? report(sluice) : {});
  try {
    if (sluice.diagnostics.length > 0) reporter.diagnostics(sluice.diagnostics);
    return sluice.ok ? await work(sluice, reporter) : ExitCode.unusable;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    reporter.diagnostics(thrown.diagnostics);
    return ExitCode.unusable;
  } finally {
    reporter.close();
    await sluice.close();
  }
}

/** Resolves `--select` and `--exclude`; throws `Failure` on words that mean nothing. */
export function selectionFor(sluice: Sluice, args: SelectionArgs, reporter: Reporter, kinds?: readonly string[]): ReturnType<Sluice["select"]>["selection"] {
  const { selection, diagnostics } = sluice.select({
    select: args.select,
    exclude: args.exclude,
    indirect: args.indirectSelection,
    ...(kinds ? { resourceTypes: kinds } : {}),
    ...("excludeResourceType" in args && args.excludeResourceType ? { excludeResourceTypes: args.excludeResourceType as string[] } : {}),
  });
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Failure(errors);
  if (diagnostics.length > 0) reporter.diagnostics(diagnostics);
  return selection;
}

/** Ctrl-C once cancels what runs on the server; a second time leaves at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
