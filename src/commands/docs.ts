/** `docs generate`: manifest, catalog and the project's site. `docs serve`: the site on an address, made anew after runs. */
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join, relative } from "node:path";
import { writeCatalog, writeManifest } from "../artifacts/run-files.ts";
import type { Generated } from "../extras/site/generate.ts";
import { error } from "../diagnostics/diagnostic.ts";
import { Failure, type Selection, type Sluice } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Command, failedOnly, interruptible, reporterFor, selectionFor, withProject } from "./command.ts";
import { COMPILED_KINDS, compileNodes } from "./compile-nodes.ts";
import { ExitCode } from "./exit-code.ts";
import { type DeferArgs, deferOptions, type GlobalArgs, type SelectionArgs, selectionOptions } from "./options.ts";
import { deferFor } from "./state.ts";

type Args = GlobalArgs &
  SelectionArgs &
  DeferArgs & {
    action: "generate" | "serve";
    compile: boolean;
    emptyCatalog: boolean;
    sampleRows: number;
    artifacts?: string;
    port: number;
    host: string;
    static?: boolean;
    browser?: boolean;
  };

/** What has a relation, or may have one. */
const CATALOGUED = ["model", "seed", "snapshot", "source"];

export const docsCommand: Command = {
  command: "docs <action>",
  describe: "docs generate: the site of dashboards and lineage, manifest, catalog; docs serve",
  builder: {
    ...selectionOptions,
    ...deferOptions,
    action: { choices: ["generate", "serve"], hidden: true },
    compile: { type: "boolean", default: true, describe: "Compile all nodes, so that the manifest holds their SQL" },
    "empty-catalog": { type: "boolean", default: false, describe: "Do not ask the database for its relations" },
    "sample-rows": {
      type: "number",
      default: 0,
      requiresArg: true,
      value: "n",
      describe: "Rows of each relation in the site",
    },
    artifacts: {
      type: "string",
      requiresArg: true,
      value: "dir",
      describe: "Only the site, of artifacts that lie there",
    },
    port: {
      type: "number",
      default: 8080,
      requiresArg: true,
      value: "n",
      describe: "Port of serve; 0: any that is free",
    },
    host: {
      type: "string",
      default: "127.0.0.1",
      requiresArg: true,
      hidden: true,
      describe: "Address of serve: of this machine only",
    },
    static: { type: "boolean", hidden: true, describe: "As always: the site is static" },
    browser: { type: "boolean", describe: "serve: open a browser (default: on a terminal)" },
  },
  examples: [
    "sluice docs generate",
    "sluice docs serve",
    "sluice docs generate --select marts --no-compile",
    "sluice docs generate --artifacts ../dbt-project/target",
  ],
  run: (args: Args) => (args.action === "serve" ? serve(args) : makeSite(args, () => {})),
};

interface Made {
  /** Where the artifacts lie; the site is in `site` below it. */
  readonly folder: string;
}

/** Of the project, with rows and history from its database; with `--artifacts`, of those alone. */
async function makeSite(args: Args, then: (made: Made) => void): Promise<number> {
  const { generateSite } = await import("../extras/site/generate.ts");
  const { artifacts, sampleRows: sample } = args;
  if (artifacts !== undefined) {
    return withoutProject(args, async (reporter) => {
      tell(await generateSite({ artifacts, out: join(artifacts, "site") }), args, reporter);
      then({ folder: artifacts });
    });
  }
  return withProject(args, "docs", (sluice, reporter) =>
    failedOnly(reporter, async () => {
      const code = await writeArtifacts(args, sluice, reporter);
      const folder = sluice.project.targetPath;
      tell(await generateSite({ artifacts: folder, out: join(folder, "site"), sluice, sample }), args, reporter);
      await copyAssets(sluice, [folder, join(folder, "site")]);
      then({ folder });
      return code;
    }),
  );
}

/** run_results.json is left as the last run wrote it, for the site and for `retry`; dbt puts the compilation in its place. */
async function writeArtifacts(args: Args, sluice: Sluice, reporter: Reporter): Promise<number> {
  const selection = await selectionFor(sluice, args, reporter, [...CATALOGUED, ...COMPILED_KINDS]);
  let code: number = ExitCode.ok;
  if (args.compile) {
    const defer = await deferFor(args);
    const compiled = await compileNodes(sluice, selection, reporter, { ...(defer && { defer }) });
    await writeManifest(sluice, compiled.texts);
    code = compiled.code;
  }
  const kept = [...selection].filter((id) => CATALOGUED.includes(sluice.graph.resource(id).kind));
  const { describe } = await import("../index.ts");
  const relations = args.emptyCatalog ? new Map() : await describe(sluice, new Set(kept) satisfies Selection);
  const path = await writeCatalog(relations, sluice);
  if (!args.quiet) reporter.line(`Catalog of ${relations.size} relations written to ${path}`);
  return code;
}

/** What descriptions show: beside the artifacts, as in dbt, and beside the page. Folders that are not there are left out. */
async function copyAssets({ project }: Sluice, folders: readonly string[]): Promise<void> {
  for (const path of project.packages[0]!.config.paths.assets) {
    const from = join(project.root, path);
    const leadsOut = relative(project.root, from).startsWith("..");
    if (leadsOut || !existsSync(from)) continue;
    for (const folder of folders) await cp(from, join(folder, relative(project.root, from)), { recursive: true });
  }
}

function tell({ page, nodes, notes }: Generated, { quiet }: Args, reporter: Reporter): void {
  for (const note of notes) reporter.notice(note);
  if (!quiet)
    reporter.line(`Site of ${nodes} nodes written to ${page}: open it in a browser, or run  sluice docs serve`);
}

async function withoutProject(args: Args, work: (reporter: Reporter) => Promise<void>): Promise<number> {
  const reporter = reporterFor(args);
  try {
    await work(reporter);
    return ExitCode.ok;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    reporter.diagnostics(thrown.diagnostics);
    return ExitCode.unusable;
  } finally {
    reporter.close();
  }
}

const LOOPBACK = ["127.0.0.1", "localhost", ""];

/** Until Ctrl-C. What cannot be made again, as while the project has mistakes, leaves the site as it was. */
async function serve(args: Args): Promise<number> {
  if (!LOOPBACK.includes(args.host)) {
    const message = `The site is served to this machine only, at 127.0.0.1, and not at ${args.host}.`;
    const notes = ["to show it to others, put target/site on a web server"];
    return withoutProject(args, () => Promise.reject(new Failure(error("docs-host", message, undefined, notes))));
  }
  const { serveSite } = await import("../extras/site/serve.ts");
  const { whenRunsFinish } = await import("../extras/site/watch.ts");
  const { browse } = await import("../extras/site/browse.ts");
  let made: Made | undefined;
  const quietly = { ...args, quiet: true };
  const again = (): Promise<number> => makeSite(quietly, (one) => (made = one));
  const code = await again();
  if (made === undefined) return code;
  const { folder } = made;
  return withoutProject(args, async (reporter) => {
    const server = await serveSite(join(folder, "site"), args.port);
    const stop = await whenRunsFinish(folder, async () => {
      if ((await again()) !== ExitCode.unusable) server.reload();
    });
    reporter.line(`The site is at ${server.url}, for this machine only. Ctrl-C ends it.`);
    if (args.browser ?? process.stdout.isTTY) browse(server.url);
    await interruptible(
      reporter,
      (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(ExitCode.ok))),
    );
    stop();
    await server.close();
  });
}
