/**
 * The slow way for a file in which Postgres refused something: all values land as text first, and every one is tried
 * against its type, so that all bad ones are known by name. Nothing is kept in memory.
 */
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { QueryError } from "../postgres/errors.ts";
import { quote, quoteLiteral } from "../postgres/relation.ts";
import type { ColumnType } from "./convert.ts";
import {
  assertCounted,
  columnList,
  copyIn,
  openPass,
  quarantineRecords,
  type FileOutcome,
  type LoadContext,
} from "./copy-file.ts";
import type { CsvPass } from "./csv-pass.ts";
import { copyStatement } from "./dialect.ts";
import type { LocatedFile } from "./locate.ts";
import { MOST_SHOWN, type Problems, type RowProblem } from "./problems.ts";
import { requote, writeField } from "./record.ts";
import { functionTests, nativeTests, type ValueTests } from "./value-test.ts";

const LANDING = "pg_temp.sluice_landing";
const FAULTS = "pg_temp.sluice_faults";

/** Of a message that repeats a long value, so much is kept, in characters. */
const LONGEST_REASON = 500;

/** Every text is a value of these. */
const ANYTHING = /^(text|varchar|character varying)$/;

/**
 * Loads the file with its bad rows set aside, or, without quarantine, adds them to `problems` and leaves the table
 * alone. `refused` is why the fast way failed.
 */
export async function judgeFile(
  context: LoadContext,
  file: LocatedFile,
  batchId: number,
  refused: QueryError | "rejected",
  problems: Problems,
): Promise<FileOutcome | undefined> {
  const { session, quarantine } = context;
  const structural: RowProblem[] = [];
  const pass = await openPass(context, file, {
    suffix: context.dialect.delimiter,
    rewriter: (columns) => withRaw(context, columns),
    onReject: (reject) => {
      if (structural.length < MOST_SHOWN) structural.push(reject);
    },
  });
  const { scanner, columns } = pass;
  // Thousands of expressions are not worth compiling.
  await session.query("set local jit = off");
  await land(context, file, pass);
  const values = await findFaults(context, columns);
  if (values === 0 && scanner.rejected === 0) throw unexplained(file, refused);
  let outcome: FileOutcome | undefined;
  if (quarantine) {
    outcome = await moveGood(context, file, batchId, columns, scanner.rejected, pass.sha256());
    if (outcome.rows + outcome.rejected !== scanner.records) {
      throw new Error(
        `Internal error: of ${scanner.records} records of ${file.path}, ${outcome.rows} were loaded and ${outcome.rejected} rejected`,
      );
    }
  } else {
    const shown = [...structural, ...(await firstFaults(context, columns))].toSorted((a, b) => a.line - b.line);
    problems.addRows(file.path, shown, scanner.rejected + values);
  }
  await session.query(`drop table ${LANDING}, ${FAULTS}`);
  return outcome;
}

/** The record itself travels beside its fields; only where it will be kept. */
function withRaw(
  { source, dialect, quarantine }: LoadContext,
  columns: readonly ColumnType[],
): ReturnType<NonNullable<LoadContext["source"]["rewriter"]>> {
  const inner = source.rewriter?.(columns);
  if (!quarantine) return inner;
  return (record) => {
    const written = inner ? inner(record) : dialect.quote === "" ? requote(record, dialect) : record;
    return typeof written === "string" ? written + dialect.delimiter + writeField(record, true, dialect) : written;
  };
}

async function land(context: LoadContext, file: LocatedFile, pass: CsvPass): Promise<void> {
  const { session, dialect, quarantine } = context;
  const fields = pass.columns.map((_, i) => cell(i));
  const definitions = [...fields, "raw"].map((name) => `${name} text`);
  await session.query(`create temporary table sluice_landing (${definitions.join(", ")}, line bigint) on commit drop`);
  const names = [...fields, ...(quarantine ? ["raw"] : []), "line"];
  try {
    const sql = copyStatement(LANDING, names, dialect, { notNull: names.slice(fields.length) });
    assertCounted(file, await copyIn(context, sql, pass.stream()), pass.scanner.passed);
  } catch (thrown) {
    if (thrown instanceof QueryError && thrown.sqlstate.startsWith("22")) throw unexplained(file, thrown);
    throw thrown;
  }
}

const cell = (i: number): string => `c${i + 1}`;

