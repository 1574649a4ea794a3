import fc from "fast-check";
import { expect, test } from "vitest";
import { byteLength, fitName, foldName, MAX_NAME_BYTES, quoteIdent, quoteLiteral, workName } from "./relation.ts";

test("a name that fits stays as it is", () => {
  expect(fitName("orders", "_idx")).toBe("orders_idx");
  expect(fitName("é".repeat(31))).toBe("é".repeat(31));
});

test("any name is made to fit, keeps its suffix, and stays whole characters", () => {
  const names = fc.string({ unit: "grapheme", maxLength: 90 });
  fc.assert(
    fc.property(names, (name) => {
      const fitted = workName(name);
      expect(byteLength(fitted)).toBeLessThanOrEqual(MAX_NAME_BYTES);
      expect(fitted.endsWith("__sluice_new")).toBe(true);
      expect(Buffer.from(fitted, "utf8").toString("utf8")).toBe(fitted);
    }),
  );
});

test("long names that differ at the end only stay apart", () => {
  expect(fitName(`${"x".repeat(70)}a`)).not.toBe(fitName(`${"x".repeat(70)}b`));
});

test("unquoted names are folded as Postgres does: ASCII only", () => {
  expect(foldName("Größe_ÄB")).toBe("größe_Äb");
});

test("quotes and backslashes in names and texts end nothing", () => {
  expect(quoteIdent('a"b; --')).toBe('"a""b; --"');
  expect(quoteLiteral("it's")).toBe("'it''s'");
  // The same on servers where a backslash means something in plain literals.
  expect(quoteLiteral("C:\\it's")).toBe(" E'C:\\\\it''s'");
});
