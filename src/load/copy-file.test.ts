import { expect, test } from "vitest";
import { assertCounted } from "./copy-file.ts";

test("a COPY that counts other rows than the scanner let through is a bug, and loads nothing", () => {
  const file = { path: "data/a.csv", absolute: "/p/data/a.csv", bytes: 9 };
  expect(() => assertCounted(file, 2, 3)).toThrow("data/a.csv has 3 good records, of which Postgres counted 2");
  expect(() => assertCounted(file, 3, 3)).not.toThrow();
});
