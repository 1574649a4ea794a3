/** The verbs that change the database: build, run, test, seed, snapshot, load. One path, different kinds of nodes. */
import { writeRunFiles } from "../artifacts/run-files.ts";
import type { Sluice } from "../index.ts";
import type { ConnectHint } from "../report/connect-hint.ts";
import { type Command, interruptible, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, resourceTypeOptions, type RunArgs, runOptions } from "./options.ts";

type Args = GlobalArgs & RunArgs & { resourceType?: string[]; excludeResourceType?: string[] };

interface Verb {
  readonly verb: string;
  readonly describe: string;
  /** Kinds of resources the verb takes. */
  readonly kinds: readonly string[];
  readonly testsGate?: true;
  readonly examples: readonly string[];
}

const verbs: readonly Verb[] = [
  {
    verb: "build",
    describe: "Load files, build models, seeds and snapshots in order, and test each before what follows it",
    kinds: ["source", "model", "seed", "snapshot", "test", "unit_test"],
    testsGate: true,
    examples: ["sluice build", "sluice build --select +customer_summary", "sluice build -s tag:nightly --exclude staging"],
  },
  { verb: "run", describe: "Build models, without tests", kinds: ["model"], examples: ["sluice run -s marts", "sluice run -f -s int_transactions_enriched"] },
  { verb: "test", describe: "Run data tests and unit tests", kinds: ["test", "unit_test"], examples: ["sluice test", "sluice test -s customer_summary"] },
  { verb: "seed", describe: "Load the CSV files of seeds/", kinds: ["seed"], examples: ["sluice seed", "sluice seed -s size_buckets"] },
  { verb: "snapshot", describe: "Record what changed since the last snapshot", kinds: ["snapshot"], examples: ["sluice snapshot"] },
  {
    verb: "load",
    describe: "Load the files of sources (external: in their YAML); files as loaded are left alone",
    kinds: ["source"],
    examples: ["sluice load", "sluice load -s source:raw.transactions", "sluice load --full-refresh"],
  },
];

export const runCommands: readonly Command[] = verbs.map((verb) => ({
  command: verb.verb,
  describe: verb.describe,
  builder: { ...runOptions, ...(verb.verb === "build" || verb.verb === "test" ? resourceTypeOptions : {}) },
  examples: verb.examples,
  run: (args: Args) => execute(verb, args),
}));

function execute(verb: Verb, args: Args): Promise<number> {
  const hint = (sluice: Sluice) => ({ connectHint: () => (verb.verb === "build" ? connectHint(sluice) : undefined) });
  return withProject(
    args,
    verb.verb,
    (sluice, reporter) =>
      interruptible(async (signal) => {
        const asked = args.resourceType;
        const kinds = asked ? verb.kinds.filter((kind) => asked.includes(kind)) : verb.kinds;
        const selection = selectionFor(sluice, args, reporter, kinds);
        const plan = await sluice.plan({ selection, testsGate: verb.testsGate ?? false }, signal);
        const result = await sluice.run(plan, { signal, failFast: args.failFast, onEvent: (event) => reporter.event(event) });
        await writeRunFiles(result, { graph: sluice.graph, targetPath: sluice.project.targetPath }, { which: verb.verb, select: args.select, exclude: args.exclude });
        return result.ok ? ExitCode.ok : ExitCode.failed;
      }),
    hint,
  );
}

/** How to look at what was built. */
export function connectHint(sluice: Sluice): ConnectHint | undefined {
  const server = sluice.server;
  if (!server) return undefined;
  const { host, port, database, user } = server;
  return {
    host,
    port,
    database,
    user,
    ...(server.embedded ? { passwordHint: "the password: `sluice up` prints it (it is kept in .sluice/, readable by you only)" } : {}),
  };
}