/** Writes the faults into a table of their own; returns their number. */
async function findFaults(context: LoadContext, columns: readonly ColumnType[]): Promise<number> {
  const { session } = context;
  const tried = columns.flatMap(({ type }, i) => (ANYTHING.test(type.toLowerCase()) ? [] : [i]));
  const types = tried.map((i) => columns[i]!.type);
  const native = context.serverVersion >= 160_000;
  await session.query("savepoint sluice_tests");
  try {
    await runTests(context, tried, native ? nativeTests(types) : functionTests(types));
  } catch (thrown) {
    // An extension's type may raise an error even when only asked.
    if (!native || !(thrown instanceof QueryError)) throw thrown;
    await session.query("rollback to savepoint sluice_tests");
    await runTests(context, tried, functionTests(types));
  }
  await session.query(`release savepoint sluice_tests; create index on ${FAULTS} (line); analyze ${FAULTS}`);
  const { rows } = await session.query<{ n: number }>(`select count(*)::float8 as n from ${FAULTS}`);
  return rows[0]!.n;
}

async function runTests(
  { session }: LoadContext,
  tried: readonly number[],
  { tests, create, drop }: ValueTests,
): Promise<void> {
  if (create) await session.query(create);
  const at = (i: number): string => `l.${cell(tried[i]!)}`;
  const valid = tests.map((test, i) => test.valid(at(i))).join(" and ") || "true";
  const faults = tests.map((test, i) => `(${tried[i]!}, ${at(i)}, ${test.fault(at(i))})`);
  await session.query(
    `create temporary table sluice_faults on commit drop as
     select l.line, f.n, f.value, left(f.fault, ${LONGEST_REASON}) as fault
     from ${LANDING} l cross join lateral (values ${faults.join(", ") || "(0, '', null::text)"}) f(n, value, fault)
     where not (${valid}) and f.fault is not null`,
  );
  if (drop) await session.query(drop);
}

async function firstFaults({ session }: LoadContext, columns: readonly ColumnType[]): Promise<RowProblem[]> {
  const { rows } = await session.query<{ line: number; n: number; fault: string }>(
    `select line::float8 as line, n, fault from ${FAULTS} order by line, n limit ${MOST_SHOWN}`,
  );
  return rows.map(({ line, n, fault }) => ({ line, column: columns[n]!.name, reason: fault }));
}

/** Good rows into the table, bad ones among the rejects. */
async function moveGood(
  context: LoadContext,
  file: LocatedFile,
  batchId: number,
  columns: readonly ColumnType[],
  structural: number,
  sha256: string,
): Promise<FileOutcome> {
  const { session, table, rejected } = context;
  if (!rejected) throw new Error("Internal error: rejected rows, and no table for them");
  const where = `${quoteLiteral(file.path)}, l.line, ${batchId}`;
  const names = columns.map((column) => column.name);
  const cells = columns.map(({ type }, i) => `l.${cell(i)}::${type}`);
  const moved = await session.query(
    `insert into ${quote(table)} (${columnList([...names, "_file", "_line", "_batch_id"])})
     select ${cells.join(", ")}, ${where} from ${LANDING} l
     where not exists (select from ${FAULTS} f where f.line = l.line)`,
  );
  const refused = await session.query(
    `insert into ${quote(rejected)} (_file, _line, _batch_id, _column, _reason, _raw)
     select ${where}, (array[${names.map(quoteLiteral).join(", ")}])[f.n + 1],
       f.fault || case when f.others > 0 then format(' (and %s more of its values)', f.others) else '' end, l.raw
     from (select distinct on (line) *, count(*) over (partition by line) - 1 as others from ${FAULTS} order by line, n) f
     join ${LANDING} l on l.line = f.line`,
  );
  if (structural > 0) await quarantineRecords(context, file, batchId, structural);
  return { rows: moved.rowCount, rejected: structural + refused.rowCount, sha256 };
}

/** Postgres refused something that no single value explains, such as a constraint of the table. */
function unexplained(file: LocatedFile, refused: QueryError | "rejected"): Error {
  if (refused === "rejected")
    return new Error(`Internal error: ${file.path} had a bad record, and none when read again`);
  const message = `${file.path} cannot be loaded: ${refused.message}.`;
  const notes = [refused.detail, refused.where].filter((text) => text !== undefined);
  return new Failure(error("csv-refused", message, undefined, notes), { cause: refused });
}
