/** The verbs that change the database: build, run, test, seed, snapshot, load. One path, different kinds of nodes. */
import { writeRunFiles } from "../artifacts/run-files.ts";
import type { RunEvent, Selection, Sluice } from "../index.ts";
import type { ConnectHint } from "../report/connect-hint.ts";
import { type Command, interruptible, kindsFor, refuseMistakes, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import {
  type GlobalArgs,
  type Option,
  type PublishArgs,
  publishOptions,
  resourceTypeOptions,
  type RunArgs,
  runOptions,
} from "./options.ts";
import { recordShortcut, shortcutFor, tryShortcut } from "./rest.ts";
import { showSeeds } from "./show-seeds.ts";
import { deferFor } from "./state.ts";
import { warningPolicy } from "./warnings.ts";

export type Args = GlobalArgs &
  RunArgs &
  PublishArgs & { resourceType?: string[]; excludeResourceType?: string[]; show?: boolean };

interface Verb {
  readonly verb: string;
  readonly describe: string;
  /** Kinds of resources the verb takes. */
  readonly kinds: readonly string[];
  readonly testsGate?: true;
  /** Options beside those of all these verbs. */
  readonly options?: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
}

const show: Option = { type: "boolean", describe: "Print some rows of each seed", default: false };

const verbs: readonly Verb[] = [
  {
    verb: "build",
    describe: "Load files, build models, seeds, snapshots and functions in order; test each before what follows it",
    kinds: ["source", "model", "seed", "snapshot", "function", "test", "unit_test", "exposure"],
    testsGate: true,
    options: { show: { ...show, hidden: true } },
    examples: [
      "sluice build",
      "sluice build --select +customer_summary",
      "sluice build -s tag:nightly --exclude staging",
    ],
  },
  {
    verb: "run",
    describe: "Build models, without tests",
    kinds: ["model"],
    examples: ["sluice run -s marts", "sluice run -f -s int_transactions_enriched"],
  },
  {
    verb: "test",
    describe: "Run data tests and unit tests",
    kinds: ["test", "unit_test"],
    examples: ["sluice test", "sluice test -s customer_summary"],
  },
  {
    verb: "seed",
    describe: "Load the CSV files of seeds/",
    kinds: ["seed"],
    options: { show },
    examples: ["sluice seed", "sluice seed -s size_buckets"],
  },
  {
    verb: "snapshot",
    describe: "Record what changed since the last snapshot",
    kinds: ["snapshot"],
    examples: ["sluice snapshot"],
  },
  {
    verb: "load",
    describe: "Load the files of sources; what is loaded already is left alone",
    kinds: ["source"],
    examples: ["sluice load", "sluice load -s source:raw.transactions", "sluice load --full-refresh"],
  },
];

export const runCommands: readonly Command[] = verbs.map((verb) => ({
  command: verb.verb,
  describe: verb.describe,
  builder: { ...runOptions, ...publishOptions, ...(verb.kinds.length > 1 ? resourceTypeOptions : {}), ...verb.options },
  examples: verb.examples,
  run: (args: Args) => execute(verb, args),
}));

/** The nodes of an earlier run. */
export interface EarlierNodes {
  /** That failed, or were skipped because of it. */
  readonly failed: readonly string[];
  readonly all: readonly string[];
}

/** `earlier`: nodes of another run, whatever the arguments select. */
async function execute(verb: Verb, args: Args, earlier?: EarlierNodes): Promise<number> {
  const shortcut = earlier ? undefined : await shortcutFor(verb.verb, args);
  const idle = shortcut && (await tryShortcut(verb.verb, args, shortcut));
  if (idle !== undefined) return idle;
  return withProject(
    args,
    verb.verb,
    (sluice, reporter) =>
      interruptible(reporter, async (signal) => {
        const present = (ids: readonly string[]): Selection =>
          new Set(sluice.graph.order.filter((id) => ids.includes(id)));
        const selection = earlier
          ? present(earlier.failed)
          : await selectionFor(sluice, args, reporter, kindsFor(args, verb.kinds));
        refuseMistakes(sluice, earlier ? present(earlier.all) : selection, reporter);
        const defer = await deferFor(args);
        const { direct, force } = args;
        const request = { selection, testsGate: verb.testsGate ?? false, direct, force, ...(defer && { defer }) };
        const first = await sluice.plan(request, signal);
        // What the failed run built out of sight was never published: all of it is planned again, and what holds is reused.
        const again = earlier && first.mode === "publish";
        const plan = again ? await sluice.plan({ ...request, selection: present(earlier.all) }, signal) : first;
        const onEvent = (event: RunEvent): void => reporter.event(event);
        const { testsFail } = await warningPolicy(args);
        const asked = { signal, failFast: args.failFast, warningsFail: testsFail, onEvent };
        const result = await sluice.run(plan, asked);
        if (shortcut) await recordShortcut(sluice, shortcut, result);
        if (args.show) await showSeeds(sluice, result, reporter);
        if (args.writeJson !== false) await writeRunFiles(result, sluice);
        return result.ok ? ExitCode.ok : ExitCode.failed;
      }),
    {
      asksNodes: true,
      report: (sluice) => ({ connectHint: () => (verb.verb === "build" ? connectHint(sluice()) : undefined) }),
    },
  );
}

/** The verb of an earlier run, over some of its nodes; undefined where the verb runs no nodes. */
export function rerun(which: string, args: Args, earlier: EarlierNodes): Promise<number> | undefined {
  const verb = verbs.find((one) => one.verb === which);
  return verb && execute(verb, args, earlier);
}

/** How to look at what was built. */
function connectHint(sluice: Sluice | undefined): ConnectHint | undefined {
  const server = sluice?.connections.server;
  if (!server) return undefined;
  const { host, port, database, user } = server;
  return {
    host,
    port,
    database,
    user,
    ...(server.embedded
      ? { passwordHint: "the password: `sluice up` prints it (it is kept in .sluice/, readable by you only)" }
      : {}),
  };
}
