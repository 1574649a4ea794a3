/** After a build: how to look at what was built. Never a password. */
import type { Palette } from "../lib/palette.ts";

export interface ConnectHint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Where the password is: `sluice up prints it`, `the password is in profiles.yml`. */
  readonly passwordHint?: string;
  /** For `psql`, without a password. */
  readonly url?: string;
  /** The login made for dashboards. */
  readonly bi?: { readonly user: string; readonly schemas?: readonly string[]; readonly passwordHint?: string };
}

export function connectLines(hint: ConnectHint, c: Palette): string[] {
  const url = withoutPassword(hint.url ?? builtUrl(hint));
  const bi = hint.bi ?? { user: hint.user };
  const lines = [
    `${c.bold("psql")}      psql "${url}"`,
    `${c.bold("Metabase")}  host ${hint.host}, port ${hint.port}, database ${hint.database}, user ${bi.user}`,
  ];
  if (bi.schemas?.length) lines.push(c.dim(`          read ${bi.schemas.join(", ")}`));
  const hints = new Set([hint.passwordHint, bi.passwordHint].filter((text) => text !== undefined));
  for (const text of hints) lines.push(c.dim(`          ${text}`));
  return lines;
}

function builtUrl({ host, port, database, user }: ConnectHint): string {
  const address = host.includes(":") && !host.startsWith("[") ? `[${host}]` : encodeURIComponent(host);
  return `postgresql://${encodeURIComponent(user)}@${address}:${port}/${encodeURIComponent(database)}`;
}

/** A caller's URL may hold one by mistake; the log of a CI job is no place for it. */
const withoutPassword = (url: string): string =>
  url
    .replace(/^(\w+:\/\/[^:/?#@]*):[^@/]*@/, "$1@")
    .replace(/([?&])password=[^&]*&?/, "$1")
    .replace(/[?&]$/, "");
