/** `meta.panels` of an exposure → `Dashboard`; every mistake is reported at its place. Names are not looked up here. */
import { type Diagnostic, error, type Span, warning } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { isMapping, Shape } from "../project/shape.ts";
import type { Mapping, Value } from "../project/types.ts";
import { valueSpan } from "../project/written.ts";
import {
  CHARTS,
  type Dashboard,
  FORMATS,
  inWords,
  type Measure,
  type NumberFormat,
  type OrderBy,
  type Panel,
  type PanelSize,
  SIZES,
} from "./dashboard.ts";

export interface DeclaredDashboard {
  readonly name: string;
  readonly label?: string | undefined;
  readonly description: string;
  readonly meta: Mapping;
}

const KEYS = "name title description grain model sql chart dimensions measures format order_by limit size".split(" ");

/**
 * Undefined where the exposure has no panels. Panels with mistakes are left out; `at` is the place of mistakes where the
 * meta has none of its own, as in a manifest that was read back.
 */
export function readDashboard(exposure: DeclaredDashboard, at: Span, problems: Diagnostic[]): Dashboard | undefined {
  const meta = new Shape(exposure.meta, `meta of exposure "${exposure.name}"`, at, problems);
  const written = meta.get("panels");
  if (written === undefined) return undefined;
  // A key of this name may be someone else's: ours says how it is drawn.
  if (!Array.isArray(written) || !written.some((panel) => isMapping(panel) && "chart" in panel)) {
    const notes = ["a panel has a chart: docs/dashboards.md describes the keys"];
    const message = `"panels" of exposure "${exposure.name}" is not read as a dashboard: none has a chart.`;
    problems.push(warning("panels-unread", message, meta.keySpan("panels"), notes));
    return undefined;
  }
  const panels = meta.entries("panels", "panel").flatMap((entry) => readPanel(entry) ?? []);
  for (const [i, { name }] of panels.entries()) {
    if (panels.findIndex((other) => other.name === name) === i) continue;
    const index = written.findLastIndex((panel) => isMapping(panel) && panel["name"] === name);
    const place = valueSpan(written, index) ?? at;
    problems.push(error("panel-twice", `Two panels of exposure "${exposure.name}" are named "${name}".`, place));
  }
  const title = exposure.label ?? inWords(exposure.name);
  return panels.length === 0
    ? undefined
    : { name: exposure.name, title, description: exposure.description.trim(), panels };
}

function readPanel(panel: Shape & { readonly name: string }): Panel | undefined {
  panel.warnUnknown(KEYS);
  const before = panel.problems.length;
  if (!/^[A-Za-z0-9_]+$/.test(panel.name)) {
    const notes = ["the name is part of addresses; title: is free"];
    const message = `The name of a panel is made of letters, digits and "_", but this is "${panel.name}".`;
    panel.problems.push(error("panel-name", message, panel.span("name"), notes));
  }
  const grain = panel.required("grain", "transaction  (what one row behind the figures is)");
  const chart = oneOf(panel, "chart", CHARTS, "bar");
  const size = oneOf(panel, "size", Object.keys(SIZES) as PanelSize[], undefined);
  const model = panel.text("model");
  const sql = panel.text("sql");
  if ((model === undefined) === (sql === undefined)) {
    const [found, at] = model === undefined ? ["neither", panel.at] : ["both", panel.span("sql")];
    const notes = ["model: names one; sql: is a query of ref('…')"];
    panel.problems.push(error("panel-reads", `A panel has either model or sql, but this has ${found}.`, at, notes));
  }
  const dimensions = panel.texts("dimensions");
  const measures = readMeasures(panel, oneOf(panel, "format", FORMATS, undefined) ?? "decimal");
  const orderBy = readOrder(panel);
  const limit = panel.get("limit");
  if (limit !== undefined && !(typeof limit === "number" && Number.isInteger(limit) && limit > 0)) {
    const message = `"limit" of ${panel.what} must be a whole number above 0.`;
    panel.problems.push(error("yaml-shape", message, panel.span("limit")));
  }
  if (panel.problems.slice(before).some((problem) => problem.severity === "error")) return undefined;
  checkShape(panel, chart!, dimensions, measures);
  if (panel.problems.slice(before).some((problem) => problem.severity === "error")) return undefined;
  return {
    name: panel.name,
    title: panel.text("title") ?? inWords(panel.name),
    description: panel.text("description")?.trim() ?? "",
    grain: grain!,
    reads: model === undefined ? { sql: sql!.trim() } : { model },
    chart: chart!,
    dimensions,
    measures,
    orderBy,
    ...(typeof limit === "number" && { limit }),
    size: size ?? (chart === "number" ? "third" : "half"),
  };
}

