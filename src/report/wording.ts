/** The words of a run's log, as dbt users and their scripts know them. Pure: no stream, no colour unless a palette is given. */
import type { Palette } from "../lib/palette.ts";
import type {
  FreshnessResult,
  FreshnessStarted,
  HookFinished,
  PlanReady,
  RunResult,
  StepResult,
} from "../execute/events.ts";
import type { Resource } from "../parse/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Publication } from "../publish/publish.ts";

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** `12,876`: thousands grouped, the same in every locale. */
export const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");

/** `marts.customer_summary`; tests and exposures go by their name. */
export function displayName(resource: Resource): string {
  switch (resource.kind) {
    case "model":
    case "seed":
    case "snapshot":
    case "function":
      return `${resource.schema}.${resource.alias}`;
    case "source":
      return `${resource.schema}.${resource.identifier}`;
    case "unit_test":
      return resource.name.includes("::") ? resource.name : `${resource.unit.model}::${resource.name}`;
    default:
      return resource.name;
  }
}

/** What kind of thing a step makes: `table model`, `seed`, `data test`, `load`. Counted in "Finished running …". */
export function kindOf(resource: Resource): string {
  switch (resource.kind) {
    case "model":
      return `${resource.config.materialized} model`;
    case "test":
      return "data test";
    case "unit_test":
      return "unit test";
    case "source":
      return "load";
    default:
      return resource.kind;
  }
}

/** dbt's description of a node: `sql table model marts.x`, `seed file raw.x`, `test not_null_x_id`. */
export function description(resource: Resource): string {
  const name = displayName(resource);
  switch (resource.kind) {
    case "model":
      return `sql ${resource.config.materialized} model ${name}`;
    case "seed":
      return `seed file ${name}`;
    case "source":
      return `source ${name}`;
    default:
      return `${resource.kind} ${name}`;
  }
}

export type Tone = "good" | "warn" | "bad";

/** One finished step as words: `OK created sql table model marts.x` and what stands in the brackets. */
export interface Outcome {
  readonly text: string;
  /** The same in fewer words, for narrow terminals. */
  readonly short: string;
  readonly status: string;
  readonly tone: Tone;
  /** False for skipped steps, which took no time. */
  readonly timed: boolean;
}

export function outcome(step: Step, resource: Resource, result: StepResult, bytesPerSecond?: number): Outcome {
  if (result.status === "skipped") {
    // As dbt: without its model.
    const name = resource.kind === "unit_test" ? resource.name : displayName(resource);
    const what = ["model", "seed", "snapshot"].includes(resource.kind) ? "relation" : resource.kind;
    return { text: `SKIP ${what} ${name}`, short: `SKIP ${name}`, status: "SKIP", tone: "warn", timed: false };
  }
  const name = displayName(resource);
  if (result.reused) {
    const text = isTest(resource) ? `PASS ${name}` : `REUSED ${description(resource)}`;
    const short = isTest(resource) ? text : `REUSED ${shortKind(resource)} ${name}`;
    return {
      text,
      short,
      status: isTest(resource) ? "REUSED" : (result.message ?? "REUSED"),
      tone: "good",
      timed: false,
    };
  }
  if (result.status === "no-op") {
    const text = `NO-OP ${description(resource)}`;
    return { text, short: text, status: "NO-OP", tone: "warn", timed: true };
  }
  if (isTest(resource)) return testOutcome(name, result);
  const tone = result.status === "error" ? "bad" : result.status === "warn" || result.rejected ? "warn" : "good";
  const word = tone === "bad" ? "ERROR" : "OK";
  const status = tone === "bad" ? "ERROR" : builtStatus(step, result, bytesPerSecond);
  const verb = VERBS[resource.kind] ?? ["created", "creating"];
  return {
    text: `${word} ${tone === "bad" ? verb[1] : verb[0]} ${description(resource)}`,
    short: `${word} ${shortKind(resource)} ${name}`,
    status,
    tone,
    timed: true,
  };
}

const isTest = (resource: Resource): boolean => resource.kind === "test" || resource.kind === "unit_test";

