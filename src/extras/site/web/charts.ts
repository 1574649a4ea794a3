/** The charts, a script of its own that only dashboards and histories load. Chart.js draws; this says what. */
import {
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  DoughnutController,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from "chart.js";
import type { Measure } from "../../../index.ts";
import type { SitePanel } from "../data.ts";
import { formatDimensions, formatTick, formatValue } from "./format.ts";
import { colour } from "./theme.ts";

const used = { ArcElement, BarController, BarElement, CategoryScale, DoughnutController, Filler, Legend, LinearScale };
Chart.register(...Object.values(used), LineController, LineElement, PointElement, Tooltip);

export interface Drawing {
  readonly kind: SitePanel["chart"];
  readonly dimensions: readonly string[];
  readonly measures: readonly Measure[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Draws into the canvas; what is returned takes it away again. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): () => void {
  const chart = new Chart(canvas, configuration(drawing));
  return () => chart.destroy();
}

interface Series {
  readonly label: string;
  readonly texts: readonly (string | null)[];
  readonly measure: Measure;
}

const figureAt = (series: Series | undefined, at: number): string =>
  series ? formatValue(series.texts[at] ?? null, series.measure.format) : "";

function configuration(drawing: Drawing): ChartConfiguration {
  const { kind } = drawing;
  const { labels, series } = seriesOf(drawing);
  const ink = colour("ink-2");
  const line = colour("line");
  const round = kind === "donut";
  const lying = kind === "row";
  const { format: tick } = series[0]?.measure ?? { format: "decimal" as const };
  const scale = { ticks: { color: ink, padding: 6 }, border: { display: false } };
  const values = {
    ...scale,
    beginAtZero: kind !== "line",
    grid: { color: line },
    ticks: { ...scale.ticks, maxTicksLimit: 6, callback: (v: string | number) => formatTick(Number(v), tick) },
  };
  const categories = {
    ...scale,
    grid: { display: false },
    ticks: { ...scale.ticks, maxRotation: 0, autoSkipPadding: 14 },
  };
  return {
    type: round ? "doughnut" : kind === "line" || kind === "area" ? "line" : "bar",
    plugins: kind === "bar" || lying ? [figures(series, labels.length)] : [],
    data: { labels, datasets: series.map((one, i) => dataset(one, i, kind, labels.length)) },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      indexAxis: lying ? "y" : "x",
      interaction: round ? { mode: "nearest" } : { mode: "index", axis: lying ? "y" : "x", intersect: false },
      ...(round ? { cutout: "62%" } : { scales: lying ? { x: values, y: categories } : { x: categories, y: values } }),
      layout: { padding: round ? 10 : { top: 18, right: lying ? 64 : 0 } },
      plugins: {
        legend: {
          display: round || series.length > 1,
          position: round ? "right" : "bottom",
          labels: {
            color: ink,
            usePointStyle: true,
            pointStyle: "rectRounded",
            boxWidth: 9,
            boxHeight: 9,
            padding: 16,
            font: { size: 13 },
            ...(round && {
              generateLabels: (chart) =>
                labels.map((label, i) => ({
                  text: `${label}   ${shareText(series[0]!, i)}`,
                  fillStyle: colour(SERIES[i % SERIES.length]!),
                  fontColor: ink,
                  pointStyle: "rectRounded",
                  lineWidth: 0,
                  hidden: !chart.getDataVisibility(i),
                  index: i,
                })),
            }),
          },
        },
        tooltip: {
          backgroundColor: colour("ink"),
          titleColor: colour("card"),
          bodyColor: colour("card"),
          padding: 10,
          cornerRadius: 8,
          boxPadding: 4,
          callbacks: {
            label: (item) => {
              const one = series[item.datasetIndex];
              const share = round ? ` (${shareText(one!, item.dataIndex)})` : "";
              return ` ${one?.label ?? ""}: ${figureAt(one, item.dataIndex)}${share}`;
            },
          },
        },
      },
    },
  };
}

/** The figure itself at the end of each bar, where there is room: nobody should need a mouse to read it. */
function figures(series: readonly Series[], labels: number): Plugin {
  return {
    id: "figures",
    afterDatasetsDraw(chart) {
      if (labels * series.length > 16) return;
      const { ctx, options } = chart;
      const lying = options.indexAxis === "y";
      ctx.save();
      ctx.fillStyle = colour("ink-2");
      ctx.font = `500 11.5px ${Chart.defaults.font.family}`;
      ctx.textAlign = lying ? "left" : "center";
      ctx.textBaseline = lying ? "middle" : "bottom";
      for (const [i, one] of series.entries()) {
        if (!chart.isDatasetVisible(i)) continue;
        for (const [at, bar] of chart.getDatasetMeta(i).data.entries()) {
          const text = one.measure.format === "money" ? shortMoney(one.texts[at]) : figureAt(one, at);
          if (!lying && ctx.measureText(text).width > (bar as BarElement).getProps(["width"]).width + 8) continue;
          ctx.fillText(text, bar.x + (lying ? 6 : 0), bar.y - (lying ? 0 : 4));
        }
      }
      ctx.restore();
    },
  };
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
Chart.defaults.font.size = 12;

const SERIES = ["series-1", "series-2", "series-3", "series-4", "series-5", "series-7", "series-8", "series-6"];

function dataset(
  { label, texts }: Series,
  at: number,
  kind: Drawing["kind"],
  count: number,
): ChartConfiguration["data"]["datasets"][number] {
  const own = colour(SERIES[at % SERIES.length]!);
  const data = texts.map((value) => (value === null ? null : Number(value)));
  if (kind === "donut") {
    const colours = texts.map((_, i) => colour(SERIES[i % SERIES.length]!));
    return { label, data, backgroundColor: colours, borderColor: colour("card"), borderWidth: 2 };
  }
  if (kind === "line" || kind === "area") {
    const [r, g, b] = own.match(/\d+/g) ?? [];
    return {
      label,
      data,
      borderColor: own,
      backgroundColor: kind === "area" ? `rgba(${r}, ${g}, ${b}, 0.16)` : own,
      fill: kind === "area",
      borderWidth: 2,
      pointRadius: count > 40 ? 0 : 2.5,
      pointBackgroundColor: own,
      tension: 0.25,
    };
  }
  return { label, data, backgroundColor: own, borderRadius: 4, maxBarThickness: 56, categoryPercentage: 0.72 };
}

/** With a second dimension, each of its values is a series of the measure; else each measure is one. */
function seriesOf({ dimensions, measures, columns, rows }: Drawing): { labels: string[]; series: Series[] } {
  const column = (name: string): number => columns.indexOf(name);
  const [axis = "", split] = dimensions;
  if (split === undefined) {
    const labels = formatDimensions(rows.map((row) => row[column(axis)] ?? null));
    const series = measures.map((measure) => ({
      label: measure.label,
      measure,
      texts: rows.map((row) => row[column(measure.column)] ?? null),
    }));
    return { labels, series };
  }
  const [measure] = measures;
  const keys = [...new Set(rows.map((row) => row[column(axis)] ?? null))];
  const names = [...new Set(rows.map((row) => row[column(split)] ?? "–"))];
  const cells = new Map(
    rows.map((row) => [`${row[column(axis)]}\0${row[column(split)] ?? "–"}`, row[column(measure!.column)]]),
  );
  const series = names.map((label) => ({
    label,
    measure: measure!,
    texts: keys.map((key) => cells.get(`${key}\0${label}`) ?? null),
  }));
  return { labels: formatDimensions(keys), series };
}

/** Cents are for tables; beside a bar, whole units say enough. */
const shortMoney = (value: string | null | undefined): string =>
  value === null || value === undefined ? "" : formatValue(value, "integer");

function shareText({ texts }: Series, at: number): string {
  const whole = texts.reduce((sum, value) => sum + Number(value ?? 0), 0);
  return whole === 0 ? "–" : formatValue(String(Number(texts[at] ?? 0) / whole), "percent");
}

window.sluice!["charts"] = { draw };
