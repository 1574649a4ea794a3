/** `package-lock.yml`: which packages were chosen, in dbt's form. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { satisfies } from "semver";
import { writeFileAtomically } from "../lib/write-file.ts";
import type { Spec } from "./specs.ts";

/** One entry: `{package, version, name}`, `{git, revision, subdirectory, name}`, `{local, name}` or `{tarball, name}`. */
export type Locked = Readonly<Record<string, string>>;

export const LOCK_FILE = "package-lock.yml";

/** Undefined where there is no lock, or none that can be understood: then packages are chosen anew. */
export async function readLock(folder: string): Promise<readonly Locked[] | undefined> {
  const text = await readFile(join(folder, LOCK_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value = load(text) as { packages?: unknown };
    const list = Array.isArray(value?.packages) ? (value.packages as Record<string, unknown>[]) : undefined;
    return list?.map((entry) => Object.fromEntries(Object.entries(entry).map(([key, one]) => [key, String(one)])));
  } catch {
    return undefined;
  }
}

/** Whether the lock still answers what the project asks for: dbt's hash of the question is not needed for that. */
export const answers = (lock: readonly Locked[], specs: readonly Spec[]): boolean =>
  specs.every((spec) => lock.some((locked) => answersOne(locked, spec)));

function answersOne(locked: Locked, spec: Spec): boolean {
  switch (spec.kind) {
    case "hub":
      return (
        locked["package"] === spec.package &&
        satisfies(locked["version"] ?? "", spec.versions.join(" "), { includePrerelease: spec.prerelease })
      );
    case "git":
      return (
        locked["git"] === spec.url &&
        (locked["subdirectory"] ?? "") === (spec.subdirectory ?? "") &&
        // A branch moves: only a commit is known to be the one that was asked for.
        (spec.revision === undefined || locked["revision"] === spec.revision)
      );
    case "local":
      return locked["local"] === spec.path;
    case "tarball":
      return locked["tarball"] === spec.url && locked["name"] === spec.name;
  }
}

export async function writeLock(folder: string, packages: readonly Locked[]): Promise<void> {
  const told = packages.map((one) => JSON.stringify(one)).toSorted();
  const sha1_hash = createHash("sha1").update(told.join("\n")).digest("hex");
  await writeFileAtomically(join(folder, LOCK_FILE), dump({ packages, sha1_hash }, { lineWidth: -1 }));
}
