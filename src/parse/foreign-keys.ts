/** What the foreign keys of a contract refer to: `to: ref('x')` or `to: source('s', 't')`, at a column or at the model. */
import type { NodeFace } from "../context/context.ts";
import type { RefCall, SourceCall } from "../context/phase.ts";
import { error } from "../diagnostics/diagnostic.ts";
import type { RelationName } from "../postgres/relation.ts";
import type { ColumnProperties, ConstraintProperties } from "../project/types.ts";
import type { Linker } from "./link.ts";
import type { NodeId } from "./manifest.ts";
import { capture, type ParseState } from "./state.ts";

/** One foreign key's call. */
export interface KeyCall {
  /** As it is written. */
  readonly to: string;
  readonly ref?: RefCall;
  readonly source?: SourceCall;
}

export interface KeyTarget {
  readonly id: NodeId;
  readonly relation: RelationName & { readonly database: string };
}

interface Constrained {
  readonly name: string;
  readonly columns: readonly Pick<ColumnProperties, "constraints">[];
  readonly constraints: readonly ConstraintProperties[];
}

const CALL = /^\s*(ref|source)\s*\(.*\)\s*$/s;

/** In dbt's order: the model's, then the columns'. What is no call is reported at its place. */
export function keyCalls(state: ParseState, node: Constrained, face: NodeFace): KeyCall[] {
  const all = [...node.constraints, ...node.columns.flatMap((column) => column.constraints)];
  return all.flatMap(({ type, to, at }): KeyCall[] => {
    if (type !== "foreign_key" || to === undefined) return [];
    if (!CALL.test(to)) {
      state.diagnostics.push(
        error("constraint-to", `A foreign key of "${node.name}" refers to something else than a node: ${to}`, at, [
          "expected  to: ref('…')  or  to: source('…', '…')",
          "SQL of your own goes into  expression:  for example  other_schema.other (id)",
        ]),
      );
      return [];
    }
    const text = `{{ ${to} }}`;
    const { refs, sources } = capture(state, { ...at.file, text }, text, 0, face, at);
    return [
      ...refs.map((ref) => ({ to, ref: { ...ref, at } })),
      ...sources.map((source) => ({ to, source: { ...source, at } })),
    ];
  });
}

/** Which relations these are, by `to`; what is missing is reported where the node's other calls are linked. */
export function keyTargets(linker: Linker, calls: readonly KeyCall[], from: string): ReadonlyMap<string, KeyTarget> {
  const targets = new Map<string, KeyTarget>();
  for (const { to, ref, source } of calls) {
    const target = ref ? linker.ref(ref, from) : source && linker.source(source);
    if (!target) continue;
    const { database, schema } = target;
    const identifier = target.kind === "source" ? target.identifier : target.alias;
    targets.set(to, { id: target.id, relation: { database, schema, identifier } });
  }
  return targets;
}
