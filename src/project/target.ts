/** One output of profiles.yml → the address of a server. All that is missing or wrong is reported at once. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Connection } from "../postgres/database.ts";
import { parsePostgresUrl } from "./postgres-url.ts";
import { capital, Shape } from "./shape.ts";
import type { Mapping, Target } from "./types.ts";
import { copyPlaces } from "./written.ts";

const DEFAULT_THREADS = 4;

/** Keys of dbt's postgres outputs, and `url`. */
const KNOWN = [
  "type",
  "host",
  "user",
  "password",
  "pass",
  "port",
  "dbname",
  "database",
  "schema",
  "threads",
  "connect_timeout",
  "role",
  "search_path",
  "keepalives_idle",
  "sslmode",
  "sslcert",
  "sslkey",
  "sslrootcert",
  "application_name",
  "autocommit",
  "retries",
  "url",
];
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"];

/** The value of `host` that means the server Sluice starts by itself. */
const EMBEDDED = "embedded";

export function makeTarget(name: string, written: Shape): Target | undefined {
  const before = written.problems.length;
  if (!rightType(written)) return undefined;
  const output = withUrl(written);
  output.warnUnknown(KNOWN);
  const embedded = output.text("host") === EMBEDDED;
  requireKeys(output, embedded);
  const connection: Connection = {
    embedded,
    host: embedded ? "127.0.0.1" : (output.text("host") ?? ""),
    port: number(output, "port", 0, 65_535) ?? (embedded ? 0 : 5432),
    user: output.text("user") ?? "",
    ...optional("password", output.text("password") ?? output.text("pass")),
    database: output.text("dbname") ?? output.text("database") ?? "",
    ...optional("searchPath", output.text("search_path")),
    ...optional("role", output.text("role")),
    ...optional("sslmode", sslmode(output)),
    ...optional("sslcert", output.text("sslcert")),
    ...optional("sslkey", output.text("sslkey")),
    ...optional("sslrootcert", output.text("sslrootcert")),
    connectTimeout: number(output, "connect_timeout", 0) ?? 10,
    retries: number(output, "retries", 0) ?? 1,
    keepalivesIdle: number(output, "keepalives_idle", 0) ?? 0,
    applicationName: output.text("application_name") ?? "sluice",
  };
  const threads = number(output, "threads", 1) ?? DEFAULT_THREADS;
  const failed = written.problems.slice(before).some((d) => d.severity === "error");
  return failed ? undefined : { name, schema: output.text("schema") ?? "", threads, connection };
}

function rightType(output: Shape): boolean {
  if (!Object.hasOwn(output.value, "type")) return true;
  const type = output.text("type");
  if (type === "postgres" || type === "postgresql") return true;
  const message = `${capital(output.what)} is of type "${type ?? ""}", but Sluice runs on PostgreSQL only.`;
  const notes = ["choose a target of  type: postgres  with --target, or add one to profiles.yml"];
  output.problems.push(error("adapter-unsupported", message, output.span("type"), notes));
  return false;
}

/** Lays the settings beside `url` over those within it. */
function withUrl(output: Shape): Shape {
  const url = output.text("url");
  if (url === undefined) return output;
  const address = parsePostgresUrl(url);
  if (!address) {
    const notes = ["expected  postgres://user:password@host:5432/database, special characters percent-encoded"];
    const message = `"url" of ${output.what} is not a PostgreSQL address.`;
    output.problems.push(error("profile-url", message, output.span("url"), notes));
  }
  const merged: Mapping = { ...(address ?? { host: "?", user: "?", dbname: "?" }), ...output.value };
  copyPlaces(output.value, merged);
  return new Shape(merged, output.what, output.at, output.problems);
}

function requireKeys(output: Shape, embedded: boolean): void {
  const missing = (...names: string[]): boolean => !names.some((name) => output.has(name));
  const keys = [
    !embedded && missing("host") ? "host" : "",
    !embedded && missing("user") ? "user" : "",
    missing("dbname", "database") ? "dbname" : "",
    missing("schema") ? "schema" : "",
  ].filter((key) => key !== "");
  if (keys.length === 0) return;
  const list = keys.map((key) => `"${key}"`).join(", ");
  const notes = embedded ? [] : ["or give  url: postgres://user:password@host:5432/database  or  host: embedded"];
  output.problems.push(error("profile-missing-key", `${capital(output.what)} has no ${list}.`, output.at, notes));
}

/** A whole number, also when written as text: variables of the environment are. */
function number(output: Shape, key: string, least: number, most = 2 ** 31): number | undefined {
  const value = output.get(key);
  if (value === undefined) return undefined;
  const parsed = typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof parsed === "number" && Number.isInteger(parsed) && parsed >= least && parsed <= most) return parsed;
  const range = most < 2 ** 31 ? `from ${least} to ${most}` : `of at least ${least}`;
  const message = `"${key}" of ${output.what} must be a whole number ${range}.`;
  output.problems.push(error("yaml-shape", message, output.span(key)));
  return undefined;
}

function sslmode(output: Shape): string | undefined {
  const mode = output.text("sslmode");
  if (mode === undefined || SSL_MODES.includes(mode)) return mode;
  const message = `"sslmode" of ${output.what} is not one that PostgreSQL knows.`;
  output.problems.push(
    error("yaml-shape", message, output.span("sslmode"), [`expected one of ${SSL_MODES.join(", ")}`]),
  );
  return undefined;
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  // A computed key's type is lost to the compiler.
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
