import { expect, test } from "vitest";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { Problems } from "./problems.ts";

const lastNote = (problems: Problems, quarantine: boolean): string | undefined =>
  problems.failure("raw.a", quarantine).diagnostics.at(-1)!.notes.at(-1)?.message;

test("setting bad rows aside is advised where rows are bad, and not where a file is", () => {
  const rows = new Problems();
  rows.addRows("a.csv", [{ line: 2, reason: "a blank line" }], 1);
  expect(lastNote(rows, false)).toContain("with `on_reject: quarantine`");
  expect(lastNote(rows, true)).toBe("raw.a was left as it was");
  rows.addFile("b.csv", new Failure(error("csv-empty", "b.csv is empty.")));
  expect(lastNote(rows, false)).toBe("raw.a was left as it was");
});
