/** `up` and `down`: the embedded server, for people who want to connect to it. */
import type { Sluice } from "../index.ts";
import { type Command, withProject } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { GlobalArgs } from "./options.ts";

export const upCommand: Command = {
  command: "up",
  describe: "Start the embedded server and print how to connect to it",
  builder: {},
  examples: ["sluice up", 'psql "$(sluice up --quiet)"'],
  run: (args: GlobalArgs) =>
    withProject(args, "up", async (sluice, reporter) => {
      if (!isEmbedded(sluice)) {
        reporter.line(`Target "${sluice.project.target.name}" is a server of its own; there is nothing to start.`);
        return ExitCode.ok;
      }
      const { host, port, user, password } = await sluice.connections.startServer();
      // The one command whose purpose is to hand out the password.
      const url = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${sluice.project.target.connection.database}`;
      if (args.quiet) {
        reporter.line(url);
        return ExitCode.ok;
      }
      for (const line of [
        `PostgreSQL listens on ${host}:${port}, this machine only. It stays up until \`sluice down\`.`,
        "",
        `psql      psql "${url}"`,
        `Metabase  host ${host}, port ${port}, database ${sluice.project.target.connection.database}, user ${user}, password ${password}`,
        `          (from a container: host.docker.internal instead of ${host}, where Docker offers it)`,
      ]) {
        reporter.line(line);
      }
      return ExitCode.ok;
    }),
};

export const downCommand: Command = {
  command: "down",
  describe: "Stop the embedded server; the data stays",
  builder: {},
  examples: ["sluice down"],
  run: (args: GlobalArgs) =>
    withProject(args, "down", async (sluice, reporter) => {
      const stopped = await sluice.connections.stopServer();
      if (!args.quiet)
        reporter.line(stopped ? "The embedded server is stopped." : "The embedded server was not running.");
      return ExitCode.ok;
    }),
};

const isEmbedded = (sluice: Sluice): boolean => sluice.project.target.connection.embedded;
