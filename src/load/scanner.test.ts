import fc from "fast-check";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { dialectOf, type DialectOptions, RFC4180 } from "./dialect.ts";
import type { Reject } from "./reject.ts";
import { MAX_RECORD, Scanner, type ScanOptions } from "./scanner.ts";

interface Scan {
  text: string;
  records: number;
  rejects: Reject[];
}

/** Scans in pieces of `size` bytes. */
function scan(
  input: string | Uint8Array,
  fields: number,
  options: Partial<ScanOptions & DialectOptions> = {},
  size = Infinity,
): Scan {
  const { dialect } = dialectOf({ ...RFC4180, ...options });
  const rejects: Reject[] = [];
  const scanner = new Scanner({ dialect, fields, suffix: ",", onReject: (r) => rejects.push(r), ...options });
  const bytes = Buffer.from(input as string); // either overload
  const blocks: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += size) blocks.push(...scanner.push(bytes.subarray(i, i + size)));
  blocks.push(...scanner.end());
  expect(scanner.rejected).toBe(rejects.length);
  return { text: Buffer.concat(blocks).toString("utf8"), records: scanner.records, rejects };
}

const alphabet = ["a", "b", ",", '"', "\n", "\r\n", "\r", "é", "🦊", " ", "\\.", "", "\0"];
const anyText = fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((parts) => parts.join(""));

describe("the scanner", () => {
  test("appends the number of the line on which each record begins", () => {
    expect(scan('a,b\n"c\nd",e\nf,g', 2).text).toBe('a,b,1\n"c\nd",e,2\nf,g,4\n');
  });

  test("finds the same wherever the chunks are cut", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), (text, size, fields) => {
        expect(scan(text, fields, {}, size)).toEqual(scan(text, fields));
      }),
      { numRuns: 3000 },
    );
  });

  test("finds bytes that are not UTF-8 wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (bytes, size) => {
        expect(scan(bytes, 1, {}, size)).toEqual(scan(bytes, 1));
      }),
      { numRuns: 3000 },
    );
  });

  test("lets only UTF-8 without NUL through", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const { dialect } = dialectOf(RFC4180);
        const scanner = new Scanner({ dialect, fields: 1, suffix: ",", onReject: () => {} });
        const blocks: Uint8Array[] = [];
        for (let i = 0; i < bytes.length; i += size) blocks.push(...scanner.push(bytes.subarray(i, i + size)));
        const passed = Buffer.concat([...blocks, ...scanner.end()]);
        expect(passed.includes(0)).toBe(false);
        expect(() => new TextDecoder("utf-8", { fatal: true }).decode(passed)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  test("agrees with csv-parse on records and fields where both accept", () => {
    let both = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        // A carriage return at the very end is half a line break to us, text to csv-parse.
        fc.pre(!text.endsWith("\r"));
        // Blank lines at the end are records to csv-parse, not to us.
        let theirs: string[][];
        try {
          theirs = parse(text.replace(/[\r\n]+$/, ""), {
            relax_column_count: false,
            record_delimiter: lineBreakOf(text),
          });
        } catch {
          return;
        }
        const fields = theirs[0]?.length ?? 1;
        const ours = scan(text, fields);
        if (ours.rejects.length > 0) return;
        both++;
        expect(ours.records).toBe(theirs.length);
        // Read back what COPY would be given: the same values, and the line at the end.
        const again: string[][] = parse(ours.text, { record_delimiter: "\n" });
        expect(again.map((record) => record.slice(0, -1))).toEqual(theirs);
      }),
      { numRuns: 4000 },
    );
    expect(both).toBeGreaterThan(200);
  });

  test("a fault of quoting costs its own line only", () => {
    const { records, rejects, text } = scan('1,"a\n2,b\n3,"c"x\n4,d\n', 2);
    expect({ records, lines: rejects.map((r) => r.line), text }).toEqual({
      records: 4,
      lines: [1, 3],
      text: "2,b,2\n4,d,4\n",
    });
  });

  test("many faults of quoting in one chunk do not exhaust the stack", () => {
    expect(scan('"a\n"b\n'.repeat(50_000), 1).rejects.length).toBe(100_000);
  });

  test("gives up a quoted record that never ends, and goes on behind its first line", () => {
    const { rejects, records } = scan(`1,"a\n${"2,b\n".repeat(MAX_RECORD / 4 + 10)}`, 2, {}, 1 << 20);
    expect(rejects.map((r) => [r.line, r.reason])).toEqual([[1, "the quote opened on line 1 is never closed"]]);
    expect(records).toBe(MAX_RECORD / 4 + 11);
  });

  test("a line longer than a record may be is passed over", () => {
    const { rejects, text } = scan(`1,a\n2,${"x".repeat(MAX_RECORD * 2)}\n3,b\n`, 2, {}, 1 << 20);
    expect(rejects.map((r) => [r.line, r.reason])).toEqual([[2, "a record longer than 16 MiB"]]);
    expect(text).toBe("1,a,1\n3,b,3\n");
  });

  test("a field of some megabytes passes", () => {
    const field = "x".repeat(5_000_000);
    expect(scan(`1,${field}\n2,"${field}"\n`, 2, {}, 1 << 16).text).toBe(`1,${field},1\n2,"${field}",2\n`);
  });

  test("lines beyond 32 bits are numbered right", () => {
    expect(scan("a\nb\n", 1, { line: 4_999_999_999 }).text).toBe("a,4999999999\nb,5000000000\n");
  });
});

/** As the scanner decides: a lone carriage return ends lines only if it ends the first. */
function lineBreakOf(text: string): string[] {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === "\n") return ["\r\n", "\n"];
    else if (!quoted && text[i] === "\r") return text[i + 1] === "\n" ? ["\r\n", "\n"] : ["\r\n", "\n", "\r"];
  }
  return ["\n"];
}
