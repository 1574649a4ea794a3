/** `on_configuration_change` of materialized views: whether their indexes may become others. */
import { error, Failure, warning, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { listIndexes, type PresentIndex } from "../postgres/catalog.ts";
import { quote, quoteIdent, type RelationName } from "../postgres/relation.ts";
import { ask, find } from "./ask.ts";
import { type IndexConfig, readMaterializedViewConfig } from "./config.ts";
import { isSame } from "./indexes.ts";
import type { BuildInput, Statements } from "./materialization.ts";

export interface Heeded {
  /** To be built so: with the indexes that are there, where they are to stay. */
  readonly input: BuildInput;
  /** A materialized view stands there, and may become another one. */
  readonly replaces: boolean;
  readonly warnings: readonly Diagnostic[];
}

/** Of one that is to take the place of `standing`. Throws `Failure` where a change is refused. */
export function* heedConfigurationChange(input: BuildInput, standing: RelationName): Statements<Heeded> {
  const { node } = input;
  const old = yield* find(standing);
  if (old?.kind !== "materialized_view") return { input, replaces: false, warnings: [] };
  const config = readMaterializedViewConfig(node);
  const { indexes, onConfigurationChange: on } = config;
  if (input.fullRefresh || on === "apply") return { input, replaces: true, warnings: [] };
  const present = yield* ask<PresentIndex>("list indexes", listIndexes(standing));
  const isThere = (index: IndexConfig): boolean => present.some((one) => isSame(one, index));
  if (indexes.every(isThere)) return { input, replaces: false, warnings: [] };
  if (on === "fail") throw new Failure(refusedChange(node, standing));
  const others = present.filter((one) => !one.partial && !indexes.some((index) => isSame(one, index)));
  const kept = [
    ...indexes.filter(isThere),
    ...others.map(({ partial: _partial, identifies: _identifies, ...index }) => index),
  ];
  return {
    input: { ...input, node: withIndexes(node, kept) },
    replaces: false,
    warnings: [warning("configuration-change", identified("continue", node, standing), node.at)],
  };
}

const identified = (on: string, { database }: BuildInput["node"], standing: RelationName): string =>
  `Configuration changes were identified and \`on_configuration_change\` was set to \`${on}\` for \`${quoteIdent(database)}.${quote(standing)}\``;

export const refusedChange = (node: BuildInput["node"], standing: RelationName): Diagnostic =>
  error("definition-changed", identified("fail", node, standing), node.at, [
    "set it to apply, or build with --full-refresh",
  ]);

/** The same node with other indexes. */
function withIndexes<N extends BuildInput["node"]>(node: N, indexes: readonly IndexConfig[]): N {
  return { ...node, config: { ...node.config, all: { ...node.config.all, indexes: indexes as never } } };
}
