/** Models that are past their `deprecation_date`, and those that still read one that has such a date. */
import { type Diagnostic, warning } from "../diagnostics/diagnostic.ts";
import { callSpan } from "./link.ts";
import type { ModelNode, NodeId, Resource } from "./manifest.ts";

/** `resources` are enabled and linked. */
export function deprecations(resources: ReadonlyMap<NodeId, Resource>, now: Date): Diagnostic[] {
  const models = [...resources.values()].filter((one) => one.kind === "model");
  const dated = models.filter((model) => model.deprecationDate !== undefined);
  return dated.flatMap((model) => {
    const isPast = new Date(model.deprecationDate!) < now;
    const day = model.deprecationDate!;
    const readers = models.filter((reader) => reader.dependsOn.includes(model.id));
    const found = readers.map((reader) => reference(reader, model, isPast));
    if (!isPast) return found;
    const message = `Model ${versioned(model)} has passed its deprecation date of ${day}.`;
    const notes = ["disable or remove it, or give it another date"];
    return [warning("model-deprecated", message, model.propertiesAt ?? model.at, notes), ...found];
  });
}

function reference(reader: ModelNode, model: ModelNode, isPast: boolean): Diagnostic {
  const when = isPast ? "was deprecated on" : "is slated for deprecation on";
  const message = `"${reader.name}" reads ${versioned(model)}, which ${when} ${model.deprecationDate}.`;
  const { latestVersion: latest, package: pkg, name } = model;
  const isLatest = latest === undefined || String(latest) === String(model.version);
  const notes = isLatest ? [] : [`there is a newer one:  {{ ref('${pkg}', '${name}', v='${String(latest)}') }}`];
  return warning(isPast ? "ref-deprecated" : "ref-deprecation-upcoming", message, callSpan(reader, "ref", name), notes);
}

const versioned = ({ name, version }: ModelNode): string =>
  version === undefined ? name : `${name}.v${String(version)}`;
