/** Selection by qualified name: `stg_accounts`, `staging.*`, `bank.marts`, `dim_customer.v2`. */
import type { Resource } from "../parse/manifest.ts";
import { fits } from "./wildcard.ts";

/** Whether the words name the node: its own name, or the start of its qualified name with or without the package. */
export function fqnMatches(resource: Resource, wanted: string): boolean {
  const versioned = isVersioned(resource);
  return matches(resource.fqn, wanted, versioned) || matches(resource.fqn.slice(1), wanted, versioned);
}

/** The parts of qualified names above the node's own, as `bank.staging` and `staging`. */
export function folders(resource: Resource): string[] {
  const above = resource.fqn.slice(1, -1);
  return above.flatMap((folder, i) => [folder, above.slice(0, i + 1).join(".")]);
}

export const isVersioned = (resource: Resource): boolean =>
  resource.kind === "model" && resource.version !== undefined && resource.version !== null;

function matches(fqn: readonly string[], wanted: string, versioned: boolean): boolean {
  // A versioned model's last part is its version, `v2`; the one before is its name.
  const name = fqn.at(versioned ? -2 : -1);
  if (name === undefined) return false;
  const words = wanted.split(".");
  if (name === wanted) return true;
  if (versioned && fqn.slice(-2).join("_") === words.slice(-2).join("_")) return true;

  // A dot within a name separates like the dots between names.
  const parts = fqn.flatMap((part) => part.split("."));
  if (words.length > parts.length) return false;
  const wild = words.findIndex((word) => /[*?[\]]/.test(word));
  const plain = wild < 0 ? words : words.slice(0, wild);
  if (!plain.every((word, i) => word === parts[i])) return false;
  if (wild < 0) return true;
  // From the first wildcard on, the words must cover all the rest; a lone word may also mean just the name.
  if (fits(parts.slice(wild).join("."), words.slice(wild).join("."))) return true;
  return words.length === 1 && fits(name, wanted);
}
