/** Values that Postgres would not read as they stand: rewritten to what it reads, strictly, while they pass. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { External } from "../project/types.ts";
import { compilePattern, TOKEN_NAMES } from "./date-pattern.ts";
import type { Dialect } from "./dialect.ts";
import { splitRecord, writeField } from "./record.ts";
import type { Rewritten } from "./reject.ts";

export interface ColumnType {
  readonly name: string;
  readonly type: string;
}

/** Undefined when the text is not written as the options say. */
type Convert = (text: string) => string | undefined;

type Formats = Pick<External, "dateFormat" | "timestampFormat" | "decimal" | "thousands" | "at">;

interface Conversion {
  readonly convert: Convert;
  /** "a number with "," as decimal separator". */
  readonly expected: string;
}

const NUMBER = /^(small|big)?int(eger|2|4|8)?$|^(numeric|decimal|real|float[48]?|double precision|money|dec)$/;
const DATE = /^date$/;
const TIMESTAMP = /^timestamp(tz)?$|^timestamp with(out)? time zone$/;

/** A type's name without length and precision: `timestamp(3) with time zone` → `timestamp with time zone`. */
export const baseType = (type: string): string =>
  type
    .toLowerCase()
    .replace(/\(.*?\)/g, "")
    .replace(/\s+/g, " ")
    .trim();

/**
 * What has to be done to each record of a file with these columns, in the file's order; nothing when records can stay as
 * they are.
 */
export function rewriterOf(
  columns: readonly ColumnType[],
  external: Formats,
  dialect: Dialect,
): ((record: string) => Rewritten) | undefined {
  const conversions = columns.map(({ type }) => conversionFor(baseType(type), external));
  if (!dialect.rewriteNulls && conversions.every((conversion) => conversion === undefined)) return undefined;
  return (record) => rewriteRecord(record, columns, conversions, dialect);
}

/** What is wrong with the formats as the user wrote them. */
export function checkFormats(external: Formats): readonly Diagnostic[] {
  return [external.dateFormat, external.timestampFormat].flatMap((pattern) => {
    const compiled = pattern === undefined ? undefined : compilePattern(pattern);
    if (pattern === undefined || typeof compiled === "function") return [];
    const message = `The date pattern "${pattern}" holds "${compiled}", which is not supported.`;
    return [
      error("csv-option", message, external.at, [`supported are ${TOKEN_NAMES}; other letters in double quotes`]),
    ];
  });
}

function rewriteRecord(
  record: string,
  columns: readonly ColumnType[],
  conversions: readonly (Conversion | undefined)[],
  dialect: Dialect,
): Rewritten {
  const written: string[] = [];
  for (const [i, { text, quoted }] of splitRecord(record, dialect).entries()) {
    const conversion = conversions[i];
    const isNull = !quoted && dialect.nullStrings.has(text);
    const value = isNull ? null : conversion ? conversion.convert(text) : text;
    if (value === undefined) {
      return {
        column: columns[i]!.name,
        value: text,
        reason: `${JSON.stringify(text)} is not ${conversion!.expected}`,
      };
    }
    written.push(writeField(value, quoted, dialect));
  }
  return written.join(dialect.delimiter);
}

function conversionFor(
  type: string,
  { dateFormat, timestampFormat, decimal, thousands }: Formats,
): Conversion | undefined {
  if (NUMBER.test(type)) return decimal === "." && !thousands ? undefined : numberConversion(decimal, thousands);
  const pattern = DATE.test(type) ? dateFormat : TIMESTAMP.test(type) ? timestampFormat : undefined;
  if (pattern === undefined) return undefined;
  const convert = compilePattern(pattern);
  return typeof convert === "function" ? { convert, expected: `a ${type} in the form ${pattern}` } : undefined;
}

function numberConversion(decimal: string, thousands: string | undefined): Conversion {
  const d = escapeRegExp(decimal);
  const whole = thousands ? `\\d{1,3}(?:${escapeRegExp(thousands)}\\d{3})+|\\d*` : "\\d*";
  const shape = new RegExp(`^\\s*([+-]?)(${whole})(?:${d}(\\d*))?((?:[eE][+-]?\\d+)?)\\s*$`, "u");
  const grouped = thousands ? ` and "${thousands}" between thousands` : "";
  return {
    expected: `a number with "${decimal}" before decimals${grouped}`,
    convert(text) {
      const [, sign, integer, fraction = "", exponent] = shape.exec(text) ?? [];
      if (integer === undefined || integer + fraction === "") return undefined;
      const digits = thousands ? integer.replaceAll(thousands, "") : integer;
      return `${sign}${digits || "0"}${fraction && `.${fraction}`}${exponent}`;
    },
  };
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
