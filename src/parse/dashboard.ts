/** Dashboards as code: what stands under `meta.panels` of an exposure, as types. `docs/dashboards.md` is its reference. */

/** An exposure of type dashboard that says what it shows. */
export interface Dashboard {
  /** The exposure's name: what addresses and ids are made of. */
  readonly name: string;
  /** The exposure's label, else its name in words. */
  readonly title: string;
  /** May hold Markdown. Empty when there is none. */
  readonly description: string;
  /** In the order in which they are shown; at least one. */
  readonly panels: readonly Panel[];
}

export const CHARTS = ["bar", "row", "line", "area", "donut", "number", "table"] as const;
/** `bar` stands upright, `row` lies; `number` shows the first row's measures as figures. */
export type Chart = (typeof CHARTS)[number];

export const FORMATS = ["integer", "decimal", "money", "percent", "compact", "text"] as const;
/**
 * How a measure is written: `integer` 12,876; `decimal` 12,876.5; `money` 12,876.50; `percent` of a share from 0 to 1:
 * 67.1 %; `compact` 12.9K; `text` as it is.
 */
export type NumberFormat = (typeof FORMATS)[number];

/** Of the dashboard's width. */
export const SIZES = { third: 4, half: 6, "two-thirds": 8, full: 12 } as const;
export type PanelSize = keyof typeof SIZES;

export interface Panel {
  /** Unique in its dashboard, letters, digits and `_`; stays when the title changes. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What one row of the data behind the figures is: "transaction", "customer × type". Never empty. */
  readonly grain: string;
  readonly reads: PanelModel | PanelSql;
  readonly chart: Chart;
  /** Columns; the first is the axis, a second one splits the only measure into series. Tables take any number. */
  readonly dimensions: readonly string[];
  /** At least one, except in a table that has dimensions. */
  readonly measures: readonly Measure[];
  readonly orderBy: readonly OrderBy[];
  /** Most rows to show; all when absent. */
  readonly limit?: number;
  readonly size: PanelSize;
}

/** All of a model's (seed's, snapshot's) rows. */
export interface PanelModel {
  readonly model: string;
}

/** A query; `ref('…')` and `source('…', '…')` in it stand for relations, without braces as in `depends_on`. */
export interface PanelSql {
  readonly sql: string;
}

export interface Measure {
  readonly column: string;
  /** The column's name in words, unless given. */
  readonly label: string;
  readonly format: NumberFormat;
}

export interface OrderBy {
  readonly column: string;
  readonly descending: boolean;
}

/** The columns that a panel shows or sorts by, each once. */
export function columnsOf(panel: Panel): string[] {
  const shown = [...panel.dimensions, ...panel.measures.map((measure) => measure.column)];
  return [...new Set([...shown, ...panel.orderBy.map((order) => order.column)])];
}

/** `average_amount` → `Average amount`. */
export function inWords(name: string): string {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
