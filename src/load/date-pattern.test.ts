import { expect, test } from "vitest";
import { compilePattern } from "./date-pattern.ts";

function read(pattern: string, text: string): string | undefined {
  const compiled = compilePattern(pattern);
  if (typeof compiled === "string") throw new Error(compiled);
  return compiled(text);
}

test.each([
  ["YYYY-MM-DD", "2025-02-28", "2025-02-28"],
  ["YYYY-MM-DD", "2025-2-3", "2025-02-03"],
  ["YYYY-MM-DD", "2025-02-29", undefined],
  ["YYYY-MM-DD", "2024-02-29", "2024-02-29"],
  ["YYYY-MM-DD", "25-02-03", undefined],
  ["YYYY-MM-DD", "2025-02-03x", undefined],
  ["YYYYMMDD", "20250203", "2025-02-03"],
  ["DD/MM/YY", "03/02/69", "2069-02-03"],
  ["DD/MM/YY", "03/02/70", "1970-02-03"],
  ["DD Mon YYYY", "3 FEB 2025", "2025-02-03"],
  ["Month DD, YYYY", "february 3, 2025", "2025-02-03"],
  ["MM/DD/YYYY HH12:MI PM", "02/03/2025 12:05 am", "2025-02-03 00:05:00"],
  ["MM/DD/YYYY HH12:MI PM", "02/03/2025 13:05 pm", undefined],
  ["YYYY-MM-DDTHH24:MI:SS.MS", "2025-02-03T23:59:59.5", "2025-02-03 23:59:59.5"],
  ['YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM', "2025-02-03T23:59:59.123456+02:00", "2025-02-03 23:59:59.123456+02:00"],
  ["YYYY-MM-DD HH24:MI:SSOF", "2025-02-03 23:59:59-05", "2025-02-03 23:59:59-05"],
  ["YYYY-MM-DD HH24:MI", "2025-02-03 24:00", undefined],
])("%s reads %s as %s", (pattern, text, iso) => {
  expect(read(pattern, text)).toBe(iso);
});

test("a pattern that is not understood is told", () => {
  expect(compilePattern("YYYY-Q")).toBe("Q");
});
