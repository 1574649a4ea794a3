/** How a file is written down, in bytes, and how COPY is told about it. */
import { randomBytes } from "node:crypto";
import { error, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { quoteIdent, quoteLiteral } from "../postgres/relation.ts";
import type { External } from "../project/types.ts";

/** What of `external:` decides where fields begin and end, and which of them are null. */
export type DialectOptions = Pick<External, "delimiter" | "quote" | "escape" | "nullStrings">;

export interface Dialect {
  readonly delimiter: string;
  /** "" when the file does not use quotes. */
  readonly quote: string;
  readonly escape: string;
  readonly nullStrings: ReadonlySet<string>;
  /** The one unquoted text that COPY is told to take for null. */
  readonly copyNull: string;
  /** Nulls are written in ways that COPY cannot be told: fields have to be written anew. */
  readonly rewriteNulls: boolean;
}

export const RFC4180: DialectOptions = { delimiter: ",", quote: '"', escape: '"', nullStrings: [""] };

/** The dialect, and what is wrong with it as the user wrote it. */
export function dialectOf(options: DialectOptions, at?: Span): { dialect: Dialect; diagnostics: Diagnostic[] } {
  const diagnostics = [
    ...checkCharacter("delimiter", options.delimiter, at),
    ...(options.quote === "" ? [] : checkCharacter("quote", options.quote, at)),
    ...(options.quote === "" ? [] : checkCharacter("escape", options.escape || options.quote, at)),
  ];
  if (options.delimiter === options.quote) {
    diagnostics.push(error("csv-option", `delimiter and quote are the same character: ${options.quote}`, at));
  }
  const quote = options.quote;
  const nullStrings = new Set(options.nullStrings);
  const [only] = options.nullStrings;
  const simple = nullStrings.size <= 1 && (only === undefined || isLegalNull(only, options));
  // Without null strings COPY still wants one: a text that no file holds.
  const copyNull = simple ? (only ?? `null ${randomBytes(12).toString("hex")}`) : "\\N";
  const dialect: Dialect = {
    delimiter: options.delimiter,
    quote,
    escape: options.escape || quote,
    nullStrings,
    copyNull,
    rewriteNulls: !simple,
  };
  return { dialect, diagnostics };
}

/** COPY takes one-byte characters only, and a line break or letter would not separate anything. */
function checkCharacter(option: string, value: string, at: Span | undefined): Diagnostic[] {
  if (/^[\p{ASCII}]$/u.test(value) && !/[A-Za-z0-9\r\n\0]/.test(value)) return [];
  const found = JSON.stringify(value);
  return [
    error(
      "csv-option",
      `${option} must be one ASCII character other than a letter, a digit or a line break, not ${found}`,
      at,
    ),
  ];
}

const isLegalNull = (text: string, { delimiter, quote }: DialectOptions): boolean =>
  !/[\r\n]/.test(text) && !text.includes(delimiter) && !text.includes(quote || '"');

/** `copy <table> (<columns>) from stdin (…)` for records that the scanner lets through. */
export function copyStatement(
  table: string,
  columns: readonly string[],
  dialect: Dialect,
  { freeze = false, notNull = [] as readonly string[] } = {},
): string {
  const quote = dialect.quote || '"';
  const options = [
    "format csv",
    `delimiter ${quoteLiteral(dialect.delimiter)}`,
    `quote ${quoteLiteral(quote)}`,
    `escape ${quoteLiteral(dialect.quote ? dialect.escape : quote)}`,
    `null ${quoteLiteral(dialect.copyNull)}`,
    "encoding 'UTF8'",
  ];
  if (notNull.length > 0) options.push(`force_not_null (${notNull.map(quoteIdent).join(", ")})`);
  if (freeze) options.push("freeze");
  return `copy ${table} (${columns.map(quoteIdent).join(", ")}) from stdin (${options.join(", ")})`;
}
