import MiniSearch from "minisearch";
import type { SearchEntry, SiteNode } from "../data.ts";

export interface Hit {
  readonly node: number;
  /** Words of the text that match. */
  readonly terms: readonly string[];
  /** A piece of the description or the SQL around the first match; empty where only the name matches. */
  readonly excerpt: string;
  /** "in its columns", "in its SQL"; empty for names and descriptions. */
  readonly where: string;
}

/** `customer_summary` is found by `customer`, `summary` and the whole; words of any language count. */
export function wordsOf(text: string): string[] {
  const whole = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
  return whole.flatMap((word) =>
    word.includes("_") ? [word, ...word.split("_").filter((part) => part !== "")] : [word],
  );
}

export function makeIndex(nodes: readonly SiteNode[], entries: readonly SearchEntry[]): (query: string) => Hit[] {
  const fields = ["name", "tags", "columns", "text", "sql"];
  const search = new MiniSearch<{ id: number } & Record<string, string | number>>({ fields, tokenize: wordsOf });
  search.addAll(
    nodes.map((node, id) => {
      const { columns, text, sql } = entries[id] ?? { columns: "", text: node.summary, sql: "" };
      return { id, name: node.name, tags: node.tags.join(" "), columns, text, sql };
    }),
  );
  return (query) =>
    search
      .search(query, {
        prefix: true,
        fuzzy: (term) => (term.length > 4 ? 0.2 : false),
        combineWith: "AND",
        boost: { name: 8, columns: 3, tags: 3, text: 2 },
        // Where only the query is split: all words of the index are looked at either way.
        tokenize: (text) => text.match(/[\p{L}\p{N}_]+/gu) ?? [],
      })
      .map(({ id, terms, match }) => {
        const node = Number(id);
        const fieldsHit = new Set(Object.values(match).flat());
        const entry = entries[node];
        const field = fieldsHit.has("text")
          ? "text"
          : fieldsHit.has("sql") && !fieldsHit.has("name")
            ? "sql"
            : undefined;
        const excerpt = entry && field ? around(entry[field], terms) : "";
        const where = fieldsHit.has("name")
          ? ""
          : fieldsHit.has("columns")
            ? "in its columns"
            : field === "sql"
              ? "in its SQL"
              : "";
        return { node, terms, excerpt, where };
      });
}

function around(text: string, terms: readonly string[]): string {
  const flat = text.replaceAll(/\s+/g, " ");
  const lower = flat.toLowerCase();
  const found = terms.map((term) => lower.indexOf(term.toLowerCase())).filter((at) => at >= 0);
  const at = Math.max(0, Math.min(...found, flat.length) - 50);
  const cut = flat.slice(at, at + 180).trim();
  return `${at > 0 ? "… " : ""}${cut}${at + 180 < flat.length ? " …" : ""}`;
}
