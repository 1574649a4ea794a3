/** `unique_key` and its like: column names as users write them, or expressions. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { foldName, quoteIdent } from "../postgres/relation.ts";
import type { Site } from "./materialization.ts";

const PLAIN = /^[\p{L}_][\p{L}\p{N}_$]*$/u;

/**
 * Each as SQL. A plain name must be a column: as it is written or, because dbt leaves names unquoted, folded. Anything
 * else (`date_trunc('day', at)`, `"Id"`) is taken as it stands.
 */
export function resolveColumns(
  input: Pick<Site, "node">,
  setting: string,
  written: readonly string[],
  columns: readonly string[],
): readonly string[] {
  const wrong: string[] = [];
  const resolved = written.map((text) => {
    const found = columnNamed(text.trim(), columns);
    if (found !== undefined) return quoteIdent(found);
    if (PLAIN.test(text.trim())) wrong.push(text.trim());
    return text;
  });
  if (wrong.length === 0) return resolved;
  const { node } = input;
  throw new Failure(
    wrong.map((name) =>
      error(
        "column-not-found",
        `The ${setting} of "${node.name}" names "${name}", which its query does not give.`,
        node.at,
        [...didYouMean(name, columns), `columns: ${columns.join(", ")}`],
      ),
    ),
  );
}

export function columnNamed(text: string, columns: readonly string[]): string | undefined {
  if (columns.includes(text)) return text;
  if (/^".+"$/s.test(text)) {
    const name = text.slice(1, -1).replaceAll('""', '"');
    return columns.includes(name) ? name : undefined;
  }
  return columns.includes(foldName(text)) ? foldName(text) : undefined;
}
