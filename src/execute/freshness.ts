/** How old the newest rows of sources are, beside what the project says they may be. */
import type { Compiler } from "../compile/compiler.ts";
import { Relation } from "../context/relation.ts";
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import type { SourceNode } from "../parse/manifest.ts";
import { relationOf } from "../plan/relations.ts";
import type { Database, Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import { newestByQuery, newestRow } from "../postgres/sql/freshness.ts";
import type { Mapping, Value } from "../project/types.ts";
import { explainQueryError } from "./explain.ts";
import type { FreshnessResult, RunEvent } from "./events.ts";

export interface FreshnessInput {
  readonly sources: readonly SourceNode[];
  readonly database: Database;
  readonly compiler: Compiler;
  emit(event: RunEvent): void;
}

/** Sources that promise something; the others are not asked. */
export const isDated = ({ source: { freshness } }: SourceNode): boolean =>
  [freshness?.["warn_after"], freshness?.["error_after"]].some((one) => seconds(one) !== undefined);

/** All at once, as many at a time as there are sessions. What goes wrong with one is its result. */
export async function checkFreshness(input: FreshnessInput): Promise<FreshnessResult[]> {
  const { sources, emit, database } = input;
  const of = sources.length;
  return Promise.all(
    sources.map((resource, i) =>
      database.session(async (session) => {
        const startedAt = new Date();
        const index = i + 1;
        emit({ type: "freshness-started", at: startedAt, resource, index, of });
        const outcome = await check(resource, session, input);
        const finishedAt = new Date();
        const took = (finishedAt.getTime() - startedAt.getTime()) / 1000;
        const result: FreshnessResult = { ...outcome, source: resource, startedAt, finishedAt, seconds: took };
        emit({ type: "freshness-checked", at: finishedAt, resource, result, index, of });
        return result;
      }),
    ),
  );
}

type Outcome = Pick<FreshnessResult, "status" | "diagnostic" | "maxLoadedAt" | "snapshottedAt" | "age">;

async function check(node: SourceNode, session: Session, { compiler }: FreshnessInput): Promise<Outcome> {
  const { source } = node;
  try {
    session.comment = compiler.comments.of({ node });
    const sql = await question(node, session, compiler);
    const { rows, fields } = await session.queryText(sql);
    const found = rows[0]?.[0] ?? null;
    // dbt takes a table without rows for one that was last loaded at the beginning of time.
    const maxLoadedAt = found === null ? BEGINNING : instant(found, fields[0]!.type, node);
    const snapshottedAt = instant(rows[0]![1]!, TIMESTAMPTZ, node);
    const age = (snapshottedAt.getTime() - maxLoadedAt.getTime()) / 1000;
    const exceeds = (key: string): boolean => age > (seconds(source.freshness?.[key]) ?? Number.POSITIVE_INFINITY);
    const status = exceeds("error_after") ? "error" : exceeds("warn_after") ? "warn" : "pass";
    return { status, maxLoadedAt, snapshottedAt, age };
  } catch (thrown) {
    return { status: "runtime error", diagnostic: reason(thrown, node) };
  }
}

async function question(node: SourceNode, session: Session, compiler: Compiler): Promise<string> {
  const { source, at } = node;
  const name = relationOf(node);
  const names = new Map([["this", new Relation({ database: node.database, ...name })]]);
  const rendered = (sql: string): Promise<string> =>
    compiler.compileHook({ sql, transaction: true, at }, node.package, (text) => session.queryText(text), names);
  if (source.loadedAtQuery !== undefined) return newestByQuery(await rendered(source.loadedAtQuery));
  if (source.loadedAtField === undefined) {
    const message = `Nothing tells when rows of "${source.source}.${node.name}" were loaded.`;
    throw new Failure(error("freshness-not-dated", message, at, ["add  loaded_at_field:  or  loaded_at_query:"]));
  }
  const filter = source.freshness?.["filter"];
  return newestRow(name, source.loadedAtField, typeof filter === "string" ? await rendered(filter) : undefined);
}

function reason(thrown: unknown, { at }: SourceNode): Diagnostic {
  if (thrown instanceof QueryError) return explainQueryError(thrown, { at, label: "freshness" });
  if (thrown instanceof Failure && thrown.diagnostics[0]) return thrown.diagnostics[0];
  throw thrown;
}

const TIMESTAMPTZ = 1184;
const DATES = new Set([TIMESTAMPTZ, 1114, 1082]);
const BEGINNING = new Date("0001-01-01T00:00:00Z");

/** Postgres's text as an instant; what has no zone is UTC, as in dbt. */
function instant(text: string, type: number, { source, name, at }: SourceNode): Date {
  const [, day = "", time = "00:00:00", zone = "Z"] =
    /^(\d{4,}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)?)?$/.exec(text) ?? [];
  const offset = zone === "Z" || zone.includes(":") ? zone : `${zone}:00`;
  const found = new Date(`${day}T${time}${offset}`);
  if (DATES.has(type) && !Number.isNaN(found.getTime())) return found;
  const message = `The newest row of "${source.source}.${name}" has "${text}" where a time is needed.`;
  throw new Failure(error("freshness-no-time", message, at, ["cast it:  loaded_at_field: loaded_at::timestamptz"]));
}

const PERIODS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** `{count: 12, period: hour}` in seconds; undefined where it says nothing. */
function seconds(threshold: Value | undefined): number | undefined {
  if (typeof threshold !== "object" || threshold === null || Array.isArray(threshold)) return undefined;
  const { count, period }: Mapping = threshold;
  const unit = PERIODS[String(period)];
  return typeof count === "number" && unit !== undefined ? count * unit : undefined;
}
