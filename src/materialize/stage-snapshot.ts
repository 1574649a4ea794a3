import { analyze, dropTemporary } from "../postgres/sql/relation.ts";
import { afterVersions, applyStaged, stageVersions, undoStaged } from "../postgres/sql/snapshot.ts";
import { describeQuery } from "../postgres/sql/table.ts";
import { createView } from "../postgres/sql/view.ts";
import { run } from "./ask.ts";
import { readSnapshotConfig } from "./config.ts";
import type { BuildInput, Delta, DeltaSite, Refusal, Statements } from "./materialization.ts";
import { isLongerText } from "./schema-change.ts";
import { compareVersions, shapeOf } from "./snapshot.ts";

/** The versions that end and begin, kept apart from the table until they are published. */
export function* stageSnapshot(input: BuildInput, site: DeltaSite): Statements<Delta | Refusal> {
  const config = readSnapshotConfig(input.node);
  const { target } = input;
  const { fields } = yield* run("describe query", describeQuery(input.sql));
  const query = fields.map((field) => field.name);
  const shape = shapeOf(input, config, query);
  const { source, update, table, changes } = yield* compareVersions(input, config, shape, query);
  if (changes.added.length || changes.retyped.some(({ from, to }) => isLongerText(from.type, to.type))) {
    yield* run("drop", dropTemporary(source));
    return { refused: "its columns have changed" };
  }
  const staged = { ended: site.table("ended"), begun: site.table("begun") };
  const [ended, begun] = stageVersions(target, source, update, staged);
  const closed = yield* run("versions that end", ended!);
  const opened = yield* run("versions that begin", begun!, { main: true });
  yield* run("analyze", `${analyze(staged.ended)};\n${analyze(staged.begun)}`);
  yield* run("view", createView(site.view, afterVersions(target, staged, update, table)));
  const kept = { ended: site.kept("ended"), begun: site.kept("begun") };
  return {
    tables: Object.values(staged),
    changes: closed.rowCount + opened.rowCount > 0,
    keep: [],
    apply: applyStaged(target, staged, update),
    undo: undoStaged(target, kept, update),
  };
}
