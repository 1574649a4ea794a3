import { expect, test } from "vitest";
import { error, type SourceFile } from "./diagnostic.ts";
import { formatDiagnostic, lineSpan, positionAt } from "./format.ts";

const fileOf = (text: string): SourceFile => ({ path: "models/a.sql", absolute: "/p/models/a.sql", text });
const spanOf = (text: string, spot: string) => {
  const start = text.indexOf(spot);
  return { file: fileOf(text), start, end: start + spot.length };
};

test("a place is shown with its line, underlined, and with the next move", () => {
  const text = "select\n  ammount\nfrom t\n";
  const shown = formatDiagnostic(error("code", "No such column.", spanOf(text, "ammount"), ["did you mean amount?"]));
  expect(shown).toBe(
    [
      "models/a.sql:2:3  code  No such column.",
      "    2 │   ammount",
      "      │   ~~~~~~~",
      "    → did you mean amount?",
    ].join("\n"),
  );
});

test("of a line that is too long to be shown, the part with the spot is, and the mark stands under it", () => {
  const text = `select ${"x, ".repeat(200)}ammount, ${"y, ".repeat(200)}z`;
  const [, line = "", mark = ""] = formatDiagnostic(error("code", "No.", spanOf(text, "ammount"))).split("\n");
  expect(line.length).toBeLessThan(160);
  expect(line.slice(mark.indexOf("~"), mark.lastIndexOf("~") + 1)).toBe("ammount");
});

test("offsets and lines outside of a file stay within it", () => {
  expect(positionAt(fileOf("a\nb"), 99)).toEqual({ line: 2, column: 2 });
  expect(positionAt(fileOf("a\nb"), -1)).toEqual({ line: 1, column: 1 });
  expect(lineSpan(fileOf("a\n  b"), 9)).toMatchObject({ start: 4, end: 5 });
});
