/** The materialisations by name. To add one: a file with a generator, a line here, and the contract suite runs on it. */
import { error, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { Node } from "../parse/manifest.ts";
import type { Materialization } from "./materialization.ts";
import { table } from "./table.ts";
import { view } from "./view.ts";

export const materializations: Readonly<Record<string, Materialization>> = { table, view };

/** Not a generator: its SQL is injected into what reads it. */
const INLINED = "ephemeral";

/** For models: a diagnostic when nothing of that name exists. */
export function materializationProblem(node: Pick<Node, "name" | "config" | "at">): Diagnostic | undefined {
  const wanted = node.config.materialized;
  if (wanted === INLINED || Object.hasOwn(materializations, wanted)) return undefined;
  const known = [...Object.keys(materializations), INLINED];
  return error(
    "materialization-unknown",
    `"${node.name}" is materialized as "${wanted}", which Sluice does not know.`,
    node.at,
    [...didYouMean(wanted, known), `known: ${known.join(", ")}`],
  );
}
