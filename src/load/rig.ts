/** For this folder's tests: files in a temporary project, loaded into a database of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Failure, type SourceFile } from "../diagnostics/diagnostic.ts";
import type { Database, Row } from "../postgres/database.ts";
import { openDatabase } from "../postgres/open.ts";
import type { External } from "../project/types.ts";
import { ensureState } from "../state/ensure.ts";
import { testDatabase } from "../testing/server.ts";
import { loadSource, type LoadProgress, type LoadRequest, type LoadResult } from "./load.ts";

export const yaml: SourceFile = { path: "models/sources.yml", absolute: "/p/models/sources.yml", text: "external:\n" };

export const externalOf = (options: Partial<External> = {}): External => ({
  location: "data/*.csv",
  delimiter: ",",
  quote: '"',
  escape: options.quote ?? '"',
  header: true,
  encoding: "utf-8",
  nullStrings: [""],
  decimal: ".",
  onReject: "fail",
  at: { file: yaml, start: 0, end: 9 },
  ...options,
});

export interface Rig {
  readonly database: Database;
  readonly root: string;
  /** Writes files of the project; `undefined` removes one. */
  files(contents: Record<string, string | Uint8Array | undefined>): void;
  /** `columns` as `"id int, name text"`. */
  load(columns: string, external?: Partial<External>, more?: Partial<LoadRequest> & LoadHooks): Promise<LoadResult>;
  rows<R = Row>(sql: string): Promise<R[]>;
  close(): Promise<void>;
}

export interface LoadHooks {
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** Name and type, separated by the first space; commas within brackets belong to the type. */
export const columnsOf = (text: string): { name: string; type: string }[] =>
  text.split(/,\s*(?![^(]*\))/).map((part) => {
    const [name = "", ...type] = part.trim().split(" ");
    return { name, type: type.join(" ") };
  });

export async function makeRig(): Promise<Rig> {
  const made = await testDatabase();
  const database = await openDatabase(made.connection, { sessions: 3, dataDir: "" });
  await ensureState(database);
  const root = mkdtempSync(join(tmpdir(), "sluice-load-"));
  const rig: Rig = {
    database,
    root,
    files(contents) {
      for (const [path, content] of Object.entries(contents)) {
        const absolute = join(root, path);
        mkdirSync(dirname(absolute), { recursive: true });
        if (content === undefined) rmSync(absolute, { force: true });
        else writeFileSync(absolute, content);
      }
    },
    load(columns, external, { onProgress, signal, ...more } = {}) {
      const request: LoadRequest = {
        relation: { schema: "raw", identifier: "t" },
        nodeId: "source.p.raw.t",
        columns: columnsOf(columns),
        external: externalOf(external),
        root,
        fullRefresh: false,
        runId: "run-1",
        ...more,
      };
      return database.session((session) => loadSource(session, request, onProgress, signal));
    },
    rows: (sql) => database.session(async (session) => (await session.query(sql)).rows as never),
    async close() {
      await database.close();
      await made.drop();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return rig;
}

/** The messages of a load that is expected to fail. */
export async function failureOf(work: Promise<unknown>): Promise<string[]> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.diagnostics.map((d) => d.message);
    throw thrown;
  }
  throw new Error("The load should have failed");
}