const VERBS: { readonly [kind: string]: readonly [string, string] } = {
  seed: ["loaded", "loading"],
  source: ["loaded", "loading"],
  snapshot: ["snapshotted", "snapshotting"],
};

export const hookWord = (status: HookFinished["status"]): string =>
  ({ success: "OK", error: "ERROR", skipped: "SKIP" })[status];

/** `hook: shop.on-run-start.0` */
export const hookOf = ({ name }: { readonly name: string }): string =>
  `hook: ${name.replace(/-(on-run-(?:start|end))-(\d+)$/, ".$1.$2")}`;

/** `freshness of raw.orders` */
export const freshnessOf = ({ source, name }: FreshnessStarted["resource"]): string =>
  `freshness of ${source.source}.${name}`;

export function freshnessOutcome({ status }: FreshnessResult): { readonly word: string; readonly tone: Tone } {
  const words = {
    pass: { word: "PASS", tone: "good" },
    warn: { word: "WARN", tone: "warn" },
    error: { word: "ERROR STALE", tone: "bad" },
    "runtime error": { word: "ERROR", tone: "bad" },
  } as const;
  return words[status];
}

/** `table`, `seed`, `load`. */
export const shortKind = (resource: Resource): string =>
  resource.kind === "model" ? resource.config.materialized : resource.kind === "source" ? "load" : resource.kind;

function testOutcome(name: string, result: StepResult): Outcome {
  const words = {
    "no-op": ["NO-OP", "warn"],
    pass: ["PASS", "good"],
    success: ["PASS", "good"],
    fail: [`FAIL ${result.failures ?? ""}`.trim(), "bad"],
    warn: [`WARN ${result.failures ?? ""}`.trim(), "warn"],
    error: ["ERROR", "bad"],
    skipped: ["SKIP", "warn"],
  } as const;
  const [word, tone] = words[result.status];
  return { text: `${word} ${name}`, short: `${word} ${name}`, status: word, tone, timed: true };
}

function builtStatus(step: Step, result: StepResult, bytesPerSecond?: number): string {
  if (step.action !== "load") return result.message ?? (result.rows === undefined ? "OK" : `OK ${result.rows}`);
  if (step.reason.code === "files-unchanged" && !result.rows) return result.message ?? "UNCHANGED";
  const parts = [`COPY ${result.rows ?? 0}`];
  if (result.rejected) parts.push(`${grouped(result.rejected)} rejected`);
  if (bytesPerSecond !== undefined) parts.push(rate(bytesPerSecond));
  return parts.join(", ");
}

/** `48 MB/s`; bytes per second in, decimal units as disks and networks use them. */
export const rate = (bytesPerSecond: number): string => `${size(bytesPerSecond)}/s`;

