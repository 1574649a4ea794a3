/** Data tests and unit tests: a query whose rows are failures. */
import type { DataTestNode, UnitTestNode } from "../parse/manifest.ts";
import { quote, type RelationName } from "../postgres/relation.ts";
import { createSchema } from "../postgres/sql/relation.ts";
import { countFailures, sampleFailures, selectAll } from "../postgres/sql/test.ts";
import { createView } from "../postgres/sql/view.ts";
import { createTableAs } from "../postgres/sql/table.ts";
import { workName } from "../postgres/relation.ts";
import { renameRelation } from "../postgres/sql/relation.ts";
import { findTarget, run } from "./ask.ts";
import { readTestConfig, type TestConfig } from "./config.ts";
import type { Site, Statements } from "./materialization.ts";
import { replace } from "./replace.ts";

export interface TestInput {
  readonly node: DataTestNode | UnitTestNode;
  readonly sql: string;
  /** Where failures are stored, if they are. Default: the node's own schema and alias. */
  readonly target?: RelationName;
}

export interface TestVerdict {
  readonly status: "pass" | "warn" | "fail";
  readonly failures: number;
  readonly shouldWarn: boolean;
  readonly shouldError: boolean;
  /** How the server answered the question: `SELECT 1`. */
  readonly response: string;
  /** dbt's words, when not passed. */
  readonly message?: string;
  /** The first failing rows, values as text. */
  readonly sample?: { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] };
  /** SQL that shows all failing rows. */
  readonly query?: string;
}

const SAMPLE_ROWS = 5;

export function* runTest(input: TestInput): Statements<TestVerdict> {
  const config = readTestConfig(input.node);
  const stored = config.storeAs ? yield* store(input, config.storeAs, config.limit) : undefined;
  const sql = stored ? selectAll(stored) : input.sql;
  const counted = countFailures(sql, config);
  const { rows, command, rowCount } = yield* run("test", stored ? counted.sql : counted, { main: true });
  const response = `${command} ${rowCount}`;
  const row = rows[0] ?? {};
  const failures = Number(row["failures"] ?? 0);
  // `fail_calc` over no rows may be null, which is neither.
  const [shouldWarn, shouldError] = [row["should_warn"] === true, row["should_error"] === true];
  const status = config.severity === "error" && shouldError ? "fail" : shouldWarn ? "warn" : "pass";
  // dbt: what a test lets pass is no failure, however many rows there are.
  if (status === "pass") return { status, failures: 0, shouldWarn, shouldError, response };
  const query = sql.trim();
  const sample = yield* takeSample(sql, stored === undefined);
  const limit = status === "fail" ? config.errorIf : config.warnIf;
  const message = `Got ${failures} result${failures === 1 ? "" : "s"}, configured to ${status} if ${limit}`;
  return { status, failures, shouldWarn, shouldError, response, message, sample, query };
}

function* takeSample(sql: string, ofModel: boolean): Statements<NonNullable<TestVerdict["sample"]>> {
  const select = sampleFailures(sql, SAMPLE_ROWS);
  const { rows, fields } = yield* run("sample", ofModel ? select : select.sql);
  const columns = fields.map((field) => field.name);
  return { columns, rows: rows.map((row) => columns.map((column) => asText(row[column]))) };
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The failing rows, kept as a relation of their own that replaces that of the last run. */
function* store(
  input: TestInput,
  as: NonNullable<TestConfig["storeAs"]>,
  limit: number | undefined,
): Statements<RelationName> {
  const { node, sql } = input;
  if (node.kind === "unit_test") throw new Error("Internal error: a unit test's failures are not stored");
  const target = input.target ?? { schema: node.schema, identifier: node.alias };
  const site: Site = { node, target, sql, rebuilt: new Set() };
  yield* run("schema", createSchema(target.schema));
  const old = yield* findTarget(site);
  const work = old ? { ...target, identifier: workName(target.identifier) } : target;
  const kept = limit === undefined ? sql : `${sql.trimEnd()}\nlimit ${limit}`;
  const make = as === "view" ? createView(work, kept) : createTableAs(work, kept, { unlogged: false });
  yield* run(`store in ${quote(target)}`, make);
  if (old)
    yield* replace(site, old, as, function* () {
      yield* run("swap", renameRelation(work, as, target.identifier));
    });
  return target;
}
