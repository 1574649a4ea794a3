/** `metabase push` and `metabase pull`: the project's dashboards into Metabase, Metabase's dashboards into the project. */
import { join, relative } from "node:path";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Sluice } from "../index.ts";
import { writeFileAtomically } from "../lib/write-file.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";

type Args = GlobalArgs & {
  action: string;
  url?: string;
  apiKey?: string;
  email?: string;
  dryRun: boolean;
  wait: number;
  collection?: string;
  connection?: string;
  dbHost?: string;
  dbPort?: number;
  dbName?: string;
  dbUser?: string;
  output: string;
};

const text = { type: "string", requiresArg: true } as const;
const env = process.env;
const fromEnv = (name: string): Option => (env[name] ? { default: env[name], defaultDescription: `$${name}` } : {});

const builder: Record<string, Option> = {
  url: { ...text, describe: "Address of Metabase: http://localhost:3000", ...fromEnv("METABASE_URL") },
  "api-key": { ...text, describe: "API key; better in METABASE_API_KEY, where other users do not see it" },
  email: {
    ...text,
    describe: "Administrator, with METABASE_PASSWORD; becomes the first one of a new server",
    ...fromEnv("METABASE_EMAIL"),
  },
  "dry-run": { type: "boolean", default: false, describe: "push: print the difference; pull: print the file" },
  wait: {
    type: "number",
    requiresArg: true,
    value: "seconds",
    default: 0,
    describe: "How long to wait for the server",
  },
  collection: { ...text, describe: "Collection for the dashboards (the project's name)" },
  connection: { ...text, describe: "Name of the database in Metabase (the project's name)" },
  "db-host": { ...text, describe: "Host of PostgreSQL as Metabase sees it (the target's)", ...fromEnv("BI_DB_HOST") },
  "db-port": { type: "number", requiresArg: true, describe: "Port of PostgreSQL as Metabase sees it (the target's)" },
  "db-name": { ...text, describe: "Database (the target's)" },
  "db-user": { ...text, describe: "Role that Metabase reads with, password in BI_PASSWORD", ...fromEnv("BI_USER") },
  output: { ...text, alias: "o", value: "file", default: "models/_metabase.yml", describe: "pull: file to write" },
};

export const metabaseCommand: Command = {
  command: "metabase <action>",
  describe: "push: dashboards into Metabase; pull: Metabase's own into exposures",
  builder,
  examples: [
    "sluice metabase push --url http://localhost:3000 --dry-run",
    "sluice metabase push --url http://localhost:3000 --email me@bank.example --wait 120",
    "sluice metabase pull --url http://localhost:3000",
  ],
  run: async (args: Args) => {
    if (args.action !== "push" && args.action !== "pull") {
      const { UsageError } = await import("./usage.ts");
      throw new UsageError(`sluice metabase does not know "${args.action}": it takes push or pull.`);
    }
    return withProject(args, "metabase", async (sluice, reporter) => {
      const { logIn } = await import("../extras/metabase/login.ts");
      const { Metabase } = await import("../extras/metabase/http.ts");
      const url = addressOf(args.url);
      if (args.wait > 0) {
        await new Metabase({ url, secrets: [] }).wait(args.wait, () => reporter.notice("Waiting for Metabase …"));
      }
      const { metabase, version, isNew } = await logIn(url, {
        apiKey: args.apiKey ?? env["METABASE_API_KEY"],
        email: args.email,
        password: env["METABASE_PASSWORD"],
        setupToken: env["MB_SETUP_TOKEN"],
        secrets: [env["BI_PASSWORD"] ?? ""],
        siteName: titleOf(sluice),
      });
      reporter.notice(
        `Metabase ${version} at ${url}${isNew ? `, set up with ${args.email} as its administrator` : ""}`,
      );
      return args.action === "push"
        ? push(metabase, sluice, args, reporter)
        : pull(metabase, url, sluice, args, reporter);
    });
  },
};

type Client = import("../extras/metabase/http.ts").Metabase;

async function push(metabase: Client, sluice: Sluice, args: Args, reporter: Reporter): Promise<number> {
  const { desiredState } = await import("../extras/metabase/desired.ts");
  const { push: pushAll } = await import("../extras/metabase/push.ts");
  const { connection } = sluice.project.target;
  const server = (await sluice.connections.pool()).info;
  if (args.dbUser === undefined) {
    const hint =
      "name it with --db-user or BI_USER: a login that is a member of the readers' group, never the builder's own";
    throw new Failure(error("metabase-user", "It is not said which role Metabase reads with.", undefined, [hint]));
  }
  const desired = await desiredState(sluice, {
    collection: args.collection ?? titleOf(sluice),
    connection: {
      name: args.connection ?? titleOf(sluice),
      host: args.dbHost ?? server.host,
      port: args.dbPort ?? server.port,
      dbname: args.dbName ?? server.database,
      user: args.dbUser,
      password: env["BI_PASSWORD"],
      ssl: /^(require|verify)/.test(connection.sslmode ?? ""),
    },
  });
  for (const hidden of desired.hidden)
    reporter.notice(`${hidden}, which ${args.dbUser} may not see: its questions will fail.`);
  const count = await pushAll(metabase, desired, {
    dryRun: args.dryRun,
    syncTimeout: 120,
    onChange: ({ verb, what, differs }) =>
      reporter.line(`${verb} ${what}${differs.length > 0 ? ` (${differs.join(", ")})` : ""}`),
    notice: (said) => reporter.notice(said),
  });
  const changes = count === 1 ? "1 change" : `${count} changes`;
  reporter.line(count === 0 ? "Nothing to change." : args.dryRun ? `${changes} to make.` : `${changes} made.`);
  return ExitCode.ok;
}

async function pull(metabase: Client, url: string, sluice: Sluice, args: Args, reporter: Reporter): Promise<number> {
  const { exposuresYaml, pull: pullAll } = await import("../extras/metabase/pull.ts");
  const exposures = await pullAll(metabase, url, sluice, args.connection ?? titleOf(sluice));
  const yaml = exposuresYaml(exposures);
  if (args.dryRun) {
    reporter.line(yaml.trimEnd());
    return ExitCode.ok;
  }
  const file = join(sluice.project.root, args.output);
  await writeFileAtomically(file, yaml);
  reporter.line(`Wrote ${exposures.length} exposures to ${relative(process.cwd(), file)}`);
  return ExitCode.ok;
}

function addressOf(url: string | undefined): string {
  if (url && URL.canParse(url) && /^https?:/.test(url)) return url.replace(/\/+$/, "");
  const hint = "give --url http://localhost:3000, or set METABASE_URL";
  throw new Failure(error("metabase-url", "It is not said where Metabase is.", undefined, [hint]));
}

/** `bank` → `Bank`. */
const titleOf = ({ project: { name } }: Sluice): string => {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
