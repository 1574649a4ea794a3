/** Groups and access: who may read whose models. */
import { type Diagnostic, error } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Package } from "../project/types.ts";
import { callSpan } from "./link.ts";
import type { ModelNode, NodeId, Resource } from "./manifest.ts";

const LEVELS = ["private", "protected", "public"];

/** `resources`: enabled and linked. */
export function accessProblems(resources: ReadonlyMap<NodeId, Resource>, packages: readonly Package[]): Diagnostic[] {
  const groups = new Set(packages.flatMap(({ properties }) => properties.groups.map(({ name }) => name)));
  const restricted = new Set(packages.filter(({ config }) => config.restrictAccess).map(({ name }) => name));
  return [...resources.values()].flatMap((resource) => [
    ...groupProblems(resource, groups),
    ...(resource.kind === "model" ? levelProblems(resource) : []),
    ...readingProblems(resource, resources, restricted),
  ]);
}

const groupOf = (resource: Resource): unknown => resource.config.all["group"] ?? undefined;
const levelOf = (model: ModelNode): unknown => model.config.all["access"] ?? "protected";

function groupProblems(resource: Resource, groups: ReadonlySet<string>): Diagnostic[] {
  const group = groupOf(resource);
  if (group === undefined || groups.has(String(group))) return [];
  const notes = didYouMean(String(group), groups);
  const known = groups.size > 0 ? `groups: ${[...groups].toSorted().join(", ")}` : "declare it under  groups:";
  const message = `Invalid group: "${resource.name}" belongs to "${String(group)}", which no  groups:  declares.`;
  return [error("group-not-found", message, resource.at, notes.length > 0 ? notes : [known])];
}

function levelProblems(model: ModelNode): Diagnostic[] {
  const level = levelOf(model);
  if (!LEVELS.includes(String(level))) {
    const notes = didYouMean(String(level), LEVELS);
    const message = `"${model.name}" has an invalid access: "${String(level)}".`;
    return [error("access-unknown", message, model.at, notes.length > 0 ? notes : [`expected ${LEVELS.join(", ")}`])];
  }
  if (level === "public" && model.config.materialized === "ephemeral") {
    const message = `"${model.name}" is ephemeral and so has no relation that others could read: its access cannot be public.`;
    return [error("access-unknown", message, model.at, ["materialize it as a view or a table"])];
  }
  return [];
}

/** Private models are for their own group; with `restrict-access`, a package's are for itself but for public ones. */
function readingProblems(
  reader: Resource,
  resources: ReadonlyMap<NodeId, Resource>,
  restricted: ReadonlySet<string>,
): Diagnostic[] {
  if (reader.kind === "source") return [];
  return reader.dependsOn.flatMap((id) => {
    const read = resources.get(id);
    if (read?.kind !== "model") return [];
    const level = levelOf(read);
    const group = groupOf(read);
    const foreign = reader.package !== read.package && restricted.has(read.package);
    const isMember = group !== undefined && groupOf(reader) === group;
    if (level === "private" && (!isMember || foreign)) {
      const whose = group === undefined ? "has no group" : `is private to the group "${String(group)}"`;
      return [refused(reader, read, `"${read.name}" is private and ${whose}`)];
    }
    if (level === "protected" && foreign)
      return [refused(reader, read, `"${read.name}" is protected: package "${read.package}" restricts access`)];
    return [];
  });
}

const refused = (reader: Exclude<Resource, { kind: "source" }>, read: ModelNode, why: string): Diagnostic =>
  error(
    "access-denied",
    `"${reader.name}" may not read "${read.name}", which is not allowed because ${why}.`,
    callSpan(reader, "ref", read.name),
    [{ message: "the model is here", at: read.at }, "join its group, or read a public model"],
  );
