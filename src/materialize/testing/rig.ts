/** A database with schemas `s` (ours) and `other` (a stranger's), roles, and a way to build one node in it. */
import type { Database, Row, Session } from "../../postgres/database.ts";
import { openDatabase } from "../../postgres/open.ts";
import { testDatabase, testDataDir } from "../../testing/server.ts";
import { Failure, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { materializations } from "../index.ts";
import { settle } from "../settle.ts";
import type { BuildInput, Statements } from "../materialization.ts";
import { drive, type Driven } from "./drive.ts";
import { makeInput, type InputOptions } from "./node.ts";

export interface Rig {
  readonly version: number;
  readonly url: string;
  build(options?: InputOptions, failAt?: number): Promise<Driven<readonly Diagnostic[]>>;
  /** Of a build that must fail, and by a mistake of the user. */
  failure(options?: InputOptions): Promise<readonly Diagnostic[]>;
  sql(text: string): Promise<void>;
  rows<R = Row>(text: string): Promise<R[]>;
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Everything in the schemas that a reader could notice, but the rows. */
  state(): Promise<Record<string, unknown[]>>;
  /** Empties both schemas. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A build and what follows it, as the engine runs them. */
export function* wholeBuild(input: BuildInput, hook?: string): Statements<readonly Diagnostic[]> {
  const kind = input.node.kind === "model" ? input.node.config.materialized : input.node.kind;
  const aftermath = yield* materializations[kind]!(input);
  if (hook) yield { do: "run", sql: hook, label: "hook" };
  return yield* settle(input, aftermath);
}

export async function openRig(sessions = 8): Promise<Rig> {
  const own = await testDatabase();
  const database: Database = await openDatabase(own.connection, { sessions, dataDir: testDataDir() });
  const run = <R = Row>(text: string): Promise<R[]> => database.session(async (s) => (await s.query<R>(text)).rows);
  await run(ROLES);
  const build: Rig["build"] = (options, failAt) =>
    database.session((session) =>
      drive(
        session,
        wholeBuild(makeInput({ serverVersion: database.info.version, ...options }), options?.hook),
        failAt,
      ),
    );
  return {
    version: database.info.version,
    url: own.url,
    build,
    failure: async (options) => {
      try {
        await build(options);
      } catch (thrown) {
        if (thrown instanceof Failure) return thrown.diagnostics;
        throw thrown;
      }
      throw new Error("The build was expected to fail");
    },
    sql: async (text) => void (await run(text)),
    rows: run,
    session: (work) => database.session(work),
    state: async () => {
      const state: Record<string, unknown[]> = {};
      for (const [name, query] of Object.entries(STATE))
        state[name] = (await run<{ line: string }>(query)).map((r) => r.line);
      return state;
    },
    reset: async () => void (await run(RESET)),
    close: async () => {
      await database.close();
      await own.drop();
    },
  };
}

// Roles belong to the whole server, and several test files may make them at once.
const ROLES = ["reader", "stranger", "Odd %role"]
  .map((r) => `do $$ begin create role "${r}"; exception when duplicate_object or unique_violation then null; end $$;`)
  .join("\n");

const RESET = `
drop schema if exists s cascade; drop schema if exists other cascade; create schema s; create schema other;
grant usage, create on schema other to stranger; grant usage on schema s to reader, stranger`;

const IN_SCHEMAS = "n.nspname in ('s', 'other')";
const STATE = {
  relations: `select format('%s %s.%s owner %s options %s acl %s populated %s persistence %s', c.relkind, n.nspname, c.relname,
      pg_get_userbyid(c.relowner), c.reloptions, (select string_agg(a::text, ' ' order by a::text) from unnest(c.relacl) a),
      c.relispopulated, c.relpersistence) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS} order by 1`,
  columns: `select format('%s.%s %s %s %s', n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod)) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where ${IN_SCHEMAS} and a.attnum > 0 and c.relkind in ('r', 'v', 'm') order by 1`,
  grants: `select format('%s.%s.%s %s', n.nspname, c.relname, a.attname, a.attacl) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where ${IN_SCHEMAS} and a.attacl is not null order by 1`,
  comments: `select format('%s.%s.%s: %s', n.nspname, c.relname, a.attname, d.description) as line
    from pg_description d join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
    where ${IN_SCHEMAS} order by 1`,
  definitions: `select format('%s.%s: %s', n.nspname, c.relname, pg_get_viewdef(c.oid)) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS} and c.relkind in ('v', 'm') order by 1`,
  others: `select line from (
      select pg_get_indexdef(i.indexrelid) as line from pg_index i
        join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS}
      union all select c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k
        join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS}
      union all select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
        join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS} and not t.tgisinternal
      union all select format('%s.%s', tablename, p) from pg_policies p where schemaname in ('s', 'other')
      union all select pg_get_ruledef(w.oid) from pg_rewrite w join pg_class c on c.oid = w.ev_class
        join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS} and w.ev_type <> '1'
      union all select format('default %s %s', c.relname, pg_get_expr(e.adbin, e.adrelid)) from pg_attrdef e
        join pg_class c on c.oid = e.adrelid join pg_namespace n on n.oid = c.relnamespace where ${IN_SCHEMAS}
    ) x order by 1`,
};
