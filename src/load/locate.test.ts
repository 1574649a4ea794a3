import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locateFiles } from "./locate.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sluice [glob] "));
  for (const path of [
    "a.csv",
    "data/b.csv",
    "data/b.csv.gz",
    "data/2025/c.csv",
    "data/2025/01/d.csv",
    "data/.hidden.csv",
    "data/x[1].csv",
  ]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "id\n");
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ["a.csv", "a.csv"],
  ["./a.csv", "a.csv"],
  ["data/*.csv", "data/b.csv data/x[1].csv"],
  ["data/**/*.csv", "data/2025/01/d.csv data/2025/c.csv data/b.csv data/x[1].csv"],
  ["data/{b,2025/c}.csv", "data/2025/c.csv data/b.csv"],
  ["data/b.csv{,.gz}", "data/b.csv data/b.csv.gz"],
  ["data/[a-c].csv", "data/b.csv"],
  ["data/[!b]*.csv", "data/x[1].csv"],
  ["data/?.csv", "data/b.csv"],
  ["data/.*.csv", "data/.hidden.csv"],
  ["data/x[1].csv", "data/x[1].csv"],
  ["data/20??/*.csv", "data/2025/c.csv"],
  ["data", ""],
  ["none/*.csv", ""],
])("%s means %s", async (location, paths) => {
  expect((await locateFiles(location, root)).map((file) => file.path).join(" ")).toBe(paths);
});
