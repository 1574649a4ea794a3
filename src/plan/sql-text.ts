import { nameOf, tokens } from "./sql-tokens.ts";

/** Equal for texts that differ in layout, comments and the case of words only. */
export const canonical = (sql: string): string =>
  tokens(sql)
    .map((token) => token.text)
    .join(" ");

/** Words and quoted names directly before an opening parenthesis, unquoted. */
export function calledNames(sql: string): Set<string> {
  const all = tokens(sql);
  const names = new Set<string>();
  for (const [i, token] of all.entries()) {
    if (all[i + 1]?.text === "(" && (token.kind === "word" || token.kind === "quoted")) names.add(nameOf(token));
  }
  return names;
}
