import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { External } from "../project/types.ts";
import { columnsOf, failureOf, makeRig, type Rig } from "./rig.ts";

/** What becomes of a file: the rows that load, as Postgres prints them, and those that do not; or why none can. */
interface Case {
  /** Default `id int, name text`. */
  columns?: string;
  options?: Partial<External>;
  rows?: (string | null)[][];
  /** Line, column (if a value is to blame), reason. */
  rejects?: [line: number, column: string | null, reason: string][];
  /** Messages about the file as a whole. */
  fails?: string[];
}

const badInt = (value: string): string => `invalid input syntax for type integer: "${value}"`;
const count = (found: number, wanted: number): string =>
  `${found} field${found === 1 ? "" : "s"}, where ${wanted} ${wanted === 1 ? "is" : "are"} expected`;

const CASES: Record<string, Case> = {
  "plain.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
    ],
  },
  "short-record.csv": {
    columns: "id int, name text, city text",
    rows: [
      ["1", "Ann", "Bonn"],
      ["3", "Cyd", "Rome"],
    ],
    rejects: [[3, null, count(2, 3)]],
  },
  "long-record.csv": {
    rows: [
      ["1", "Ann"],
      ["3", "Cyd"],
    ],
    rejects: [[3, null, count(3, 2)]],
  },
  "trailing-delimiter.csv": { rows: [["2", "Bob"]], rejects: [[2, null, count(3, 2)]] },
  "values.csv": {
    columns: "i int, n numeric(7,2), d date, ts timestamp, b boolean",
    rows: [
      ["1", "1.50", "2025-01-31", "2025-01-31 10:00:00", "t"],
      ["8", null, null, null, null],
    ],
    rejects: [
      [3, "i", badInt("one")],
      [4, "n", 'invalid input syntax for type numeric: "1..5"'],
      [5, "d", 'date/time field value out of range: "2025-02-30"'],
      [6, "ts", 'date/time field value out of range: "2025-01-31 25:00:00"'],
      [7, "b", 'invalid input syntax for type boolean: "maybe"'],
      [8, "n", "numeric field overflow"],
      [9, "i", 'value "99999999999" is out of range for type integer'],
      [9, "n", 'invalid input syntax for type numeric: "x"'],
      [9, "d", 'date/time field value out of range: "31/01/2025"'],
    ],
  },
  "two-faults.csv": {
    columns: "id int, n int",
    rows: [["1", "2"]],
    rejects: [
      [2, "id", badInt("x")],
      [2, "n", badInt("y")],
    ],
  },
  "varchar.csv": {
    columns: "id int, name varchar(3)",
    rows: [["1", "abc"]],
    rejects: [[3, "name", "value too long for type character varying(3)"]],
  },
  "bad-encoding.csv": {
    rows: [
      ["1", "Ann"],
      ["3", "Renée"],
    ],
    rejects: [[3, null, 'byte 0xE9 after "2,Jos" is not valid UTF-8']],
  },
  "nul-byte.csv": {
    rows: [
      ["1", "Ann"],
      ["3", "Cyd"],
    ],
    rejects: [[3, null, "a NUL byte (0x00), which Postgres cannot store in text"]],
  },
  "unterminated-quote.csv": {
    rows: [
      ["1", "Ann"],
      ["3", "Cyd"],
      ["4", "Dan"],
    ],
    rejects: [[3, null, "the quote opened on line 3 is never closed"]],
  },
  "text-after-quote.csv": {
    rows: [["3", "Cyd"]],
    rejects: [
      [2, null, "text after a closing quote"],
      [3, null, "text after a closing quote"],
      [4, null, 'a quote (") stands inside a field that does not begin with one'],
    ],
  },
  "quote-inside.csv": {
    rows: [["2", "Bob"]],
    rejects: [[2, null, 'a quote (") stands inside a field that does not begin with one']],
  },
  "missing-header.csv": {
    fails: ['The header lacks the declared column "name".', 'The file has a column "nmae" that is not declared.'],
  },
  "header-of-another-table.csv": { fails: ["The header has none of the declared columns."] },
  "duplicate-header.csv": { fails: ['The header names column "ID" twice, the second time in position 3.'] },
  "unknown-header.csv": { fails: ['The file has a column "phone" that is not declared.'] },
  "nameless-header.csv": { fails: ["Column 3 of the header has no name."] },
  "broken-header.csv": { fails: ["The header cannot be read: the quote opened on line 1 is never closed."] },
  "reordered-header.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
    ],
  },
  "quoted-header.csv": { columns: 'id int, "na\nme" text', rows: [["1", "Ann"]], rejects: [[4, "id", badInt("x")]] },
  "empty.csv": { fails: ["is empty: not even a header."] },
  "only-line-breaks.csv": { fails: ["is empty: not even a header."] },
  "header-only.csv": { rows: [] },
  "header-without-line-break.csv": { rows: [] },
  "no-last-line-break.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
    ],
  },
  "no-header.csv": {
    options: { header: false },
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
    ],
    rejects: [[3, null, count(1, 2)]],
  },
  "bom.csv": { rows: [["1", "Ann"]] },
  "crlf.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "B\r\nob"],
    ],
    rejects: [[5, "id", badInt("x")]],
  },
  "mixed-line-ends.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
      ["4", "Dan"],
    ],
    rejects: [[4, "id", badInt("x")]],
  },
  "old-mac.csv": {
    rows: [
      ["1", "Ann"],
      ["3", "C\rd"],
    ],
    rejects: [
      [3, "id", badInt("x")],
      [6, "id", badInt("y")],
    ],
  },
  "stray-carriage-return.csv": {
    rows: [["2", "Bob"]],
    rejects: [[2, null, "a carriage return stands outside quotes, in a file whose lines do not end with it"]],
  },
  // On PostgreSQL 15 to 17 a line with nothing else would end the COPY, silently.
  "end-marker.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "\\."],
      ["3", "a\n\\.\nb"],
    ],
    rejects: [[3, null, count(1, 2)]],
  },
  "end-marker-single.csv": { columns: "name text", rows: [["Ann"], ["\\."], ["Bob"]] },
  "lines-after-quoted.csv": {
    rows: [
      ["1", "two\nlines"],
      ["2", "three\n\nlines"],
    ],
    rejects: [
      [7, "id", badInt("x")],
      [8, null, count(3, 2)],
    ],
  },
  "blank-lines.csv": {
    rows: [
      ["1", "Ann"],
      ["2", "Bob"],
    ],
    rejects: [
      [3, null, "a blank line, where 2 fields are expected"],
      [4, null, "a blank line, where 2 fields are expected"],
    ],
  },
  "blank-lines-single.csv": { columns: "name text", rows: [["Ann"], [null], ["Bob"]] },
  "unicode.csv": {
    rows: [
      ["1", "Zoë 🦊 名前"],
      ["2", "e\u0301"],
      ["3", "\ufffd"],
    ],
  },
  "semicolon.csv": { options: { delimiter: ";" }, rows: [["1", "Ann, B"]], rejects: [[3, "id", badInt("x")]] },
  "tab.tsv": {
    options: { delimiter: "\t" },
    rows: [
      ["1", "Ann"],
      ["2", "B\tb"],
    ],
  },
  "pipe.csv": {
    options: { delimiter: "|" },
    rows: [
      ["1", "Ann"],
      ["2", "B|b"],
    ],
  },
  "single-quotes.csv": {
    options: { quote: "'" },
    rows: [
      ["1", "Ann, B"],
      ["2", "it's"],
      ["3", '"x'],
    ],
  },
  "backslash-escape.csv": {
    options: { escape: "\\" },
    rows: [
      ["1", 'say "hi"'],
      ["2", "back\\slash"],
      ["3", "a\\nb"],
    ],
    rejects: [[5, "id", badInt("x")]],
  },
  "no-quotes.csv": {
    options: { quote: "" },
    rows: [
      ["1", '5" disk'],
      ["2", '"'],
      ["3", 'a "b" c'],
    ],
    rejects: [[5, "id", badInt("x")]],
  },
  "latin1.csv": {
    options: { encoding: "iso-8859-1" },
    rows: [
      ["1", "José"],
      ["2", "naïve"],
    ],
  },
  "windows-1252.csv": {
    options: { encoding: "windows-1252" },
    rows: [["1", "€42 “q”"]],
    rejects: [[3, "id", badInt("x")]],
  },
  "iso-8859-15.csv": { options: { encoding: "iso-8859-15" }, rows: [["1", "€42"]] },
  "shift-jis.csv": {
    options: { encoding: "shift_jis" },
    rows: [
      ["1", "名前"],
      ["3", "前"],
    ],
    rejects: [[3, null, "bytes that are not valid shift_jis"]],
  },
  // The byte order mark tells the encoding; no option is needed.
  "utf-16le.csv": { rows: [["1", "Zoë"]], rejects: [[3, "id", badInt("x")]] },
  "utf-16be.csv": { rows: [["1", "Zoë"]] },
  "gzip.csv.gz": { rows: [["1", "Ann"]], rejects: [[3, "id", badInt("x")]] },
  "gzip-by-content.csv": { rows: [["1", "Ann"]], rejects: [[3, "id", badInt("x")]] },
  "truncated.csv.gz": { fails: ["is cut short: the gzip archive has no end."] },
  "damaged.csv.gz": { fails: ["is a damaged gzip archive: "] },
  "european-numbers.csv": {
    columns: "id int, n numeric(10,2), k int",
    options: { delimiter: ";", decimal: ",", thousands: "." },
    rows: [
      ["1", "1234.56", "1000"],
      ["2", "-0.50", "12"],
      ["5", null, null],
    ],
    rejects: [
      [4, "n", '"1.23,5" is not a number with "," before decimals and "." between thousands'],
      [5, "n", '"1,234.56" is not a number with "," before decimals and "." between thousands'],
      [7, "k", '"1.00" is not a number with "," before decimals and "." between thousands'],
    ],
  },
  "dates.csv": {
    columns: "d date, ts timestamp",
    options: { dateFormat: "DD.MM.YYYY", timestampFormat: "DD.MM.YYYY HH24:MI:SS" },
    rows: [
      ["2025-01-31", "2025-01-31 23:59:58"],
      ["2025-02-01", "2025-02-01 00:00:00"],
      [null, null],
    ],
    rejects: [
      [4, "d", '"30.02.2025" is not a date in the form DD.MM.YYYY'],
      [5, "d", '"01.02.2025x" is not a date in the form DD.MM.YYYY'],
      [6, "d", '"2025-02-01" is not a date in the form DD.MM.YYYY'],
      [7, "ts", '"01.02.2025 24:00:00" is not a timestamp in the form DD.MM.YYYY HH24:MI:SS'],
    ],
  },
  "null-strings.csv": {
    options: { nullStrings: ["NA", "-", "\\N"] },
    rows: [
      ["1", null],
      ["2", "NA"],
      [null, null],
      ["4", ""],
    ],
  },
  "one-null-string.csv": {
    options: { nullStrings: ["NA"] },
    rows: [
      ["1", null],
      ["2", "NA"],
      ["3", ""],
      [null, "x"],
    ],
  },
  // The line number 3 is no null, whatever null is written as.
  "line-number-null.csv": {
    options: { nullStrings: ["3"] },
    rows: [
      ["1", "Ann"],
      [null, null],
    ],
  },
  "quoted-empty.csv": { rows: [["1", ""]], rejects: [[3, "id", badInt("")]] },
};

