/**
 * SQL that names relations as users know them, written so that it means what stands out of sight meanwhile: names given by
 * hand (`{{ this.schema }}.orders`, a relation found in the catalog), and the catalogs themselves.
 */
import { quote, quoteIdent, quoteLiteral, type RelationName } from "../postgres/relation.ts";
import { type Path, paths } from "./sql-relations.ts";

/** What is read elsewhere than under its own name at this moment. */
export interface Aside {
  readonly published: RelationName;
  readonly at: RelationName;
  /** A function, which may have the name of a relation. */
  readonly isFunction?: boolean;
}

/** A part of SQL that is written otherwise; offsets in UTF-16. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Of names by which something that stands aside is read. In their order. */
export function namesAside(sql: string, aside: readonly Aside[]): Change[] {
  if (!mayName(sql, aside)) return [];
  const standing = new Map(aside.map((one) => [keyOf(one.published, one.isFunction), one.at]));
  return paths(sql).flatMap((path) => {
    const isCall = path.next?.text === "(";
    const schema = schemaOf(path, isCall);
    if (schema === undefined) return [];
    const at = standing.get(keyOf({ schema: path.parts[schema]!, identifier: path.parts[schema + 1]! }, isCall));
    const { start, end } = path.tokens[schema]!;
    return at ? [{ start, end, text: quoteIdent(at.schema) }] : [];
  });
}

const keyOf = (name: RelationName, isFunction = false): string => `${quote(name)}${isFunction ? "()" : ""}`;

/** And of catalogs: in what is asked of them, relations stand where they will be. In their order. */
export function catalogsAside(sql: string, all: readonly Aside[]): Change[] {
  const aside = all.filter(({ isFunction }) => !isFunction);
  if (aside.length === 0 || !/information_schema|pg_/i.test(sql)) return [];
  return paths(sql).flatMap((path) => {
    const named = path.reads ? path.parts : path.parts.slice(0, -1);
    const [schema, name = ""] = named.length > 1 ? named.slice(-2) : ["pg_catalog", named[0]];
    const columns = CATALOGS[`${schema}.${name}`];
    if (!columns || (!path.reads && named.length === 1)) return [];
    const { start } = path.tokens[0]!;
    const { end } = path.tokens[named.length - 1]!;
    const own = quoteIdent(name);
    if (!path.reads) return [{ start, end, text: own }];
    const rows = seen(`${schema}.${name}`, columns, aside);
    return [{ start, end, text: hasAlias(path) ? rows : `${rows} as ${own}` }];
  });
}

export function changed(sql: string, changes: readonly Change[]): string {
  let text = "";
  let done = 0;
  for (const { start, end, text: other } of changes) {
    text += sql.slice(done, start) + other;
    done = end;
  }
  return text + sql.slice(done);
}

/** Before anything is read word by word. */
const mayName = (sql: string, aside: readonly Aside[]): boolean => {
  const text = sql.toLowerCase();
  const schemas = new Set(aside.map(({ published }) => published.schema.toLowerCase()));
  return [...schemas].some((schema) => text.includes(`${schema}.`) || text.includes(`${schema}".`));
};

/** Which part of a path is the schema: of `schema.name` after `from` or before a parenthesis, else of what a column is named by. */
function schemaOf({ parts, reads }: Path, isCall: boolean): number | undefined {
  const at = parts.length - (reads || isCall ? 2 : 3);
  return at >= 0 ? at : undefined;
}

interface Columns {
  readonly schema: string;
  readonly name: string;
  /** Of schemas: their names, or their oids. */
  readonly by: "name" | "oid";
}
const byName = (schema: string, name: string): Columns => ({ schema, name, by: "name" });

/** Views and tables of the server that say in which schema a relation stands. */
const CATALOGS: Readonly<Record<string, Columns>> = {
  "information_schema.tables": byName("table_schema", "table_name"),
  "information_schema.columns": byName("table_schema", "table_name"),
  "information_schema.views": byName("table_schema", "table_name"),
  "pg_catalog.pg_tables": byName("schemaname", "tablename"),
  "pg_catalog.pg_views": byName("schemaname", "viewname"),
  "pg_catalog.pg_matviews": byName("schemaname", "matviewname"),
  "pg_catalog.pg_class": { schema: "relnamespace", name: "relname", by: "oid" },
};

/** The rows of a catalog, with what stands aside in the place of what it is going to replace. */
function seen(catalog: string, { schema, name, by }: Columns, aside: readonly Aside[]): string {
  const key = (text: string): string =>
    by === "oid" ? `to_regnamespace(${quoteLiteral(quoteIdent(text))})::oid` : quoteLiteral(text);
  const rows = aside.map(
    ({ published, at }) => `(${key(published.schema)}, ${key(at.schema)}, ${quoteLiteral(published.identifier)})`,
  );
  const work = [...new Set(aside.map(({ at }) => key(at.schema)))].join(", ");
  return `(with aside (published, standing, name) as (values ${rows.join(", ")})
  select c.* from ${catalog} c where c.${schema} not in (${work})
    and not exists (select from aside a where a.published = c.${schema} and a.name = c.${name})
  union all
  select (jsonb_populate_record(c, jsonb_build_object('${schema}', a.published))).*
  from ${catalog} c join aside a on a.standing = c.${schema} and a.name = c.${name})`;
}

const NO_ALIAS: ReadonlySet<string> = new Set(
  "where group order join inner left right full cross natural on using limit offset fetch for union intersect except window having returning set tablesample".split(
    " ",
  ),
);
const hasAlias = ({ next }: Path): boolean =>
  next !== undefined && (next.kind === "quoted" || (next.kind === "word" && !NO_ALIAS.has(next.text)));
