/** A panel as a question: which chart, which columns, which formats. */
import type { Chart, Measure, NumberFormat, Panel } from "../../index.ts";

export interface CardLook {
  readonly display: string;
  readonly visualization_settings: Readonly<Record<string, unknown>>;
}

const DISPLAYS: Readonly<Record<Chart, string>> = {
  bar: "bar",
  row: "row",
  line: "line",
  area: "area",
  donut: "pie",
  number: "scalar",
  table: "table",
};

/** A number that stands alone is one figure; several of them are a table of one row. */
const displayOf = ({ chart, measures }: Panel): string =>
  chart === "number" && measures.length > 1 ? "table" : DISPLAYS[chart];

export function cardLook(panel: Panel): CardLook {
  const display = displayOf(panel);
  const { dimensions, measures } = panel;
  const columns = measures.map((measure) => measure.column);
  const settings: Record<string, unknown> = {};
  switch (display) {
    case "pie":
      Object.assign(settings, { "pie.dimension": dimensions[0], "pie.metric": columns[0], "pie.show_legend": true });
      break;
    case "scalar":
      settings["scalar.field"] = columns[0];
      break;
    case "table":
      settings["table.columns"] = [...dimensions, ...columns].map((name) => ({ name, enabled: true }));
      break;
    default:
      Object.assign(settings, {
        "graph.dimensions": dimensions,
        "graph.metrics": columns,
        "graph.show_values": display !== "line" && display !== "area",
        series_settings: Object.fromEntries(measures.map(({ column, label }) => [column, { title: label }])),
      });
  }
  settings["column_settings"] = Object.fromEntries(
    measures.map((measure) => [byName(measure.column), columnLook(measure)]),
  );
  return { display, visualization_settings: settings };
}

/** The keys of `column_settings` are JSON themselves. */
const byName = (column: string): string => JSON.stringify(["name", column]);

function columnLook({ label, format }: Measure): Readonly<Record<string, unknown>> {
  return { column_title: label, ...NUMBERS[format] };
}

const NUMBERS: Readonly<Record<NumberFormat, Readonly<Record<string, unknown>>>> = {
  integer: { number_style: "decimal", decimals: 0 },
  decimal: { number_style: "decimal" },
  money: { number_style: "decimal", decimals: 2 },
  percent: { number_style: "percent", decimals: 1 },
  compact: { number_style: "decimal", compact: true },
  text: {},
};

export interface Place {
  readonly row: number;
  readonly col: number;
  readonly size_x: number;
  readonly size_y: number;
}

/** Metabase's dashboards are 24 columns wide. */
const WIDTH = 24;

const heightOf = (panel: Panel): number => (displayOf(panel) === "scalar" ? 4 : 7);

/** Panels in their order, from left to right, in rows as high as their highest panel. `share` is of 12. */
export function placesOf(panels: readonly (Panel & { readonly share: number })[]): Place[] {
  let row = 0;
  let col = 0;
  let height = 0;
  return panels.map((panel) => {
    const size_x = panel.share * (WIDTH / 12);
    const size_y = heightOf(panel);
    if (col + size_x > WIDTH) {
      row += height;
      col = 0;
      height = 0;
    }
    const place = { row, col, size_x, size_y };
    col += size_x;
    height = Math.max(height, size_y);
    return place;
  });
}
