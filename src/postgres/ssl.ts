import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { nearest } from "../lib/nearest.ts";
import type { Connection } from "./database.ts";

/** What to hand to `pg`: no encryption, or TLS with these options. */
export type Ssl = false | ConnectionOptions;

export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
type SslMode = (typeof SSL_MODES)[number];

/** The ways to connect that libpq would try for an `sslmode`, in its order. */
export function sslAttempts(connection: Connection): Ssl[] {
  const mode = checkedMode(connection.sslmode ?? "prefer");
  // Sockets in the file system are never encrypted, as in libpq.
  if (connection.embedded || mode === "disable" || connection.host.startsWith("/")) return [false];
  const tls = tlsOptions(mode, connection);
  if (mode === "allow") return [false, tls];
  if (mode === "prefer") return [tls, false];
  return [tls];
}

function checkedMode(mode: string): SslMode {
  const known = SSL_MODES.find((m) => m === mode);
  if (known) return known;
  const meant = nearest(mode, SSL_MODES)[0];
  const notes = [`use one of ${SSL_MODES.join(", ")}`, ...(meant ? [`did you mean "${meant}"?`] : [])];
  throw new Failure(error("bad-sslmode", `sslmode "${mode}" does not exist.`, undefined, notes));
}

function tlsOptions(mode: SslMode, connection: Connection): ConnectionOptions {
  const root = connection.sslrootcert;
  // libpq: a root certificate given with `require` means that it is to be checked.
  const checked = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && root !== undefined);
  const options: ConnectionOptions = { rejectUnauthorized: checked };
  // Only verify-full compares the certificate's name with the host.
  if (mode !== "verify-full") options.checkServerIdentity = () => undefined;
  if (checked && root !== "system") options.ca = readOr(root, "root.crt", "sslrootcert", mode);
  const cert = readOr(connection.sslcert, "postgresql.crt", "sslcert");
  if (cert !== undefined) {
    options.cert = cert;
    options.key = readOr(connection.sslkey, "postgresql.key", "sslkey");
  }
  return options;
}

/** The file the profile names, else libpq's default in `~/.postgresql`; `needed` names the mode that insists on one. */
function readOr(given: string | undefined, standard: string, key: string, needed?: SslMode): Buffer | undefined {
  const path = given?.replace(/^~(?=\/)/, homedir()) ?? join(homedir(), ".postgresql", standard);
  if (given === undefined && !existsSync(path)) {
    if (!needed) return undefined;
    throw new Failure(
      error("ssl-file-missing", `sslmode "${needed}" needs a root certificate; ${path} does not exist.`, undefined, [
        `give \`${key}: <path>\`, or \`${key}: system\` for the certificates that Node trusts`,
      ]),
    );
  }
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `The file given as ${key} cannot be read: ${(cause as Error).message}`;
    throw new Failure(error("ssl-file-missing", message, undefined, ["check the path and its permissions"]), { cause });
  }
}
