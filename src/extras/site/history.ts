/** What the ledger in the database knows: runs, what became of each node in them, and what was published. */
import type { Session } from "../../index.ts";
import type { HistoryEntry, SitePublication, SiteRun } from "./data.ts";
import { countsOf, statusOf } from "./results.ts";

export interface History {
  readonly runs: readonly SiteRun[];
  /** By unique id, newest first. */
  readonly nodes: ReadonlyMap<string, readonly HistoryEntry[]>;
  readonly publications: readonly SitePublication[];
}

export interface Whose {
  /** The target's name: its runs. */
  readonly target: string;
  /** `project/schema`: what the ledger keeps publications by. */
  readonly site: string;
}

/** How many runs are shown; also the most entries of one node. */
const RUNS = 30;

/** Undefined where nothing was ever run against this database. */
export async function readHistory(session: Session, { target, site }: Whose): Promise<History | undefined> {
  if (!(await exists(session, "sluice.run"))) return undefined;
  const { rows: runs } = await session.query<RunRow>(
    `select id, command, status, started_at, finished_at, git_commit, run_by
     from sluice.run where target = $1 order by started_at desc limit $2`,
    [target, RUNS],
  );
  const { rows: results } = await session.query<ResultRow>(
    `select run_id, node_id, status, started_at, finished_at, rows, message
     from sluice.node_result where run_id = any($1) order by started_at desc`,
    [runs.map((run) => run.id)],
  );
  const nodes = new Map<string, HistoryEntry[]>();
  for (const row of results) {
    const entries = nodes.get(row.node_id) ?? [];
    nodes.set(row.node_id, [...entries, historyEntry(row)]);
  }
  return { runs: runs.map((run) => siteRun(run, results)), nodes, publications: await publications(session, site) };
}

interface RunRow {
  readonly id: string;
  readonly command: string;
  readonly status: string;
  readonly started_at: Date | string;
  readonly finished_at: Date | string | null;
  readonly git_commit: string | null;
  readonly run_by: string | null;
}

interface ResultRow {
  readonly run_id: string;
  readonly node_id: string;
  readonly status: string;
  readonly started_at: Date | string;
  readonly finished_at: Date | string;
  readonly rows: number | string | null;
  readonly message: string | null;
}

const iso = (time: Date | string): string => new Date(time).toISOString();
const secondsBetween = (from: Date | string, to: Date | string): number =>
  (new Date(to).getTime() - new Date(from).getTime()) / 1000;

function siteRun(run: RunRow, results: readonly ResultRow[]): SiteRun {
  const own = results.filter((result) => result.run_id === run.id).map((result) => statusOf(result.status));
  return {
    id: run.id,
    command: run.command,
    status: run.status,
    startedAt: iso(run.started_at),
    ...(run.finished_at !== null && { seconds: secondsBetween(run.started_at, run.finished_at) }),
    ...(run.git_commit !== null && { commit: run.git_commit }),
    ...(run.run_by !== null && { by: run.run_by }),
    counts: countsOf(own),
  };
}

function historyEntry(row: ResultRow): HistoryEntry {
  return {
    run: row.run_id,
    at: iso(row.started_at),
    status: statusOf(row.status),
    seconds: secondsBetween(row.started_at, row.finished_at),
    ...(row.rows !== null && { rows: Number(row.rows) }),
    ...(row.message !== null && row.message !== "" && { message: row.message }),
  };
}

async function exists(session: Session, relation: string): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>("select to_regclass($1) is not null as found", [relation]);
  return rows[0]!.found;
}

/** Newest first; none where this version of the ledger does not know of publications. */
async function publications(session: Session, site: string): Promise<SitePublication[]> {
  if (!(await exists(session, "sluice.publication_node"))) return [];
  const { rows } = await session.query<PublicationRow>(
    `select p.id::text, p.run_id, p.status, coalesce(p.published_at, p.prepared_at) as at, p.rollback_of::text,
       string_agg(n.schema_name || '.' || n.relation_name, e'\\n' order by n.schema_name, n.relation_name) as relations
     from sluice.publication as p
     left join sluice.publication_node as n on n.publication_id = p.id
     where p.site = $1
     group by p.id order by p.id desc limit $2`,
    [site, RUNS],
  );
  return rows.map(({ id, run_id, status, at, rollback_of, relations }) => ({
    id,
    at: iso(at),
    run: run_id,
    status,
    relations: relations?.split("\n") ?? [],
    ...(rollback_of !== null && { note: `takes publication ${rollback_of} back` }),
  }));
}

interface PublicationRow {
  readonly id: string;
  readonly run_id: string;
  readonly status: string;
  readonly at: Date | string;
  readonly rollback_of: string | null;
  /** One a line. */
  readonly relations: string | null;
}
