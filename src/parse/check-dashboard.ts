/** Dashboards against the project: what a panel reads exists, stands under `depends_on`, and has the columns it shows. */
import { type Diagnostic, error, type Span } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { isMapping } from "../project/shape.ts";
import type { Mapping } from "../project/types.ts";
import { valueSpan } from "../project/written.ts";
import { columnsOf, type Dashboard, type Panel } from "./dashboard.ts";
import type { Linker } from "./link.ts";
import type { ExposureNode, NodeId, Resource } from "./manifest.ts";
import { callsIn, readCall } from "./sources.ts";

type Target = Extract<Resource, { kind: "model" | "seed" | "snapshot" | "source" }>;

/** `exposure` is linked: its `dependsOn` holds ids. */
export function checkDashboard(exposure: ExposureNode, dashboard: Dashboard, linker: Linker): Diagnostic[] {
  const { panels: written } = exposure.exposure.meta;
  const entries = Array.isArray(written) ? written.filter((entry) => isMapping(entry)) : [];
  return dashboard.panels.flatMap((panel) => {
    const entry = entries.find((one) => one["name"] === panel.name) ?? {};
    const at = (key: string): Span => valueSpan(entry, key) ?? exposure.at;
    return "model" in panel.reads
      ? modelProblems(exposure, panel, panel.reads.model, entry, at, linker)
      : callsIn(panel.reads.sql).flatMap((text) =>
          callProblems(exposure, panel, text, within(at("sql"), text), linker),
        );
  });
}

function modelProblems(
  exposure: ExposureNode,
  panel: Panel,
  name: string,
  entry: Mapping,
  at: (key: string) => Span,
  linker: Linker,
): Diagnostic[] {
  const target = linker.ref({ name }, exposure.package);
  if (!target) return [linker.refNotFound({ name }, at("model"))];
  return [...undeclared(exposure, target, `ref('${name}')`, at("model")), ...columnProblems(panel, target, entry, at)];
}

function callProblems(exposure: ExposureNode, panel: Panel, text: string, at: Span, linker: Linker): Diagnostic[] {
  const call = readCall(text);
  if (!call) {
    const message = `Expected ref('…') or source('…', '…') in the sql of panel "${panel.name}", found "${text}".`;
    return [error("panel-call", message, at)];
  }
  const target = call.kind === "ref" ? linker.ref(call.ref, exposure.package) : linker.source(call.source);
  if (target) return undeclared(exposure, target, text, at);
  return [call.kind === "ref" ? linker.refNotFound(call.ref, at) : linker.sourceNotFound(call.source, at)];
}

/** Lineage ends where people look only if the exposure names what its panels read. */
function undeclared(exposure: ExposureNode, target: Target, call: string, at: Span): Diagnostic[] {
  const depends: readonly NodeId[] = exposure.dependsOn;
  if (depends.includes(target.id)) return [];
  const message = `Exposure "${exposure.name}" does not say that it depends on "${target.name}".`;
  return [error("panel-depends-on", message, at, [`add  - ${call}  to its depends_on`])];
}

function columnProblems(panel: Panel, target: Target, entry: Mapping, at: (key: string) => Span): Diagnostic[] {
  const known = target.columns.map((column) => column.name);
  const unknown = columnsOf(panel).filter((column) => !known.includes(column));
  if (known.length === 0 && unknown.length > 0) {
    const message = `The ${target.kind} "${target.name}" describes no columns, and panel "${panel.name}" shows some.`;
    return [error("panel-column", message, at("model"), ["describe those that are shown, under columns: in its YAML"])];
  }
  return unknown.map((column) => {
    const notes = [
      ...didYouMean(column, known),
      `columns of "${target.name}" are described at its entry in YAML: add it there if the table has it`,
    ];
    const message = `The ${target.kind} "${target.name}" describes no column "${column}".`;
    return error("panel-column", message, columnSpan(entry, column) ?? at("model"), notes);
  });
}

/** Where the panel's YAML names a column. */
function columnSpan(entry: Mapping, column: string): Span | undefined {
  for (const key of ["dimensions", "measures", "order_by"]) {
    const value = entry[key];
    if (value === column) return valueSpan(entry, key);
    if (!Array.isArray(value)) continue;
    for (const [i, item] of value.entries()) {
      if (isMapping(item) && item["column"] === column) return valueSpan(item, "column");
      if (typeof item === "string" && item.split(/\s/)[0] === column) return valueSpan(value, i);
    }
  }
  return undefined;
}

/** A call's own place within a text, where it stands there word for word. */
function within(span: Span, call: string): Span {
  const start = span.file.text.slice(span.start, span.end).indexOf(call);
  return start < 0 ? span : { file: span.file, start: span.start + start, end: span.start + start + call.length };
}
