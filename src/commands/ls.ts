import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { Resource } from "../index.ts";
import { type Command, kindsFor, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, resourceTypeOptions, type SelectionArgs, selectionOptions } from "./options.ts";

type Output = "selector" | "name" | "path" | "json";
type Args = GlobalArgs &
  SelectionArgs & {
    models?: string[];
    output: Output;
    outputKeys?: string[];
    resourceType?: string[];
    excludeResourceType?: string[];
  };

/** What dbt prints of each node when no keys are asked for. */
const KEYS = [
  "alias",
  "name",
  "package_name",
  "depends_on",
  "tags",
  "config",
  "resource_type",
  "source_name",
  "original_file_path",
  "unique_id",
];

/** dbt lists analyses only when asked for. */
const USUAL = ["model", "snapshot", "seed", "test", "source", "exposure", "unit_test", "function"];

export const lsCommand: Command = {
  command: "ls",
  aliases: ["list"],
  describe: "List the nodes that a selection means",
  builder: {
    ...selectionOptions,
    select: { ...selectionOptions.select, alias: ["s"] },
    models: {
      type: "string",
      array: true,
      requiresArg: true,
      alias: ["model", "m"],
      value: "nodes…",
      describe: "As --select, of models only",
    },
    ...resourceTypeOptions,
    output: {
      choices: ["selector", "name", "path", "json"],
      default: "selector",
      describe: "What to print of each node",
    },
    "output-keys": {
      type: "string",
      array: true,
      requiresArg: true,
      value: "keys…",
      describe: "Keys of --output json: name config.materialized …",
    },
  },
  examples: [
    "sluice ls",
    "sluice ls -s +customer_summary --resource-type model",
    "sluice ls --output json --output-keys name unique_id",
  ],
  run: (args: Args) =>
    withProject(args, "list", async (sluice, reporter) => {
      const { models } = args;
      const other = args.select.length > 0 ? "--select" : args.resourceType ? "--resource-type" : undefined;
      if (models && other)
        throw new Failure(error("ls-models", `--models and ${other} exclude one another: --models means models only.`));
      const asked = models ? { ...args, select: models, resourceType: ["model"] } : args;
      const selection = await selectionFor(sluice, asked, reporter, kindsFor(asked, USUAL, ["analysis"]));
      const keys = args.outputKeys?.flatMap((key) => key.split(/[\s,]+/)) ?? KEYS;
      const { resourceDictionary } = await import("../index.ts");
      // dbt's order.
      for (const id of [...selection].toSorted()) {
        const resource = sluice.graph.resource(id);
        reporter.line(row(resource, args.output, keys, resourceDictionary));
      }
      return ExitCode.ok;
    }),
};

type Describe = (resource: Resource) => Readonly<Record<string, unknown>>;

function row(resource: Resource, output: Output, keys: readonly string[], describe: Describe): string {
  switch (output) {
    case "name":
      return resource.kind === "source" ? `${resource.source.source}.${resource.name}` : resource.name;
    case "path":
      return resource.file.path;
    case "selector":
      return selector(resource);
    case "json": {
      const dictionary = describe(resource);
      return JSON.stringify(Object.fromEntries(keys.flatMap((key) => valueAt(dictionary, key))));
    }
  }
}

/** What `--select` takes to mean this node. */
function selector(resource: Resource): string {
  const { kind, name, package: pkg } = resource;
  if (kind === "source") return `source:${pkg}.${resource.source.source}.${name}`;
  if (kind === "exposure" || kind === "unit_test") return `${kind}:${pkg}.${name}`;
  return resource.fqn.join(".");
}

/** `config.materialized` reaches into dictionaries. A key that is not there is left out. */
function valueAt(dictionary: Readonly<Record<string, unknown>>, key: string): [string, unknown][] {
  let value: unknown = dictionary;
  for (const part of key.split(".")) {
    if (typeof value !== "object" || value === null || !(part in value)) return [];
    value = (value as Record<string, unknown>)[part];
  }
  return [[key, value]];
}