export function size(bytes: number): string {
  if (bytes < 1e3) return `${Math.round(bytes)} B`;
  const [unit, name] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  const value = bytes / unit;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${name}`;
}

export function foundLine(resources: PlanReady["resources"]): string {
  const kinds = [
    ["model", "model"],
    ["seed", "seed"],
    ["snapshot", "snapshot"],
    ["analysis", "analysis", "analyses"],
    ["function", "function"],
    ["test", "data test"],
    ["unit_test", "unit test"],
    ["source", "source"],
    ["exposure", "exposure"],
  ] as const;
  const parts = kinds.flatMap(([kind, one, many]) => {
    const n = resources.filter((r) => r.kind === kind).length;
    return n ? [count(n, one, many)] : [];
  });
  return parts.length ? `Found ${parts.join(", ")}` : "Found nothing: the project has no models, seeds or tests yet";
}

/** Kinds stand in the order of dbt's names for them. */
const dbtName = (kind: string): string => kind.replace("data ", "");

/** dbt's sentence, with the time said twice; `brief` for terminals, where no script reads it. */
export function finishedLine(
  result: RunResult,
  resourceOf: (id: StepResult["node"]) => Resource | undefined,
  brief = false,
): string {
  const hooks = result.hooks.length;
  const kinds = new Map<string, number>(hooks > 0 ? [["project hook", hooks]] : []);
  for (const { node } of result.results) {
    const resource = resourceOf(node);
    if (resource) kinds.set(kindOf(resource), (kinds.get(kindOf(resource)) ?? 0) + 1);
  }
  const sorted = [...kinds].toSorted(([a], [b]) => (dbtName(a) < dbtName(b) ? -1 : 1));
  const parts = sorted.map(([kind, n]) => count(n, kind));
  const what = parts.join(", ") || "nothing";
  const s = result.seconds;
  if (brief) return `Finished running ${what} in ${s.toFixed(2)}s.`;
  const clock = `${Math.floor(s / 3600)} hours ${Math.floor((s % 3600) / 60)} minutes and ${(s % 60).toFixed(2)} seconds`;
  return `Finished running ${what} in ${clock} (${s.toFixed(2)}s).`;
}

/** `14 relations and 2 functions`. */
const publishedThings = ({ relations, functions }: Publication): string =>
  [
    ...(relations > functions ? [count(relations - functions, "relation")] : []),
    ...(functions > 0 ? [count(functions, "function")] : []),
  ].join(" and ");

/** `Published 14 relations together (locked for 23 ms)`. */
export const publishedLine = (publication: Publication): string => {
  const { held, waited } = publication;
  return `Published ${publishedThings(publication)} together (locked for ${Math.round(held * 1000)} ms${
    waited >= 0.1 ? `, after waiting ${waited.toFixed(1)} s for readers` : ""
  })`;
};

export interface Tally {
  readonly pass: number;
  readonly warn: number;
  readonly error: number;
  readonly skip: number;
  readonly noop: number;
  readonly reused: number;
  readonly total: number;
}

export function tally(result: RunResult): Tally {
  const idle = new Set(result.plan.steps.filter((s) => s.action === "none").map((s) => s.node));
  const n = { pass: 0, warn: 0, error: 0, skip: 0, noop: 0, reused: 0, total: 0 };
  const keys = {
    success: "pass",
    pass: "pass",
    fail: "error",
    error: "error",
    warn: "warn",
    skipped: "skip",
    "no-op": "noop",
  } as const;
  for (const r of result.results) {
    n[r.reused ? "reused" : idle.has(r.node) && r.status === "success" ? "noop" : keys[r.status]]++;
    n.total++;
  }
  for (const hook of result.hooks) {
    n[keys[hook.status]]++;
    n.total++;
  }
  return n;
}

export function connectedLine({ host, port, database, version }: PlanReady["server"]): string {
  // A socket's folder stands where the host's name would.
  const address = host.startsWith("/") ? host : `${host}:${port}`;
  return `Connected to PostgreSQL ${serverVersion(version)} at ${address}, database ${database}`;
}

export const doneLine = (t: Tally): string =>
  `Done. PASS=${t.pass} WARN=${t.warn} ERROR=${t.error} SKIP=${t.skip} NO-OP=${t.noop} REUSED=${t.reused} TOTAL=${t.total}`;

export function completedLine(result: RunResult, t: Tally): { readonly text: string; readonly tone: Tone } {
  if (result.interrupted) return { text: "Exited because of keyboard interrupt", tone: "warn" };
  if (t.error) {
    const text = `Completed with ${count(t.error, "error")}, 0 partial successes, and ${count(t.warn, "warning")}:`;
    return { text, tone: "bad" };
  }
  if (result.unpublished) return { text: "Completed, but not published", tone: "bad" };
  if (!result.ok) return { text: "Completed, but not successfully", tone: "bad" };
  if (t.warn) return { text: `Completed with ${count(t.warn, "warning")}:`, tone: "warn" };
  return { text: "Completed successfully", tone: "good" };
}

/** 180004 → `18.4`; 90624 → `9.6.24`. */
export const serverVersion = (n: number): string =>
  n >= 100_000
    ? `${Math.floor(n / 10_000)}.${n % 10_000}`
    : `${Math.floor(n / 10_000)}.${Math.floor((n % 10_000) / 100)}.${n % 100}`;

export const paintTone = (tone: Tone, c: Palette): ((text: string) => string) =>
  tone === "bad" ? c.red : tone === "warn" ? c.yellow : c.green;
