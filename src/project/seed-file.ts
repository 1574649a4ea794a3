/** Seeds as the project knows them: measured and hashed, not read. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../lib/hash.ts";
import type { SeedFile } from "./types.ts";

/** Beyond this size dbt takes the path in the place of a hash, unless it is told another one. */
export const HASHED_BYTES = 1024 * 1024;

export async function readSeedFile(root: string, path: string, hashed = HASHED_BYTES): Promise<SeedFile> {
  const absolute = join(root, path);
  const file = { path, absolute, text: "" };
  const { size } = await stat(absolute);
  if (size > hashed) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(absolute)) hash.update(chunk as Buffer); // a stream without encoding
    return { file, bytes: size, sha256: hash.digest("hex"), checksum: { name: "path", checksum: path } };
  }
  const bytes = await readFile(absolute);
  // As Python reads a text: with one kind of line end.
  const checksum = sha256(bytes.toString("utf8").replaceAll(/\r\n?/g, "\n").trim());
  return { file, bytes: size, sha256: sha256(bytes), checksum: { name: "sha256", checksum } };
}
