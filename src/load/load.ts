/** `sluice load`: the files of one source table into the table, all or nothing. */
import { createHash } from "node:crypto";
import { error, Failure, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Session } from "../postgres/database.ts";
import { quote, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import type { External } from "../project/types.ts";
import { forgetLoad, loadedFiles, newBatchId, recordLoad, type LoadRecord } from "../state/ledger.ts";
import { checkFormats, rewriterOf, type ColumnType } from "./convert.ts";
import { columnList, copyFile, type FileOutcome, type LoadContext } from "./copy-file.ts";
import { dialectOf } from "./dialect.ts";
import { judgeFile } from "./judge-file.ts";
import { locateFiles, siblings, type LocatedFile } from "./locate.ts";
import { Problems } from "./problems.ts";
import { checkColumns, ensureRejected, ensureTable, rejectedName } from "./table.ts";
import { encodingName, hashFile } from "./text-file.ts";

export interface LoadRequest {
  readonly relation: RelationName;
  /** `source.bank.raw.transactions`. */
  readonly nodeId: string;
  /** As declared, each with its `data_type`. */
  readonly columns: readonly ColumnType[];
  readonly external: External;
  /** The project's root, absolute. */
  readonly root: string;
  readonly fullRefresh: boolean;
  readonly runId: string;
}

export interface LoadProgress {
  readonly file: string;
  /** Read so far, of the file as it lies on disk. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  /** Since the file was begun. */
  readonly seconds: number;
}

export interface LoadedFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly status: "loaded" | "unchanged" | "replaced" | "removed";
  readonly rows: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly files: readonly LoadedFile[];
  /** Loaded by this run; those of unchanged files are not counted. */
  readonly rows: number;
  readonly rejected: number;
}

/** What is to be done with one file. */
export interface PlannedFile {
  readonly path: string;
  readonly action: "load" | "replace" | "keep" | "remove";
  readonly bytes: number;
  /** "new", "changed", "other options", "full refresh", "gone" … */
  readonly reason: string;
}

/** Between two reports, in milliseconds. */
const REPORT_EVERY = 100;

/**
 * Loads all files of one source table, in one transaction. Throws `Failure` with the first 20 mistakes and how many there
 * are in all; the table is then as it was. The schema `sluice` must be there (`ensureState`).
 */
export async function loadSource(
  session: Session,
  request: LoadRequest,
  onProgress?: (progress: LoadProgress) => void,
  signal?: AbortSignal,
): Promise<LoadResult> {
  const prepared = prepare(request);
  return session.transaction(async () => {
    // Two loads of one table would each find the other's file missing.
    const shown = quote(request.relation);
    await session.query(`select pg_advisory_xact_lock(hashtextextended(${quoteLiteral(`sluice load ${shown}`)}, 0))`);
    // Without a pattern dates are ISO: 02/03/2025 is a mistake, not a guess.
    await session.query("set local datestyle to 'ISO, YMD'");
    return loadFiles(session, request, prepared, onProgress, signal);
  });
}

/** What `loadSource` would do. Reads the ledger, and the files as far as needed; changes nothing. */
export async function planLoad(session: Session, request: LoadRequest, signal?: AbortSignal): Promise<PlannedFile[]> {
  prepare(request);
  const files = await findFiles(request);
  const loaded = await loadedFiles(session, request.relation);
  return planFiles(request, files, loaded, request.fullRefresh, signal);
}

interface Prepared {
  readonly context: Pick<LoadContext, "table" | "columns" | "dialect" | "source" | "quarantine">;
}

/** Checks what can be checked without files and server. */
function prepare({ relation, columns, external }: LoadRequest): Prepared {
  const { dialect, diagnostics } = dialectOf(external, external.at);
  const encoding = encodingName(external.encoding);
  const all: Diagnostic[] = [...diagnostics];
  if (encoding === undefined) {
    all.push(
      error("csv-option", `"${external.encoding}" is not an encoding.`, external.at, [
        ...didYouMean(external.encoding, [
          "utf-8",
          "windows-1252",
          "iso-8859-1",
          "iso-8859-15",
          "utf-16le",
          "utf-16be",
          "shift_jis",
          "gb18030",
        ]),
        "names are those of the WHATWG: utf-8, windows-1252, iso-8859-15, utf-16le …",
      ]),
    );
  }
  const wrongColumns = checkColumns(relation, columns, external.at);
  if (wrongColumns) all.push(...wrongColumns.diagnostics);
  all.push(...checkFormats(external));
  if (all.length > 0) throw new Failure(all);
  return {
    context: {
      table: relation,
      columns,
      dialect,
      quarantine: external.onReject === "quarantine",
      source: {
        header: external.header,
        encoding: encoding!,
        rewriter: (ordered) => rewriterOf(ordered, external, dialect),
      },
    },
  };
}

