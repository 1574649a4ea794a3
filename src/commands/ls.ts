import { resourceDictionary } from "../artifacts/resource-dictionary.ts";
import type { Resource } from "../index.ts";
import { type Command, selectionFor, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import { type GlobalArgs, resourceTypeOptions, type SelectionArgs, selectionOptions } from "./options.ts";

type Output = "selector" | "name" | "path" | "json";
type Args = GlobalArgs & SelectionArgs & { output: Output; outputKeys?: string[]; resourceType?: string[] };

/** What dbt prints of each node when no keys are asked for. */
const KEYS = ["alias", "name", "package_name", "depends_on", "tags", "config", "resource_type", "source_name", "original_file_path", "unique_id"];

export const lsCommand: Command = {
  command: "ls",
  describe: "List the nodes that a selection means",
  builder: {
    ...selectionOptions,
    ...resourceTypeOptions,
    output: { choices: ["selector", "name", "path", "json"], default: "selector", describe: "What to print of each node" },
    "output-keys": { type: "string", array: true, describe: "Keys of --output json" },
  },
  examples: ["sluice ls", "sluice ls -s +customer_summary --resource-type model", "sluice ls --output json --output-keys name unique_id"],
  run: (args: Args) =>
    withProject(args, "list", async (sluice, reporter) => {
      const selection = selectionFor(sluice, args, reporter, args.resourceType?.flatMap((kind) => (kind === "all" ? [] : kind.split(/[\s,]+/))));
      const keys = args.outputKeys?.flatMap((key) => key.split(/[\s,]+/)) ?? KEYS;
      for (const id of selection) {
        const resource = sluice.graph.resource(id);
        reporter.line(row(resource, args.output, keys));
      }
      return ExitCode.ok;
    }),
};

function row(resource: Resource, output: Output, keys: readonly string[]): string {
  switch (output) {
    case "name":
      return resource.name;
    case "path":
      return resource.file.path;
    case "selector":
      return `${resource.kind === "source" || resource.kind === "exposure" ? `${resource.kind}:` : ""}${selectorName(resource)}`;
    case "json": {
      const dictionary = resourceDictionary(resource);
      return JSON.stringify(Object.fromEntries(keys.filter((k) => k in dictionary).map((k) => [k, dictionary[k]])));
    }
  }
}

const selectorName = (resource: Resource): string =>
  resource.kind === "source" ? [resource.package, resource.source.source, resource.name].join(".") : resource.fqn.join(".");
