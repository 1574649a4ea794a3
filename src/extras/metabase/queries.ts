/** Metabase's queries, in both forms it writes: as it takes them, and as it gives them back from v57 on (stages). */

/** What we send: understood by all versions. */
export const nativeQuery = (database: number, sql: string): object => ({
  type: "native",
  database,
  native: { query: sql, "template-tags": {} },
});

type Json = { readonly [key: string]: unknown };
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** The SQL of a native query; undefined for one made in the query builder. */
export function sqlOf(query: unknown): string | undefined {
  if (!isJson(query)) return undefined;
  if (isJson(query["native"]) && typeof query["native"]["query"] === "string") return query["native"]["query"];
  const stage: unknown = Array.isArray(query["stages"]) ? query["stages"][0] : undefined;
  return isJson(stage) && typeof stage["native"] === "string" ? stage["native"] : undefined;
}

export const databaseOf = (query: unknown): number | undefined =>
  isJson(query) && typeof query["database"] === "number" ? query["database"] : undefined;

/** Ids of the tables and cards that a query of the builder reads, joins included. */
export function readsOf(query: unknown): { tables: number[]; cards: number[] } {
  const tables = new Set<number>();
  const cards = new Set<number>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isJson(value)) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "source-table" && typeof inner === "number") tables.add(inner);
      else if (key === "source-table" && typeof inner === "string" && inner.startsWith("card__")) {
        cards.add(Number(inner.slice("card__".length)));
      } else if (key === "source-card" && typeof inner === "number") cards.add(inner);
      else if (key === "card-id" && typeof inner === "number") cards.add(inner);
      else visit(inner);
    }
  };
  visit(query);
  return { tables: [...tables], cards: [...cards] };
}

const MARK = /^-- sluice: (\S+)$/m;

/** The key of a question that Sluice made stands in its SQL: names and collections may be changed by people. */
export const withMark = (key: string, sql: string): string => `-- sluice: ${key}\n${sql}`;
export const markOf = (sql: string | undefined): string | undefined => (sql && MARK.exec(sql)?.[1]) || undefined;
