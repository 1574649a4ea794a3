/** `grants`: the roles that read, kept as the project says. */
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs, Option } from "./options.ts";

type Args = GlobalArgs & { dryRun: boolean };

const builder: Record<string, Option> = {
  "dry-run": { type: "boolean", default: false, describe: "Print the statements only" },
};

export const grantsCommand: Command = {
  command: "grants",
  describe: "Let the readers' roles see what the project grants them, and nothing else",
  builder,
  examples: ["sluice grants --dry-run", "sluice grants --target prod"],
  run: (args: Args) =>
    withProject(args, "grants", async (sluice, reporter) => {
      const { keepGrants } = await import("../extras/grants/grants.ts");
      const { roles, statements, leaks, seeAll } = await keepGrants(sluice, args.dryRun);
      if (roles.length === 0) {
        reporter.notice(
          "No model, seed or snapshot has grants, so there is nothing to keep. In dbt_project.yml: +grants: {select: [readers]}",
        );
        return ExitCode.ok;
      }
      for (const statement of statements) reporter.line(`${statement};`);
      if (statements.length === 0) reporter.notice(`Nothing to change for ${roles.join(", ")}.`);
      for (const role of seeAll)
        reporter.notice(`${role} sees everything: it is a superuser, or passes row level security.`);
      for (const { role, schema, relation } of leaks) {
        reporter.notice(
          `${role} sees ${schema}.${relation}, which is not granted to it: all may see it, or a role that it belongs to.`,
        );
      }
      return leaks.length + seeAll.length === 0 ? ExitCode.ok : ExitCode.failed;
    }),
};
