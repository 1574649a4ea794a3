import { arch, platform } from "node:os";
import { dirname } from "node:path";
import { version } from "../lib/package-root.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

type Args = GlobalArgs & { connection: boolean; configDir: boolean };

export const debugCommand: Command = {
  command: "debug",
  describe: "Show versions, paths and the target, and try to connect",
  builder: {
    connection: { type: "boolean", default: false, describe: "Only try to connect" },
    "config-dir": { type: "boolean", default: false, describe: "Only tell where profiles.yml is" },
  },
  examples: ["sluice debug", "sluice debug --target prod"],
  run: (args: Args) =>
    withProject(args, "debug", async (sluice, reporter) => {
      const { project } = sluice;
      const { target, profile } = project;
      if (args.configDir) {
        reporter.line(profile.file ? dirname(profile.file.absolute) : "no profiles.yml: the embedded server is used");
        return ExitCode.ok;
      }
      if (!args.connection) {
        reporter.line(`sluice ${version()}, node ${process.versions.node}, ${platform()}-${arch()}`);
        reporter.line(`project   ${project.name}  ${project.root}`);
        reporter.line(`profile   ${profile.name}  ${profile.file?.absolute ?? "(none: the embedded server)"}`);
        reporter.line(`target    ${target.name}, schema ${target.schema}, ${target.threads} threads`);
      }
      const started = performance.now();
      const database = await sluice.connections.pool();
      const { host, port, user, database: name, version: server, embedded } = database.info;
      const ms = Math.round(performance.now() - started);
      reporter.line(
        `server    ${user}@${host}:${port}/${name}, PostgreSQL ${serverVersion(server)}${embedded ? ", embedded" : ""}`,
      );
      reporter.line(`connected in ${ms} ms`);
      return ExitCode.ok;
    }),
};

/** 180004 → 18.4. */
const serverVersion = (n: number): string => `${Math.floor(n / 10_000)}.${n % 10_000}`;
