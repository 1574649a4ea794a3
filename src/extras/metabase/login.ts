/** Logging in, and the first set-up of a server that nobody has used yet. */
import { error, Failure } from "../../diagnostics/diagnostic.ts";
import { Metabase } from "./http.ts";

export interface Login {
  readonly apiKey?: string | undefined;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  /** `MB_SETUP_TOKEN` of the server; otherwise the one it tells itself. */
  readonly setupToken?: string | undefined;
  /** Further texts that no message may show. */
  readonly secrets: readonly string[];
  /** For the first set-up. */
  readonly siteName: string;
}

interface Properties {
  readonly "has-user-setup"?: boolean;
  readonly "setup-token"?: string | null;
  readonly version?: { readonly tag?: string };
}

export interface LoggedIn {
  readonly metabase: Metabase;
  /** `v0.65.4`, as the server says. */
  readonly version: string;
  /** The first user was made just now. */
  readonly isNew: boolean;
}

/** An API key; or e-mail and password, which become the first administrator where there is none yet. Throws `Failure`. */
export async function logIn(url: string, login: Login): Promise<LoggedIn> {
  const { apiKey, email, password, setupToken, siteName } = login;
  const secrets = [...login.secrets, apiKey, password, setupToken].filter((secret) => secret !== undefined);
  const metabase = new Metabase({ url, secrets });
  const properties = await metabase.get<Properties>("/api/session/properties");
  const version = properties.version?.tag ?? "of an unknown version";
  if (apiKey) return { metabase: metabase.with({ "x-api-key": apiKey }), version, isNew: false };
  if (!email || !password) throw lacking(properties);
  if (properties["has-user-setup"] === false) {
    const token = setupToken ?? properties["setup-token"];
    const body = {
      token,
      user: { first_name: "Sluice", last_name: "Admin", email, password, site_name: siteName },
      prefs: { site_name: siteName, site_locale: "en", allow_tracking: false },
    };
    const { id } = await metabase.send<{ id: string }>({ method: "POST", path: "/api/setup", body }, "first set-up");
    return { metabase: metabase.with({ "X-Metabase-Session": id }), version, isNew: true };
  }
  const body = { username: email, password };
  const { id } = await metabase.send<{ id: string }>({ method: "POST", path: "/api/session", body }, "login");
  return { metabase: metabase.with({ "X-Metabase-Session": id }), version, isNew: false };
}

function lacking(properties: Properties): Failure {
  const first = properties["has-user-setup"] === false;
  return new Failure(
    error("metabase-login", "There is no login for Metabase.", undefined, [
      "set METABASE_API_KEY (Admin settings › Authentication › API keys)",
      first
        ? "or METABASE_EMAIL and METABASE_PASSWORD: nobody has used this server yet, so they become its first administrator"
        : "or METABASE_EMAIL and METABASE_PASSWORD of an administrator",
    ]),
  );
}
