/** Metabase's REST API: requests, and what to say when one is refused. */
import { setTimeout as sleep } from "node:timers/promises";
import { error, Failure } from "../../diagnostics/diagnostic.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT";
  /** From the root: `/api/card/7`. */
  readonly path: string;
  readonly body?: unknown;
}

export interface MetabaseOptions {
  /** Without a slash at the end. */
  readonly url: string;
  /** Header of the login: `x-api-key` or `X-Metabase-Session`. */
  readonly login?: Readonly<Record<string, string>>;
  /** Never shown, whatever the server repeats. */
  readonly secrets: readonly string[];
}

const TIMEOUT = 60_000;
/** Characters of a request or an answer that a message shows. */
const SHOWN = 1500;
/** A server that starts answers 502 or 503 behind a proxy, or not at all. */
const STARTING = new Set([502, 503, 504]);

export class Metabase {
  readonly #options: MetabaseOptions;

  constructor(options: MetabaseOptions) {
    this.#options = options;
  }

  with(login: Readonly<Record<string, string>>): Metabase {
    const secrets = [...this.#options.secrets, ...Object.values(login)];
    return new Metabase({ ...this.#options, login, secrets });
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>({ method: "GET", path });
  }

  /** The answer's JSON. Throws `Failure` ("metabase-…") that shows the request; `why` is what it was for. */
  async send<T>(request: Request, why = ""): Promise<T> {
    const { method, path, body } = request;
    const { url, login } = this.#options;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url + path, {
        method,
        headers: { accept: "application/json", "content-type": "application/json", ...login },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT),
        // An address that answers with another one is the wrong address; the key is not sent along.
        redirect: "manual",
      });
      text = await response.text();
    } catch (thrown) {
      throw this.#unreachable(thrown);
    }
    if (!response.ok) throw this.#refused(request, why, response, text);
    try {
      return (text === "" ? undefined : JSON.parse(text)) as T;
    } catch {
      throw this.#refused(request, why, response, text);
    }
  }

  /** Until the server says that it is up; `seconds` is how long at most. */
  async wait(seconds: number, onWait: () => void): Promise<void> {
    for (let waited = 0; ; waited += 2) {
      const up = await fetch(`${this.#options.url}/api/health`, { signal: AbortSignal.timeout(5000) }).then(
        async (response) => {
          await response.body?.cancel();
          return response.ok || !STARTING.has(response.status);
        },
        () => false,
      );
      if (up) return;
      if (waited >= seconds) throw this.#unreachable(undefined);
      if (waited === 0) onWait();
      await sleep(2000);
    }
  }

  #unreachable(thrown: unknown): Failure {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    const code =
      (cause as { code?: string } | undefined)?.code ?? (cause instanceof Error ? cause.message : "no answer");
    const hint = "check --url, and that the server is up: it answers at /api/health";
    return new Failure(
      error("metabase-unreachable", `Metabase does not answer at ${this.#options.url}: ${code}.`, undefined, [hint]),
    );
  }

  #refused({ method, path, body }: Request, why: string, response: Response, text: string): Failure {
    const asked = `${method} ${path}${why && ` (${why})`}`;
    const notes = [
      ...(body === undefined ? [] : [`request: ${this.#shown(JSON.stringify(body))}`]),
      `answer: ${this.#shown(text || "(empty)")}`,
      ...hintFor(response.status),
    ];
    return new Failure(
      error("metabase-refused", `Metabase answered ${response.status} to ${asked}.`, undefined, notes),
    );
  }

  #shown(text: string): string {
    let shown = text;
    for (const secret of this.#options.secrets) if (secret !== "") shown = shown.replaceAll(secret, "***");
    return shown.length > SHOWN ? `${shown.slice(0, SHOWN)} …` : shown;
  }
}

function hintFor(status: number): string[] {
  switch (status) {
    case 401:
      return ["the login was not accepted: check METABASE_API_KEY, or METABASE_EMAIL and METABASE_PASSWORD"];
    case 403:
      return ["the login lacks the right: an API key of the group Administrators has it"];
    case 404:
      return ["the address or the thing is not there: check --url, and whether somebody deleted it just now"];
    default:
      return [];
  }
}
