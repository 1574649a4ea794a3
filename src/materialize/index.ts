/** The materialisations by name. To add one: a file with a generator, a line here, and the contract suite runs on it. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Node } from "../parse/manifest.ts";
import type { Materialization } from "./materialization.ts";
import { incremental } from "./incremental.ts";
import { materializedView } from "./materialized-view.ts";
import { seed } from "./seed.ts";
import { snapshot } from "./snapshot.ts";
import { table } from "./table.ts";
import { view } from "./view.ts";

export const materializations: Readonly<Record<string, Materialization>> = {
  view,
  table,
  incremental,
  materialized_view: materializedView,
  seed,
  snapshot,
};

/** Not a generator: its SQL is injected into what reads it. */
const INLINED = "ephemeral";

const MODELS = Object.keys(materializations).filter((name) => name !== "seed" && name !== "snapshot");

/** For models: a diagnostic when nothing of that name exists, neither here nor as a block of the project. */
export function materializationProblem(node: Pick<Node, "kind" | "name" | "config" | "at">): Diagnostic | undefined {
  const wanted = node.config.materialized;
  if (node.kind !== "model" || wanted === INLINED || MODELS.includes(wanted)) return undefined;
  const known = [...MODELS, INLINED];
  return error(
    "materialization-unknown",
    `"${node.name}" is materialized as "${wanted}", which Sluice does not know.`,
    node.at,
    [...didYouMean(wanted, known), `known: ${known.join(", ")}`],
  );
}