async function loadFiles(
  session: Session,
  request: LoadRequest,
  prepared: Prepared,
  onProgress: ((progress: LoadProgress) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<LoadResult> {
  const { relation, columns, external } = request;
  const files = await findFiles(request);
  const loaded = await loadedFiles(session, relation);
  const state = await ensureTable(session, relation, columns, [...loaded.keys()], external.at);
  const rejected = rejectedName(relation, external.at);
  const hasRejected = await ensureRejected(session, rejected, prepared.context.quarantine, external.at);
  const plan = await planFiles(request, files, loaded, request.fullRefresh || state === "altered", signal);
  const gone = plan.filter(({ action }) => action === "replace" || action === "remove").map(({ path }) => path);
  for (const table of hasRejected ? [relation, rejected] : [relation])
    await deleteRows(session, table, gone, loaded.size);
  for (const { path, action } of plan) if (action === "remove") await forgetLoad(session, relation, path);

  const problems = new Problems();
  const context: Omit<LoadContext, "onBytes"> = {
    ...prepared.context,
    session,
    rejected: hasRejected ? rejected : undefined,
    created: state === "created",
    serverVersion: await serverVersion(session),
    signal,
  };
  const results: LoadedFile[] = [];
  for (const planned of plan) {
    const file = files.find(({ path }) => path === planned.path);
    const before = loaded.get(planned.path);
    if (!file || planned.action === "keep") {
      const { rows = 0, rejected = 0, bytes = 0 } = before ?? {};
      results.push({ path: planned.path, status: file ? "unchanged" : "removed", rows, rejected, bytes, seconds: 0 });
      continue;
    }
    signal?.throwIfAborted();
    const started = performance.now();
    const outcome = await loadFile({ ...context, onBytes: reporter(onProgress) }, request, file, problems);
    const seconds = (performance.now() - started) / 1000;
    const status = planned.action === "replace" ? "replaced" : "loaded";
    if (outcome)
      results.push({
        path: file.path,
        status,
        rows: outcome.rows,
        rejected: outcome.rejected,
        bytes: file.bytes,
        seconds,
      });
  }
  if (problems.count > 0)
    throw problems.failure(`${relation.schema}.${relation.identifier}`, prepared.context.quarantine);
  if (plan.some(({ action }) => action !== "keep"))
    await session.query(`analyze ${quote(relation)} (${columnList(columns.map(({ name }) => name))})`);
  const fresh = results.filter(({ status }) => status === "loaded" || status === "replaced");
  const sum = (of: (file: LoadedFile) => number): number => fresh.reduce((total, file) => total + of(file), 0);
  return { files: results, rows: sum((f) => f.rows), rejected: sum((f) => f.rejected) };
}

/** Nothing is returned when there were mistakes, which then stand in `problems`. */
async function loadFile(
  context: LoadContext,
  request: LoadRequest,
  file: LocatedFile,
  problems: Problems,
): Promise<FileOutcome | undefined> {
  const { session, table } = context;
  await session.query("savepoint sluice_file");
  const rollBack = () => session.query("rollback to savepoint sluice_file");
  try {
    const id = await newBatchId(session);
    let outcome: FileOutcome | undefined;
    const copied = await copyFile(context, file, id);
    if (copied === "rejected" || copied instanceof Error) {
      await rollBack();
      outcome = await judgeFile(context, file, id, copied, problems);
    } else outcome = copied;
    if (outcome) {
      await recordLoad(session, table, {
        id,
        sourceNodeId: request.nodeId,
        file: file.path,
        bytes: file.bytes,
        ...outcome,
        optionsHash: optionsHash(request),
        runId: request.runId,
      });
    }
    await session.query("release savepoint sluice_file");
    return outcome;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    await rollBack();
    problems.addFile(file.path, thrown);
    return undefined;
  }
}

async function findFiles({ external, root }: LoadRequest): Promise<LocatedFile[]> {
  const files = await locateFiles(external.location, root);
  if (files.length > 0) return files;
  throw new Failure(
    error("csv-no-file", `No file matches the location "${external.location}".`, external.at, [
      ...didYouMean(external.location, await siblings(external.location, root)),
      "locations are relative to the project's root",
    ]),
  );
}

async function planFiles(
  request: LoadRequest,
  files: readonly LocatedFile[],
  loaded: ReadonlyMap<string, LoadRecord>,
  everything: boolean,
  signal: AbortSignal | undefined,
): Promise<PlannedFile[]> {
  const options = optionsHash(request);
  const plan: PlannedFile[] = [];
  for (const { path, bytes, absolute } of files) {
    const before = loaded.get(path);
    const reason = !before
      ? "new"
      : everything
        ? "everything is loaded again"
        : before.optionsHash !== options
          ? "columns or options changed"
          : // Size and time are not enough: a file may be rewritten within both.
            before.bytes !== bytes || before.sha256 !== (await hashFile(absolute, signal))
            ? "changed"
            : undefined;
    plan.push({ path, bytes, action: !before ? "load" : reason ? "replace" : "keep", reason: reason ?? "unchanged" });
  }
  for (const { file, bytes } of loaded.values()) {
    if (!files.some(({ path }) => path === file)) plan.push({ path: file, bytes, action: "remove", reason: "gone" });
  }
  return plan;
}

/** Of everything besides a file's content that decides what its rows are. */
function optionsHash({ columns, external }: LoadRequest): string {
  // Where files lie and where the YAML says so does not matter.
  const { location: _, at: __, ...options } = external;
  const shape = columns.map(({ name, type }) => [name, type]);
  const sorted = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([shape, sorted]))
    .digest("hex");
}

async function deleteRows(session: Session, table: RelationName, files: readonly string[], all: number): Promise<void> {
  if (files.length === 0) return;
  // Not `truncate`: readers go on with what they see.
  if (files.length === all) await session.query(`delete from ${quote(table)}`);
  else await session.query(`delete from ${quote(table)} where _file = any($1)`, [files]);
}

async function serverVersion(session: Session): Promise<number> {
  const { rows } = await session.query<{ v: number }>("select current_setting('server_version_num')::int as v");
  return rows[0]!.v;
}

function reporter(onProgress: ((progress: LoadProgress) => void) | undefined): LoadContext["onBytes"] {
  const started = performance.now();
  let last = 0;
  return (file, bytes, rows) => {
    const now = performance.now();
    if (!onProgress || (now - last < REPORT_EVERY && bytes < file.bytes)) return;
    last = now;
    onProgress({ file: file.path, bytes, totalBytes: file.bytes, rows, seconds: (now - started) / 1000 });
  };
}
