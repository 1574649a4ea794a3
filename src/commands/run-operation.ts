import { writeResults } from "../artifacts/run-files.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import type { RunEvent } from "../index.ts";
import { type Command, failedOnly, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

type Args = GlobalArgs & { macro?: string; args: string; sql?: string };

export const runOperationCommand: Command = {
  command: "run-operation [macro]",
  describe: "Call a macro, for what it does in the database",
  builder: {
    args: { type: "string", requiresArg: true, value: "yaml", default: "{}", describe: "Its arguments: '{days: 3}'" },
    sql: { type: "string", requiresArg: true, value: "sql", describe: "SQL to run instead of a macro" },
  },
  examples: ["sluice run-operation grant_select --args '{role: reader}'", 'sluice run-operation --sql "analyze"'],
  run: (args: Args) =>
    withProject(args, "run-operation", async (sluice, reporter) => {
      const { macro, sql } = args;
      if ((macro === undefined) === (sql === undefined)) {
        throw new Failure(error("operation-what", "Say what to run: the name of a macro, or --sql."));
      }
      const { readArguments } = await import("../index.ts");
      const given = readArguments(args.args);
      const startedAt = new Date();
      const onEvent = (event: RunEvent): void => reporter.event(event);
      let id = `sql.${sluice.project.name}.inline`;
      const code = await failedOnly(reporter, async () => {
        const { runInline, runOperation } = await import("../index.ts");
        if (sql !== undefined) await runInline(sluice, sql);
        else id = (await runOperation(sluice, macro!, given, onEvent)).id;
        return ExitCode.ok;
      });
      const status = code === ExitCode.ok ? "success" : "error";
      if (args.writeJson !== false) {
        const result = { id, status, startedAt, finishedAt: new Date() } as const;
        await writeResults([result], sluice);
      }
      return code;
    }),
};
