import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../lib/package-root.ts";
import { grouped } from "../../testing/bank/grouped.ts";
import { generate, type Progress } from "./generate.ts";
import type { GenerateRequest } from "./options.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "generate-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** A stream that keeps what it is given, and takes its time when told to. */
function sink(delay?: () => Promise<void>) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      if (delay) delay().then(() => done(), done);
      else done();
    },
  });
  return { stream, chunks, text: () => Buffer.concat(chunks).toString("utf8") };
}

async function csv(request: GenerateRequest): Promise<string> {
  const { stream, text } = sink();
  await generate(request, stream);
  return text();
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const records = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

test("the defaults make the committed sample, byte for byte", async () => {
  const committed = await readFile(join(packageRoot(), "data/transactions.csv"), "utf8");
  expect(await csv({})).toBe(committed);
});

test("the same seed gives the same bytes, another seed gives others", async () => {
  const request = { rows: 20_000, dirty: 0.1, seed: 7 };
  const first = sha256(await csv(request));
  expect(sha256(await csv(request))).toBe(first);
  expect(sha256(await csv({ ...request, seed: 8 }))).not.toBe(first);
});

test("a bad rate leaves the good rows as they are", async () => {
  const clean = new Set((await csv({ rows: 4_000 })).split("\n"));
  const dirty = (await csv({ rows: 4_000, dirty: 0.05 })).split("\n");
  expect(dirty.filter((line) => !clean.has(line)).length).toBeLessThan(4_000 * 0.08);
});

test("a file is complete or not there, and is reported as it grows", async () => {
  const path = join(directory, "new/transactions.csv");
  const seen: Progress[] = [];
  const made = await generate({ rows: 30_000 }, path, (progress) => seen.push(progress));
  const bytes = await readFile(path);
  expect(made).toMatchObject({ rows: 30_000, bytes: bytes.length });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.at(-1)).toEqual({ rows: 30_000, of: 30_000, bytes: bytes.length });
  expect(await readdir(join(directory, "new"))).toEqual(["transactions.csv"]);
});

test("a failing stream fails the call and leaves nothing behind", async () => {
  const broken = sink(() => Promise.reject(new Error("disk full")));
  await expect(generate({ rows: 50_000 }, broken.stream)).rejects.toThrow("disk full");
  await expect(generate({ rows: 10 }, join(directory, "\0"))).rejects.toThrow();
});

test("a slow reader is waited for: nothing is made ahead of it", async () => {
  let waiting = 0;
  let most = 0;
  let made = 0;
  const slow = sink(async () => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    waiting = made - slow.chunks.length;
    most = Math.max(most, waiting);
  });
  await generate({ rows: 100_000 }, slow.stream, () => made++);
  expect(slow.chunks.length).toBeGreaterThan(20);
  expect(most).toBeLessThan(5);
});

test("dates stay in the period, in order, and every type has a quarter of the rows", async () => {
  const rows = records(await csv({ rows: 4_000, start: "2024-02-01", end: "2024-03-31" }));
  const dates = rows.map((row) => row[3]!);
  expect(dates).toEqual(dates.toSorted());
  expect([dates[0], dates.at(-1)]).toEqual(["2024-02-01", "2024-03-31"]);
  expect(new Set(dates).size).toBe(60);
  const types = grouped(rows, (row) => row[4]);
  expect([...types.values()].map((list) => list.length)).toEqual([1_000, 1_000, 1_000, 1_000]);
});

test("some customers change their name, the two known ones never", async () => {
  const rows = records(await csv({}));
  const names = grouped(rows, (row) => row[1]!);
  const changed = [...names].filter(([, list]) => new Set(list.map((row) => row[2])).size > 1).map(([id]) => id);
  expect(changed.length).toBeGreaterThan(0);
  expect(names.get("C000001")![0]![2]).toBe("Jonathan Gentry");
  expect(names.get("C000002")![0]![2]).toBe("Roberto Goodwin");
  expect(changed).not.toContain("C000001");
});

test("an empty file still has its header, and impossible options are refused", async () => {
  expect(records(await csv({ rows: 0 }))).toEqual([]);
  await expect(csv({ rows: -1 })).rejects.toThrow("rows must be a whole number of at least 0, not -1");
  await expect(csv({ dirty: 2 })).rejects.toThrow("dirty must be a share between 0 and 1, not 2");
  await expect(csv({ start: "2025-02-30" })).rejects.toThrow(
    'start must be a date such as 2025-01-31, not "2025-02-30"',
  );
  await expect(csv({ start: "2025-03-01", end: "2025-01-01" })).rejects.toThrow("is before start");
});
