/** Sluice as a library: `const sluice = await open(dir)`, then `.select()`, `.plan()`, `.run(plan, { signal, onEvent })`, `.close()`; `rollback(sluice)` and the like. */
export { type CompileRequest, type Earlier, type PlanRequest, type RunRequest, type Sluice } from "./engine.ts";
export { type Effects, open, type OpenOptions } from "./open.ts";
export { clone, describe, freshness, type FreshnessRun, runInline, runOperation } from "./operations.ts";
export { history, idle, publish, restOf, rollback, settle } from "./past.ts";
export type { Compiled } from "./compile/assemble.ts";
export { error, Failure, type Diagnostic, type Note, type SourceFile, type Span } from "./diagnostics/diagnostic.ts";
export { formatDiagnostic } from "./diagnostics/format.ts";
export type { RunEvent, RunResult, StepResult } from "./execute/events.ts";
export type { Graph } from "./graph/graph.ts";
export type { Selection, SelectionArgs } from "./graph/select.ts";
export {
  type Chart,
  columnsOf,
  type Dashboard,
  inWords,
  type Measure,
  type NumberFormat,
  type Panel,
  type PanelSize,
  SIZES,
} from "./parse/dashboard.ts";
export { type DeclaredDashboard, readDashboard } from "./parse/read-dashboard.ts";
export { namesRead } from "./parse/sources.ts";
export type {
  DataTestNode,
  ExposureNode,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  Resource,
  SnapshotNode,
} from "./parse/manifest.ts";
export type { Plan, Reason, Step } from "./plan/plan.ts";
export type { Database, QueryResult, ServerInfo, Session } from "./postgres/database.ts";
export { resourceDictionary } from "./parse/resource-dictionary.ts";
export type { Mapping, Value } from "./project/types.ts";
export { readArguments } from "./project/read.ts";
export { addPackage } from "./deps/add.ts";
export { install } from "./deps/install.ts";
export { projectFlags, projectPackagesPath, projectTargetPath } from "./project/project-flags.ts";
export type { Project } from "./project/types.ts";
export type { Publication } from "./publish/publish.ts";
export type { PastRun } from "./state/history.ts";
