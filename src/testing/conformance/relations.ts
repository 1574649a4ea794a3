/** Two databases side by side: which relations, of which kind, with which columns, types and rows. */
import { Client } from "pg";
import { quoteIdent } from "../../postgres/relation.ts";
import type { TestDatabase } from "../server.ts";

/** `schema.name` → kind, columns with types, and a fingerprint of the rows in any order. */
export async function relationsOf(
  { url }: TestDatabase,
  changing: readonly string[] = [],
): Promise<Map<string, string>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ schema: string; name: string; kind: string; columns: string }>(`
      select n.nspname as schema, c.relname as name, c.relkind::text as kind,
        (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'sluice')
        and n.nspname not like '%\\_\\_sluice\\_%'
      order by 1, 2`);
    const found = new Map<string, string>();
    for (const { schema, name, kind, columns } of rows) {
      const relation = `${quoteIdent(schema)}.${quoteIdent(name)}`;
      // Some rows tell the relation they came from, and so the database.
      const row =
        changing.includes("*") || changing.includes(`${schema}.${name}`)
          ? "''"
          : "md5(replace(t::text, current_database(), 'database'))";
      const sum = `select ${changing.includes("*") ? "''" : "count(*) || ' rows '"} || coalesce(md5(string_agg(${row}, '' order by ${row})), '') as sum from ${relation} t`;
      const answer = await client.query<{ sum: string }>(sum);
      found.set(`${schema}.${name}`, `${kind} (${columns}) ${answer.rows[0]?.sum}`);
    }
    return found;
  } finally {
    await client.end();
  }
}

/** What `ours` has, lacks or holds differently; one line a relation. */
export async function differences(
  theirs: TestDatabase,
  ours: TestDatabase,
  changing: readonly string[] = [],
): Promise<string[]> {
  const [expected, found] = [await relationsOf(theirs, changing), await relationsOf(ours, changing)];
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((name) => {
    const [there, here] = [expected.get(name), found.get(name)];
    return there === here ? [] : [`${name}: dbt ${there ?? "has none"}, sluice ${here ?? "has none"}`];
  });
}
