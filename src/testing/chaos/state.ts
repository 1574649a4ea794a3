/** What a database shows to its readers, as one value that can be compared; and what builds must not leave behind. */
import { Client } from "pg";
import { quote, quoteIdent, quoteLiteral } from "../../postgres/relation.ts";
import { BYSTANDER } from "./order.ts";

export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: BYSTANDER });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Column {
  readonly schema: string;
  readonly relation: string;
  readonly column: string;
}

/** Every column that readers can see, views of strangers included. */
const COLUMNS = `select n.nspname as schema, c.relname as relation, a.attname as "column"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
  where c.relkind in ('r', 'v', 'm') and a.attnum > 0 and not a.attisdropped and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'sluice') and n.nspname !~ '__sluice_(next|prev_[0-9]+)$'
  order by 1, 2, a.attnum`;

/** Numbers that a load takes from a sequence: one that failed has used some up. */
const COUNTED: ReadonlySet<string> = new Set(["_batch_id"]);

const hashed = (value: string): string => `count(*) || ':' || coalesce(sum(hashtextextended(${value}, 0)::numeric), 0)`;

/**
 * One statement whose one value tells all that there is to see, so that one reading sees one moment. `urls` are of databases that
 * hold the same: columns that differ between them (times of building) count only by where they are null. `except`: a schema.
 */
export async function stateQuery(urls: readonly [string, string], except?: string): Promise<string> {
  const found = await withClient(urls[0], async (client) => (await client.query<Column>(COLUMNS)).rows);
  const columns = found.filter(({ schema }) => schema !== except);
  const each = columns.map((c) => `select ${hashed(`${quoteIdent(c.column)}::text`)} as hash from ${nameOf(c)}`);
  const hashes = await Promise.all(
    urls.map((url) =>
      withClient(url, async (client) => (await client.query<{ hash: string }>(each.join("\nunion all\n"))).rows),
    ),
  );
  const steady = (at: number): boolean =>
    hashes[0]![at]!.hash === hashes[1]![at]!.hash && !COUNTED.has(columns[at]!.column);
  const byRelation = new Map<string, string[]>();
  for (const [at, column] of columns.entries()) {
    const name = quoteIdent(column.column);
    byRelation.set(nameOf(column), [
      ...(byRelation.get(nameOf(column)) ?? []),
      steady(at) ? name : `(${name} is null)`,
    ]);
  }
  const parts = [...byRelation].map(
    ([relation, list]) =>
      `select ${quoteLiteral(relation)} as name, ${hashed(`row(${list.join(", ")})::text`)} as hash from ${relation}`,
  );
  return `select json_object_agg(name, hash order by name)::text as state from (\n${parts.join("\nunion all\n")}) as all_of_it`;
}

const nameOf = ({ schema, relation }: Column): string => quote({ schema, identifier: relation });

export async function stateOf(url: string, query: string): Promise<string> {
  return withClient(url, async (client) => (await client.query<{ state: string }>(query)).rows[0]!.state);
}

/** The relations in which two states differ. */
export function differences(a: string, b: string): string[] {
  const [one, two] = [JSON.parse(a), JSON.parse(b)] as Record<string, string>[];
  return Object.keys({ ...one, ...two }).filter((name) => one![name] !== two![name]);
}

/** What is left that should not be, in words: unpublished relations, publications that nobody ends, locks. */
export async function debrisIn(url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ what: string }>(
      `select format('%s.%s', n.nspname, c.relname) as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname ~ '__sluice_next$' and c.relkind in ('r', 'v', 'm')
       union all
       select format('function %s.%s', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname ~ '__sluice_next$'
       union all
       select format('publication %s is %s', id, status) from sluice.publication where status in ('building', 'ready', 'failed')
       union all
       select format('schema %s', nspname) from pg_namespace where nspname ~ '__sluice_prev_[0-9]+$'
         and substring(nspname from '[0-9]+$')::int8 not in (select id from sluice.publication where status = 'published' and kept)
       union all
       select format('an advisory lock of pid %s', pid) from pg_locks where locktype = 'advisory'
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows.map(({ what }) => what);
  });
}
