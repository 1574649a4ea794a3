import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { arch, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Diagnostic, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import type { Sluice } from "../index.ts";
import { version } from "../lib/package-root.ts";
import type { Reporter } from "../report/reporter.ts";
import { count, serverVersion } from "../report/wording.ts";
import { type Command, openProject, reporterFor } from "./command.ts";
import { projectFolder } from "./defaults.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";
import { UsageError } from "./usage.ts";

type Args = GlobalArgs & { connection: boolean; configDir: boolean };

/** One thing that was looked at: what is said of it in brackets, and what is wrong with it. */
interface Check {
  readonly verdict: string;
  readonly problems: readonly Diagnostic[];
}

/** dbt's report, line by line, since scripts read it: what is configured, whether it is sound, and whether it connects. */
export const debugCommand: Command = {
  command: "debug",
  describe: "Show versions, paths and the target, and try to connect",
  builder: {
    connection: { type: "boolean", default: false, describe: "Only try to connect" },
    "config-dir": { type: "boolean", default: false, describe: "Only tell where profiles.yml is" },
  },
  examples: ["sluice debug", "sluice debug --target prod"],
  async run(args: Args) {
    const folder = resolve(projectFolder(args.projectDir));
    if (!existsSync(folder)) throw new UsageError(`--project-dir: there is no folder ${folder}.`);
    const reporter = reporterFor(args);
    const sluice = await openProject(args, "debug", () => reporter.notice("Starting PostgreSQL …"), {
      withoutModels: true,
    });
    try {
      if (args.configDir && sluice.reachable) {
        const { file } = sluice.project.profile;
        reporter.line(file ? dirname(file.absolute) : "no profiles.yml: the embedded server is used");
        return ExitCode.ok;
      }
      const [profile, project] = [ofProfile(sluice, args), ofProject(sluice)];
      reporter.line(`sluice ${version()}, node ${process.versions.node}, ${platform()}-${arch()}`);
      for (const line of paths(args, sluice)) reporter.line(line);
      const tools: Check[] = [];
      if (args.connection) reporter.line("Skipping steps before connection verification");
      else {
        reporter.line("Configuration:");
        reporter.line(`  profiles.yml file [${profile.verdict}]`);
        reporter.line(`  dbt_project.yml file [${project.verdict}]`);
        if (sluice.reachable) for (const line of chosen(sluice)) reporter.line(line);
        reporter.line("Required dependencies:");
        const git = await gitCheck();
        reporter.line(` - git [${git.verdict}]`);
        tools.push(git);
      }
      const checks = [profile, project, ...tools, await tryToConnect(sluice, reporter)];
      const failed = checks.filter((check) => check.verdict.startsWith("ERROR"));
      if (failed.length === 0) reporter.line("All checks passed!");
      else {
        reporter.line(`${count(failed.length, "check")} failed:`);
        if (failed.includes(profile)) reporter.line("Profile loading failed for the following reason:");
        if (failed.includes(project)) reporter.line("Project loading failed for the following reason:");
      }
      const problems = checks.flatMap((check) => check.problems);
      if (problems.length > 0) reporter.diagnostics(problems);
      return failed.length === 0 ? ExitCode.ok : ExitCode.failed;
    } finally {
      reporter.close();
      await sluice.close();
    }
  },
};

const aboutProfile = (d: Diagnostic): boolean =>
  /^(profile|target|adapter)/.test(d.code) || /\bprofiles\.yml$/.test(d.at?.file.path ?? "");

/** A file that could not be judged, because another one is wrong, is not called wrong itself. */
function verdict(problems: readonly Diagnostic[], judged: boolean): Check {
  if (problems.some((d) => /^(profiles|project)-not-found$/.test(d.code)))
    return { verdict: "ERROR not found", problems };
  if (hasErrors(problems)) return { verdict: "ERROR invalid", problems };
  return { verdict: judged ? "OK found and valid" : "not checked", problems };
}

function ofProfile(sluice: Sluice, args: Args): Check {
  const problems = sluice.diagnostics.filter(aboutProfile);
  // Which profile is meant, a broken project does not say.
  const unnamed = args.profile === undefined && hasErrors(problemsOfProject(sluice));
  return verdict(
    problems.filter((d) => !unnamed || d.code !== "profile-not-found"),
    sluice.reachable,
  );
}

const problemsOfProject = (sluice: Sluice): Diagnostic[] => sluice.diagnostics.filter((d) => !aboutProfile(d));

function ofProject(sluice: Sluice): Check {
  const problems = problemsOfProject(sluice);
  return verdict(problems, sluice.reachable || !hasErrors(problems));
}

function paths(args: Args, sluice: Sluice): string[] {
  const root = projectFolder(args.projectDir);
  const file = sluice.reachable ? sluice.project.profile.file?.absolute : undefined;
  const given = args.profilesDir ?? process.env["DBT_PROFILES_DIR"];
  const folder = file ? dirname(file) : given;
  return [
    ...(folder === undefined
      ? ["Using no profiles.yml file"]
      : [`Using profiles dir at ${folder}`, `Using profiles.yml file at ${join(folder, "profiles.yml")}`]),
    `Using dbt_project.yml file at ${join(resolve(root), "dbt_project.yml")}`,
    "adapter type: postgres",
  ];
}

function chosen({ project: { name, profile, target } }: Sluice): string[] {
  return [
    `  project: ${name}`,
    `  profile: ${profile.name} [OK found]`,
    `  target: ${target.name}, schema ${target.schema}, ${count(target.threads, "thread")} [OK found]`,
  ];
}

/** Only `deps` needs it: that it is missing is told, and is no failure. */
async function gitCheck(): Promise<Check> {
  const found = await promisify(execFile)("git", ["--version"]).then(
    () => true,
    () => false,
  );
  return { verdict: found ? "OK found" : "not found: sluice deps needs it for packages from git", problems: [] };
}

async function tryToConnect(sluice: Sluice, reporter: Reporter): Promise<Check> {
  if (!sluice.reachable) {
    reporter.line("Connection test skipped since no profile was found");
    return { verdict: "skipped", problems: [] };
  }
  reporter.line("Connection:");
  const started = performance.now();
  try {
    const { info } = await sluice.connections.pool();
    const ms = Math.round(performance.now() - started);
    const address = `${info.user}@${info.host}:${info.port}/${info.database}`;
    reporter.line(
      `  server: ${address}, PostgreSQL ${serverVersion(info.version)}${info.embedded ? ", embedded" : ""}, connected in ${ms} ms`,
    );
    reporter.line("  Connection test: [OK connection ok]");
    return { verdict: "OK", problems: [] };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    reporter.line("  Connection test: [ERROR]");
    return { verdict: "ERROR", problems: thrown.diagnostics };
  }
}
