/** What Metabase reads of a PostgreSQL database when it syncs, as its own login: our queries, after its documented behaviour. */
import { Client } from "pg";

export interface SyncedTable {
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly fields: readonly SyncedField[];
}

export interface SyncedField {
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
  readonly isPrimary: boolean;
  /** `schema.table.column`. */
  readonly refersTo: string | null;
}

export interface ConnectionDetails {
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  readonly password: string;
}

/** A relation exists when its schema may be used and some column may be read. */
const TABLES = `
select n.nspname as schema, c.relname as name, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'f', 'm') and n.nspname = any($1)
  and has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select')
order by 1, 2`;

/** From the information schema, which leaves out materialised views and what the role may not see. */
const COLUMNS = `
select i.table_schema as schema, i.table_name as "table", i.column_name as name, i.udt_name as type,
  col_description(format('%I.%I', i.table_schema, i.table_name)::regclass, i.ordinal_position::integer) as comment
from information_schema.columns i where i.table_schema = any($1)
order by 1, 2, i.ordinal_position`;

const PRIMARY = `
select t.table_schema as schema, t.table_name as "table", k.column_name as name
from information_schema.table_constraints t
join information_schema.key_column_usage k
  on k.constraint_schema = t.constraint_schema and k.constraint_name = t.constraint_name and k.table_name = t.table_name
where t.constraint_type = 'PRIMARY KEY' and t.table_schema = any($1)`;

const FOREIGN = `
select n.nspname as schema, c.relname as "table", a.attname as name,
  format('%s.%s.%s', fn.nspname, f.relname, fa.attname) as refers_to
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
join pg_attribute fa on fa.attrelid = f.oid and fa.attnum = k.confkey[1]
where k.contype = 'f' and cardinality(k.conkey) = 1 and n.nspname = any($1)`;

interface ColumnRow {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
  readonly refers_to: string;
}

/** Schemas that the login may use, or those of `only`; and the pairs of `_metabase_metadata`, wherever it stands. */
export async function sync(
  details: ConnectionDetails,
  only: readonly string[] | undefined,
): Promise<{ tables: SyncedTable[]; metadata: { keypath: string; value: string }[] }> {
  return withClient(details, async (client) => {
    const schemas = await client.query<{ name: string }>(
      `select nspname as name from pg_namespace
       where has_schema_privilege(oid, 'usage') and nspname !~ '^pg_' and nspname <> 'information_schema'`,
    );
    const names = schemas.rows.map(({ name }) => name).filter((name) => !only || only.includes(name));
    const tables = await client.query<{ schema: string; name: string; comment: string | null }>(TABLES, [names]);
    const columns = await client.query<ColumnRow>(COLUMNS, [names]);
    const primary = await client.query<ColumnRow>(PRIMARY, [names]);
    const foreign = await client.query<ColumnRow>(FOREIGN, [names]);
    const id = ({ schema, table, name }: ColumnRow): string => `${schema}.${table}.${name}`;
    const keys = new Set(primary.rows.map(id));
    const references = new Map(foreign.rows.map((row) => [id(row), row.refers_to]));
    const special = tables.rows.find(({ name }) => name.toLowerCase() === "_metabase_metadata");
    const metadata = special
      ? await client.query<{ keypath: string; value: string }>(`select * from "${special.schema}"."${special.name}"`)
      : { rows: [] };
    return {
      metadata: metadata.rows,
      tables: tables.rows
        .filter((table) => table !== special)
        .map(({ schema, name, comment }) => ({
          schema,
          name,
          comment,
          fields: columns.rows
            .filter((column) => column.schema === schema && column.table === name)
            .map((column) => ({
              name: column.name,
              type: column.type,
              comment: column.comment,
              isPrimary: keys.has(id(column)),
              refersTo: references.get(id(column)) ?? null,
            })),
        })),
    };
  });
}

export async function withClient<T>(details: ConnectionDetails, work: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, dbname: database, user, password } = details;
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
