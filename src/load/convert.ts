/** Values that Postgres would not read as they stand: rewritten to what it reads, strictly, while they pass. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { External } from "../project/types.ts";
import { compilePattern } from "./date-pattern.ts";
import type { Dialect } from "./dialect.ts";
import { splitRecord, writeField } from "./record.ts";
import type { Rewritten } from "./reject.ts";

export interface ColumnType {
  readonly name: string;
  readonly type: string;
}

/** Undefined when the text is not written as the options say. */
type Convert = (text: string) => string | undefined;

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
  external: Pick<External, "dateFormat" | "timestampFormat" | "decimal" | "thousands">,
  dialect: Dialect,
): { rewrite?: (record: string) => Rewritten; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const conversions = columns.map(({ type }) => conversionFor(baseType(type), external));
  if (!dialect.rewriteNulls && conversions.every((conversion) => conversion === undefined)) return { diagnostics };
  return { diagnostics, rewrite: (record) => rewriteRecord(record, columns, conversions, dialect) };
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
  {
    dateFormat,
    timestampFormat,
    decimal,
    thousands,
  }: Pick<External, "dateFormat" | "timestampFormat" | "decimal" | "thousands">,
): Conversion | undefined {
  if (NUMBER.test(type)) return decimal === "." && !thousands ? undefined : numberConversion(decimal, thousands);
  const pattern = DATE.test(type) ? dateFormat : TIMESTAMP.test(type) ? timestampFormat : undefined;
  if (pattern === undefined) return undefined;
  return { convert: compilePattern(pattern), expected: `a ${type} in the form ${pattern}` };
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
