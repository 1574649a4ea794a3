/** One record as fields, and back: for headers, for values that are converted, and for messages. Not for the fast path. */
import type { Dialect } from "./dialect.ts";

export interface RecordField {
  readonly text: string;
  readonly quoted: boolean;
}

/** Splits a record that the scanner found to be well formed. */
export function splitRecord(record: string, { delimiter, quote, escape }: Dialect): RecordField[] {
  const fields: RecordField[] = [];
  let i = 0;
  while (true) {
    if (quote !== "" && record[i] === quote) {
      let text = "";
      for (i++; i < record.length; i++) {
        const c = record[i]!;
        const next = record[i + 1];
        if (c === escape && (next === quote || next === escape)) text += record[++i]!;
        else if (c === quote) break;
        else text += c;
      }
      i++;
      fields.push({ text, quoted: true });
    } else {
      const end = record.indexOf(delimiter, i);
      const text = record.slice(i, end < 0 ? undefined : end);
      i += text.length;
      fields.push({ text, quoted: false });
    }
    if (i >= record.length) return fields;
    i += 1; // the delimiter
  }
}

/** A field as COPY reads it back; null is the dialect's own null text. */
export function writeField(text: string | null, quoted: boolean, dialect: Dialect): string {
  if (text === null) return dialect.copyNull;
  const quote = dialect.quote || '"';
  const plain = !quoted && text !== dialect.copyNull && !text.includes(quote) && !text.includes(dialect.delimiter);
  if (plain && !/[\r\n]/.test(text)) return text;
  const escape = dialect.quote ? dialect.escape : quote;
  let escaped = text;
  if (escape !== quote) escaped = escaped.replaceAll(escape, escape + escape);
  return quote + escaped.replaceAll(quote, escape + quote) + quote;
}

/** A record of a file without quotes that holds COPY's own quote character, in COPY's terms. */
export function requote(record: string, dialect: Dialect): string {
  const fields = splitRecord(record, dialect).map(({ text, quoted }) =>
    writeField(!quoted && dialect.nullStrings.has(text) ? null : text, quoted, dialect),
  );
  return fields.join(dialect.delimiter);
}
