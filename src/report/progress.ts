/** The moving lines of a run on a terminal, as text. Pure: time comes in as seconds. */
import type { StepProgress } from "../execute/events.ts";
import type { Palette } from "../lib/palette.ts";
import { cut, padEnd, textWidth } from "./text-width.ts";
import { grouped, rate } from "./wording.ts";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINS_PER_SECOND = 10;

export const spinner = (seconds: number): string => SPINNER[Math.floor(seconds * SPINS_PER_SECOND) % SPINNER.length]!;

/** `━━━━━━╌╌╌╌`: `share` of `width` cells, at least one cell once something is done, the last only when all is. */
export function bar(share: number, width: number, c: Palette): string {
  const whole = Math.max(0, Math.min(1, share));
  const full = whole === 1 ? width : Math.min(width - 1, Math.ceil(whole * width));
  return c.green("━".repeat(Math.max(0, full))) + c.dim("╌".repeat(Math.max(0, width - full)));
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `4s`, `2m 05s`, `1h 02m`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s}s`;
  return s < 3600
    ? `${Math.floor(s / 60)}m ${two(s % 60)}s`
    : `${Math.floor(s / 3600)}h ${two(Math.floor((s % 3600) / 60))}m`;
}

export interface RunningNode {
  /** `table marts.customer_summary` */
  readonly label: string;
  readonly seconds: number;
  readonly progress?: StepProgress;
}

/** One running node; loads with their bar, rate, rows and remaining time as far as `columns` allow. */
export function runningLine(node: RunningNode, labelWidth: number, columns: number, c: Palette): string {
  const spin = c.cyan(spinner(node.seconds));
  const room = Math.max(8, Math.min(labelWidth, columns - 10));
  const label = padEnd(cut(node.label, room), room);
  if (!node.progress) return `${spin} ${label}  ${c.dim(duration(node.seconds))}`;
  const { bytes, totalBytes, rows, seconds } = node.progress;
  const share = totalBytes > 0 ? bytes / totalBytes : 0;
  const perSecond = seconds > 0 ? bytes / seconds : 0;
  const left = perSecond > 0 && share < 1 ? `${duration((totalBytes - bytes) / perSecond + 0.999)} left` : "";
  // Most telling first: what does not fit is left out from the end.
  const facts = [
    `${String(Math.floor(share * 100)).padStart(3)}%`,
    left,
    perSecond > 0 ? rate(perSecond) : "",
    `${grouped(rows)} rows`,
  ];
  let line = `${spin} ${label}`;
  const space = columns - 1 - textWidth(line);
  const used = facts.reduce((sum, fact) => sum + (fact ? fact.length + 2 : 0), 0);
  const barWidth = Math.min(24, space - used - 2);
  if (barWidth >= 8) line += `  ${bar(share, barWidth, c)}`;
  for (const fact of facts) {
    if (fact && textWidth(line) + 2 + fact.length < columns) line += `  ${fact}`;
  }
  return line;
}

export interface Overall {
  readonly done: number;
  readonly of: number;
  readonly failed: number;
  readonly seconds: number;
}

/** The bar of the whole run: `━━━━╌╌╌  18 of 30  1 failed  4s`. */
export function overallLine({ done, of, failed, seconds }: Overall, columns: number, c: Palette): string {
  const facts = [`${done} of ${of}`, ...(failed ? [`${failed} failed`] : []), duration(seconds)];
  const width = Math.min(40, columns - 1 - facts.join("  ").length - 2);
  const texts = facts.map((fact, i) => (failed && i === 1 ? c.red(fact) : i === facts.length - 1 ? c.dim(fact) : fact));
  return [...(width >= 5 ? [bar(of ? done / of : 0, width, c)] : []), ...texts].join("  ");
}
