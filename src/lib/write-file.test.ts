import { mkdtemp, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeFileAtomically } from "./write-file.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-write-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a file is written into folders that do not exist yet, and replaces what stood there", async () => {
  const path = join(dir, "a", "b", "c.json");
  await writeFileAtomically(path, "first");
  await writeFileAtomically(path, "second");
  expect(await readFile(path, "utf8")).toBe("second");
  expect(await readdir(join(dir, "a", "b"))).toEqual(["c.json"]);
});

test("twenty writers at once leave one whole file", async () => {
  const path = join(dir, "many.txt");
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
  expect(texts).toContain(await readFile(path, "utf8"));
  expect((await readdir(dir)).filter((name) => name.startsWith("many"))).toEqual(["many.txt"]);
});

test("a write that fails leaves no temporary file", async () => {
  const path = join(dir, "taken");
  await mkdir(path);
  await expect(writeFileAtomically(path, "x")).rejects.toThrow();
  expect((await readdir(dir)).filter((name) => name.startsWith("taken"))).toEqual(["taken"]);
});

test("who reads while a file is written anew reads the old one to its end", async () => {
  const path = join(dir, "read.txt");
  await writeFileAtomically(path, "first");
  const reader = await open(path);
  await writeFileAtomically(path, "second");
  expect(await reader.readFile("utf8")).toBe("first");
  await reader.close();
});
