import { writeCatalog, writeManifest, writeResults } from "../artifacts/run-files.ts";
import type { Selection, Sluice } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Command, failedOnly, selectionFor, withProject } from "./command.ts";
import { COMPILED_KINDS, compileNodes } from "./compile-nodes.ts";
import { ExitCode } from "./exit-code.ts";
import { type DeferArgs, deferOptions, type GlobalArgs, type SelectionArgs, selectionOptions } from "./options.ts";
import { deferFor } from "./state.ts";

type Args = GlobalArgs & SelectionArgs & DeferArgs & { action: string; compile: boolean; emptyCatalog: boolean };

/** What has a relation, or may have one. */
const CATALOGUED = ["model", "seed", "snapshot", "source"];

export const docsCommand: Command = {
  command: "docs <action>",
  describe: "docs generate: write manifest.json and catalog.json, for documentation and catalogues",
  builder: {
    ...selectionOptions,
    ...deferOptions,
    action: { choices: ["generate"], hidden: true },
    compile: { type: "boolean", default: true, describe: "Compile all nodes, so that the manifest holds their SQL" },
    "empty-catalog": { type: "boolean", default: false, describe: "Do not ask the database for its relations" },
  },
  examples: ["sluice docs generate", "sluice docs generate --select marts --no-compile"],
  run: (args: Args) =>
    withProject(args, "docs", (sluice, reporter) => failedOnly(reporter, () => generate(args, sluice, reporter))),
};

async function generate(args: Args, sluice: Sluice, reporter: Reporter): Promise<number> {
  const selection = await selectionFor(sluice, args, reporter, [...CATALOGUED, ...COMPILED_KINDS]);
  let code: number = ExitCode.ok;
  if (args.compile) {
    const defer = await deferFor(args);
    const compiled = await compileNodes(sluice, selection, reporter, { ...(defer && { defer }) });
    await writeResults(compiled.results, sluice, { which: "generate", select: args.select, exclude: args.exclude });
    await writeManifest(sluice, compiled.texts);
    code = compiled.code;
  }
  const kept = [...selection].filter((id) => CATALOGUED.includes(sluice.graph.resource(id).kind));
  const relations = args.emptyCatalog ? new Map() : await sluice.describe(new Set(kept) satisfies Selection);
  const path = await writeCatalog(relations, sluice);
  if (!args.quiet) reporter.line(`Catalog of ${relations.size} relations written to ${path}`);
  return code;
}
