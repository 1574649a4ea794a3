import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { FAULTS, type Fault } from "./faults.ts";
import { generate } from "./generate.ts";

const chunks: Buffer[] = [];
const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    chunks.push(chunk);
    done();
  },
});
const made = await generate({ rows: 20_000, dirty: 0.1 }, stream);
const lines = Buffer.concat(chunks).toString("utf8").trimEnd().split("\n").slice(1);

/** How one would find each kind of fault in the file; only unquoted lines, so that a comma is a field's end. */
const SIGNS: Readonly<Record<Fault, (fields: string[], line: string, index: number) => boolean>> = {
  duplicate: (_, line, index) => line === lines[index - 1],
  "conflicting-duplicate": (fields, line, index) =>
    fields[0] === lines[index - 1]?.split(",")[0] && line !== lines[index - 1],
  "missing-value": (fields) => fields.length === 6 && fields.includes(""),
  "unparsable-amount": (fields) => fields.length >= 6 && !/^ *-?\d+\.\d\d *$|^$/.test(fields[5]!),
  "unparsable-date": (fields) => /^(2025-02-30|31\/12\/2025|yesterday|2025-13-01|20250101)$/.test(fields[3] ?? ""),
  "mixed-case": (fields) => /^[A-Z]/.test(fields[4] ?? ""),
  padding: (fields) => fields[5]?.endsWith(" ") ?? false,
  "unknown-type": (fields) => /^(refund|fee|chargeback|depositt)$/.test(fields[4] ?? ""),
  "negative-amount": (fields) => fields[5]?.startsWith("-") ?? false,
  "future-date": (fields) => (fields[3] ?? "") > "2026-12-31" && /^\d{4}-/.test(fields[3]!),
  "short-row": (fields) => fields.length < 6,
  "long-row": (fields, line) => fields.length > 6 && !line.includes('"'),
};

test("rows are spoiled at the asked rate", () => {
  const spoiled = Object.values(made.faults).reduce((sum, count) => sum + count, 0);
  expect(spoiled / made.rows).toBeGreaterThan(0.09);
  expect(spoiled / made.rows).toBeLessThan(0.11);
});

test("only duplicates add lines", () => {
  expect(lines.length).toBe(made.rows + made.faults.duplicate + made.faults["conflicting-duplicate"]);
});

test.each(FAULTS)("%s occurs, and can be found in the file", (fault) => {
  const found = lines.filter((line, index) => SIGNS[fault](line.split(","), line, index)).length;
  expect(made.faults[fault]).toBeGreaterThan(100);
  expect(found).toBeGreaterThanOrEqual(made.faults[fault] * 0.95);
});
