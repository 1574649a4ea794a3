import { Failure, error } from "../diagnostics/diagnostic.ts";
import type { Connection } from "./database.ts";
import { SQLSTATE, firstOf, isServerError } from "./errors.ts";
import { quoteIdent } from "./relation.ts";

/** `connect-failed`: where to, as whom, what was said, what to try. Never the password. */
export function connectFailure(connection: Connection, thrown: unknown, attempts = 1): Failure {
  const { host, port, user, database } = connection;
  const said = whatWasSaid(thrown);
  const message = `Could not connect to PostgreSQL at ${host}:${port} as user "${user}", database "${database}": ${said}`;
  const notes = nextMoves(connection, thrown);
  if (attempts > 1) notes.push(`tried ${attempts} times`);
  return new Failure(error("connect-failed", message, undefined, notes), { cause: thrown });
}

function whatWasSaid(thrown: unknown): string {
  const { message, code } = firstOf(thrown);
  if (code === "ENOTFOUND") return "the host name is not known";
  if (message.includes("timeout expired")) return "no answer in time";
  if (message.includes("client password must be a")) return "the server asks for a password, and none was given";
  return message || code || "no reason given";
}

function nextMoves(connection: Connection, thrown: unknown): string[] {
  const { host, port, user, database, role } = connection;
  if (isServerError(thrown)) {
    switch (thrown.code) {
      case SQLSTATE.invalidPassword:
        return [`check \`user\` and \`password\` of this target in profiles.yml, or the variables they are read from`];
      case SQLSTATE.invalidAuthorization:
        return /no encryption|SSL/.test(thrown.message)
          ? ["the server's pg_hba.conf decides by encryption: set `sslmode: require` (or `disable`) for this target"]
          : [`the server does not let "${user}" in from here: check the user's name and the server's pg_hba.conf`];
      case SQLSTATE.noSuchDatabase:
        return [`create it (\`create database ${quoteIdent(database)}\`) or correct \`dbname\` in profiles.yml`];
      case SQLSTATE.tooManyConnections:
        return ["the server has no connection free: lower `threads`, close other programs, or raise max_connections"];
      case SQLSTATE.cannotConnectNow:
        return [
          "the server is starting, stopping or recovering: try again in a moment, or set `retries` for this target",
        ];
      case SQLSTATE.insufficientPrivilege:
        return role ? [`allow it: \`grant ${quoteIdent(role)} to ${quoteIdent(user)}\``] : [];
      case "22023":
        return role ? [`correct \`role\` in profiles.yml, or create it: \`create role ${quoteIdent(role)}\``] : [];
      default:
        return [];
    }
  }
  const { code, message } = firstOf(thrown);
  if (code === "ECONNREFUSED" || code === "ENOENT") {
    return [
      `nothing listens at ${host}:${port}: is the server running, and is this its port?`,
      "without a server of your own, leave the target out: Sluice starts its embedded one by itself",
    ];
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return [`check \`host\` in profiles.yml: "${host}" was not found`];
  if (message.includes("timeout expired") || code === "ETIMEDOUT" || code === "EHOSTUNREACH") {
    return ["check the host, a firewall in between, or raise `connect_timeout` (seconds)"];
  }
  if (message.includes("does not support SSL")) return ["set `sslmode: disable` or `prefer` for this target"];
  if (message.includes("client password must be a")) {
    return ["give `password` in profiles.yml (`{{ env_var('PGPASSWORD') }}` keeps it out of the file), or ~/.pgpass"];
  }
  if (/certificate|altnames|self.signed|unable to (get|verify)/i.test(message)) {
    return ["the server's certificate was refused: give `sslrootcert`, or use `sslmode: require` to encrypt unchecked"];
  }
  return [];
}
