/** `postgres://user:password@host:port/database?sslmode=require` as the settings of an output. */
import type { Mapping } from "./types.ts";

const PARAMETERS = new Set([
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "sslcert",
  "sslkey",
  "sslrootcert",
  "connect_timeout",
  "application_name",
  "keepalives_idle",
]);

/** Settings found in a URL; undefined when it is none. Never puts the URL into a message: it holds a password. */
export function parsePostgresUrl(url: string): Mapping | undefined {
  let parsed: URL;
  try {
    parsed = new URL(url.trim());
  } catch {
    return undefined;
  }
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:") return undefined;
  const settings: Mapping = {};
  const set = (key: string, text: string): void => {
    if (text !== "") settings[key] = text;
  };
  try {
    set("host", decodeURIComponent(parsed.hostname).replace(/^\[(.*)\]$/, "$1"));
    set("port", parsed.port);
    set("user", decodeURIComponent(parsed.username));
    set("password", decodeURIComponent(parsed.password));
    set("dbname", decodeURIComponent(parsed.pathname.slice(1)));
  } catch {
    // A stray % is no percent-encoding.
    return undefined;
  }
  for (const [key, value] of parsed.searchParams) if (PARAMETERS.has(key)) set(key, value);
  return settings;
}
