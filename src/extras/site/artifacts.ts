/** dbt's artifacts, whoever wrote them: the keys that a site reads, all of them optional, since versions differ. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { error, Failure } from "../../index.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonMap = { [key: string]: Json };

export interface Artifacts {
  readonly manifest: JsonMap;
  readonly catalog?: JsonMap;
  readonly runResults?: JsonMap;
  readonly sources?: JsonMap;
  /** What is absent, or could not be read, in sentences. */
  readonly notes: readonly string[];
}

/** Throws `Failure` without a manifest, or with a file that is no JSON. */
export async function readArtifacts(folder: string): Promise<Artifacts> {
  const notes: string[] = [];
  const read = async (name: string, without: string): Promise<JsonMap | undefined> => {
    const found = await readJson(join(folder, name));
    if (!found) notes.push(`${name} is not there: ${without}.`);
    return found;
  };
  const manifest = await readJson(join(folder, "manifest.json"));
  if (!manifest) {
    const notes = ["`sluice docs generate` writes one", "--artifacts DIR names the folder where artifacts lie"];
    throw new Failure(error("site-manifest", `There is no manifest.json in ${folder}.`, undefined, notes));
  }
  const catalog = await read("catalog.json", "columns are those that YAML describes, without types");
  const runResults = await read("run_results.json", "nothing is known of the last run");
  const sources = await readJson(join(folder, "sources.json"));
  return {
    manifest,
    ...(catalog && { catalog }),
    ...(runResults && { runResults }),
    ...(sources && { sources }),
    notes,
  };
}

async function readJson(path: string): Promise<JsonMap | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure(error("site-artifact", `${path} cannot be read: ${(thrown as Error).message}`));
  }
  try {
    return map(JSON.parse(text) as Json);
  } catch (thrown) {
    const notes = ["it may be half written: run the command that writes it again"];
    throw new Failure(error("site-artifact", `${path} is no JSON: ${(thrown as Error).message}`, undefined, notes));
  }
}

/** What is not of the shape asked for is as if it were absent. */
export const map = (value: Json | undefined): JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
export const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
export const texts = (value: Json | undefined): string[] => list(value).filter((item) => typeof item === "string");
export const number = (value: Json | undefined): number | undefined => (typeof value === "number" ? value : undefined);