const folder = fileURLToPath(new URL("corpus", import.meta.url));

let rig: Rig;
beforeAll(async () => {
  rig = await makeRig();
});
afterAll(() => rig.close());

test("every file of the corpus has a case", () => {
  expect(Object.keys(CASES).toSorted()).toEqual(
    readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .toSorted(),
  );
});

describe.each(Object.entries(CASES))(
  "%s",
  (file, { columns = "id int, name text", options, rows, rejects = [], fails }) => {
    const declared = columnsOf(columns).map(({ name, type }) => ({ name: name.replaceAll('"', ""), type }));
    const load = (onReject: External["onReject"]) =>
      rig.load("", { ...options, onReject, location: file }, { root: folder, columns: declared, fullRefresh: true });
    const names = declared.map(({ name }) => `"${name}"`).join(", ");

    test("without quarantine: everything or nothing", async () => {
      await rig.rows("drop schema if exists raw cascade");
      if (!fails && rejects.length === 0) {
        const { rejected, rows: loaded } = await load("fail");
        expect({ loaded, rejected }).toEqual({ loaded: rows!.length, rejected: 0 });
        return;
      }
      const messages = await failureOf(load("fail"));
      if (fails) expectEach(messages, fails);
      else {
        expect(messages).toEqual(
          rejects.map(([line, column, reason]) =>
            column === null
              ? `${file}:${line} ${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`
              : `${file}:${line} Column "${column}": ${reason}.`,
          ),
        );
      }
      expect(await rig.rows("select to_regclass('raw.t') as t")).toEqual([{ t: null }]);
    });

    test("with quarantine: good rows load, bad ones stand aside, none is lost", async () => {
      await rig.rows("drop schema if exists raw cascade");
      if (fails) return expectEach(await failureOf(load("quarantine")), fails);
      const badLines = new Set(rejects.map(([line]) => line));
      expect(await load("quarantine")).toMatchObject({ rows: rows!.length, rejected: badLines.size });
      const { found, aside } = await rig.database.session(async (session) => ({
        found: (await session.queryText(`select ${names} from raw.t order by _line`)).rows,
        aside: (await session.queryText("select _line, _column, _reason from raw.t__rejected order by _line")).rows,
      }));
      expect(found).toEqual(rows);
      // Of several bad values in a record, the first is named.
      const first = rejects.filter(([line], i) => line !== rejects[i - 1]?.[0]);
      expect(aside).toEqual(
        first.map(([line, column, reason]) => {
          const others = rejects.filter((reject) => reject[0] === line).length - 1;
          return [String(line), column, others > 0 ? `${reason} (and ${others} more of its values)` : reason];
        }),
      );
    });
  },
);

/** Each message ends as expected, or holds it. */
function expectEach(messages: readonly string[], parts: readonly string[]): void {
  expect(messages).toHaveLength(parts.length);
  for (const [i, part] of parts.entries()) expect(messages[i]).toContain(part);
}
