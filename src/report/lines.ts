/** One line of the log: dotted padding to a column, then brackets; dbt's shape off a terminal, fitted to it on one. */
import type { Palette } from "../lib/palette.ts";
import { cut, cutMiddle, padEnd, textWidth } from "./text-width.ts";
import { paintTone, type Tone } from "./wording.ts";

/** dbt's default `--printer-width`. */
export const PRINTER_WIDTH = 80;

/** Below this a terminal gets fewer words and no clock. */
export const NARROW = 100;
const VERY_NARROW = 60;
/** Room kept for ` [SELECT 195 in 0.05s]`, so that brackets stand in one column. */
const BRACKETS = 25;

export interface NodeLine {
  readonly index?: number;
  readonly of?: number;
  readonly text: string;
  readonly short?: string;
  readonly status: string;
  readonly tone?: Tone;
  /** Seconds; left out for `RUN` and `SKIP`. */
  readonly seconds?: number;
}

export interface Layout {
  readonly palette: Palette;
  /** Cells of the terminal; none off a terminal, where lines may be as long as they need. */
  readonly columns?: number;
  /** Where the brackets start, off a terminal. */
  readonly printerWidth: number;
}

/** `17:26:33`, local time. */
export const clock = (at: Date): string =>
  [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");

/** The clock before a line; narrow terminals keep their room for the line. */
export function stamped(at: Date, text: string, layout: Layout): string {
  if (layout.columns !== undefined && layout.columns < NARROW) return text;
  return text === "" ? "" : `${layout.palette.dim(clock(at))}  ${text}`;
}

export function nodeLine(line: NodeLine, layout: Layout): string {
  const time = line.seconds === undefined ? "" : ` in ${line.seconds.toFixed(2)}s`;
  const c = layout.palette;
  const paint = line.tone ? paintTone(line.tone, c) : c.dim;
  const number = line.index === undefined ? "" : `${line.index} of ${line.of} `;
  const { columns } = layout;
  if (columns === undefined) {
    const before = `${number}${line.text} `;
    return `${loud(before, line.tone, c)}${dots(before, layout.printerWidth, c)} [${paint(line.status)}${time}]`;
  }
  if (columns < VERY_NARROW) {
    const end = line.seconds === undefined ? "" : ` ${line.seconds.toFixed(2)}s`;
    const text = cutMiddle(line.short ?? line.text, Math.max(5, columns - 1 - end.length));
    return cut(text, columns) === text ? `${paintWord(text, line.tone, c)}${c.dim(end)}` : cut(text, columns);
  }
  const narrow = columns < NARROW;
  const stamp = narrow ? 0 : 10;
  const end = ` [${line.status}${time}]`;
  const room = columns - stamp - textWidth(end) - 1;
  const text = cutMiddle(`${number}${narrow ? (line.short ?? line.text) : line.text}`, room);
  const width = Math.min(layout.printerWidth, columns - stamp - BRACKETS, room + 1);
  return `${loud(text, line.tone, c)} ${dots(`${text} `, width, c)} [${paint(line.status)}${time}]`;
}

/** Failures stand out as a whole; everything else stays calm and colours only its brackets. */
const loud = (text: string, tone: Tone | undefined, c: Palette): string => (tone === "bad" ? c.red(text) : text);

function paintWord(text: string, tone: Tone | undefined, c: Palette): string {
  if (!tone) return text;
  const [, word = "", rest = ""] = /^(\S+)(.*)$/s.exec(text) ?? [];
  return paintTone(tone, c)(word) + rest;
}

function dots(before: string, width: number, c: Palette): string {
  const filled = padEnd(before, width, ".").slice(before.length);
  return filled ? c.dim(filled) : "";
}