/** Whether the chart can draw so many dimensions and measures. */
function checkShape(panel: Shape, chart: string, dimensions: readonly string[], measures: readonly Measure[]): void {
  const wrong = (key: string, message: string, note: string): void =>
    void panel.problems.push(error("panel-shape", `${message}: ${panel.what}.`, panel.keySpan(key), [note]));
  if (chart === "table") {
    if (dimensions.length + measures.length === 0)
      wrong("chart", "A table needs columns", "name them under dimensions:");
    return;
  }
  if (measures.length === 0) wrong("chart", `A ${chart} needs a measure`, "add  measures: [column]");
  const most = chart === "number" ? 0 : chart === "donut" ? 1 : 2;
  const least = chart === "number" ? 0 : 1;
  if (dimensions.length > most) {
    wrong("dimensions", `A ${chart} has at most ${most} dimensions`, "a table shows any number of columns");
  } else if (dimensions.length < least) wrong("chart", `A ${chart} needs a dimension`, "add  dimensions: [column]");
  if (chart === "donut" && measures.length > 1) wrong("measures", "A donut shows one measure", "a bar shows several");
  if (dimensions.length === 2 && measures.length > 1) {
    wrong("measures", "With two dimensions there is one measure", "the second dimension already makes the series");
  }
}

/** `- total_amount` or `- {column: total_amount, label: …, format: …}`. */
function readMeasures(panel: Shape, usual: NumberFormat): Measure[] {
  const list = panel.get("measures");
  const all: Value[] = typeof list === "string" ? [list] : panel.list("measures");
  return all.flatMap((item, i) => {
    if (typeof item === "string") return [{ column: item, label: inWords(item), format: usual }];
    const at = valueSpan(all, i) ?? panel.span("measures");
    if (!isMapping(item)) {
      const notes = ["write  - total_amount  or  - {column: total_amount, label: Total, format: money}"];
      panel.problems.push(error("panel-measure", `A measure of ${panel.what} is a column.`, at, notes));
      return [];
    }
    const measure = new Shape(item, `measure ${i + 1} of ${panel.what}`, at, panel.problems);
    measure.warnUnknown(["column", "label", "format"]);
    const column = measure.required("column", "total_amount");
    const format = oneOf(measure, "format", FORMATS, undefined) ?? usual;
    return column === undefined ? [] : [{ column, label: measure.text("label") ?? inWords(column), format }];
  });
}

/** `total_amount`, `total_amount desc`. */
function readOrder(panel: Shape): OrderBy[] {
  return panel.texts("order_by").flatMap((text, i) => {
    const order = /^(\w+)(?:\s+(asc|desc))?$/i.exec(text.trim());
    if (order) return [{ column: order[1]!, descending: order[2]?.toLowerCase() === "desc" }];
    const at = valueSpan(panel.get("order_by") as object, i) ?? panel.span("order_by");
    const message = `Expected a column, or a column and desc, found "${text}".`;
    panel.problems.push(error("panel-order", message, at, ["write  order_by: [total_amount desc]"]));
    return [];
  });
}

/** One of the words; undefined, and reported, when it is another. With an `example` it must be there. */
function oneOf<Word extends string>(
  shape: Shape,
  key: string,
  words: readonly Word[],
  example: Word | undefined,
): Word | undefined {
  const written = example === undefined ? shape.text(key) : shape.required(key, example);
  const word = words.find((one) => one === written);
  if (word === undefined && written !== undefined) {
    const notes = [...didYouMean(written, words), `expected one of ${words.join(", ")}`];
    shape.problems.push(error("panel-word", `"${written}" is no ${key} of a panel.`, shape.span(key), notes));
  }
  return word;
}
