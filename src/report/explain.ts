/** After the run: why each step failed, told with the place, the rows and the next move. */
import { errorTitle } from "../diagnostics/dbt-wording.ts";
import { formatDiagnostic, positionAt } from "../diagnostics/format.ts";
import type { Palette } from "../lib/palette.ts";
import type { HookFinished, RunResult, StepResult } from "../execute/events.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { rowLines } from "./table.ts";
import { count, displayName, grouped } from "./wording.ts";

export interface ExplainOptions {
  readonly palette: Palette;
  /** Cells for tables and lists; messages and SQL are never cut. */
  readonly width: number;
  readonly resourceOf: (id: NodeId) => Resource | undefined;
  /** Off a terminal, errors are told with dbt's words as well, for what reads logs. */
  readonly titles?: boolean;
}

const SAMPLE_ROWS = 10;
/** Longer queries are named, not printed. */
const QUERY_LINES = 12;

/** Blocks of lines, one for each thing to tell: errors, failed tests, skipped nodes by cause, warnings, rejected rows. */
export function explain(result: RunResult, options: ExplainOptions): string[][] {
  const of = (...statuses: StepResult["status"][]) => result.results.filter((r) => statuses.includes(r.status));
  return [
    ...result.hooks.filter((hook) => hook.status === "error").map((hook) => hookBlock(hook, options)),
    ...of("error", "fail").map((r) => failureBlock(r, options)),
    ...skippedBlocks(of("skipped"), options),
    ...of("warn").map((r) => failureBlock(r, options)),
    ...result.results.filter((r) => r.rejected && r.status === "success").map((r) => rejectedBlock(r, options)),
    ...(result.unpublished
      ? [indent(formatDiagnostic(result.unpublished, options.palette)).map((l) => l.slice(2))]
      : []),
  ];
}

/** Errors only, for `--quiet`. */
export function explainErrors(result: RunResult, options: ExplainOptions): string[][] {
  const results = result.results.filter((r) => r.status === "error" || r.status === "fail");
  return explain({ ...result, results }, options);
}

function hookBlock(hook: HookFinished, { palette: c }: ExplainOptions): string[] {
  const lines = [c.red(`Failure in hook ${hook.name}`)];
  if (hook.diagnostic) lines.push(...indent(formatDiagnostic(hook.diagnostic, c)));
  return lines;
}

function failureBlock(result: StepResult, options: ExplainOptions): string[] {
  const { palette: c } = options;
  const resource = options.resourceOf(result.node);
  const warned = result.status === "warn";
  const title = resource ? `${resource.kind} ${resource.name} (${placeOf(resource)})` : result.node;
  const lines = [warned ? c.yellow(`Warning in ${title}`) : c.red(`Failure in ${title}`)];
  if (resource && isTest(resource)) {
    const text = resource.description.trim();
    if (text) lines.push(...indent(text));
    const said = result.diagnostic?.message.includes(result.message ?? "") ?? false;
    if (!said) lines.push(...indent(got(result)));
  } else if (!result.diagnostic) {
    lines.push(...indent(result.message ?? `Status: ${result.status}`));
  }
  if (options.titles && resource && result.diagnostic && result.status === "error")
    lines.push(`  ${errorTitle(result.diagnostic, resource)}`);
  for (const diagnostic of [...(result.diagnostic ? [result.diagnostic] : []), ...(result.further ?? [])])
    lines.push(...indent(formatDiagnostic(diagnostic, c)));
  lines.push(...sampleLines(result, options), ...queryLines(result, options));
  return lines;
}

const isTest = (resource: Resource): boolean => resource.kind === "test" || resource.kind === "unit_test";

const got = (result: StepResult): string =>
  result.message ?? (result.failures === undefined ? `Status: ${result.status}` : failing(result.failures));

const failing = (n: number): string => `${grouped(n)} failing ${n === 1 ? "row" : "rows"}`;

/** `tests/a.sql`, and the line where one file declares many: `models/schema.yml:14`. */
function placeOf(resource: Resource): string {
  const { path } = resource.file;
  return /\.ya?ml$/.test(path) ? `${path}:${positionAt(resource.file, resource.at.start).line}` : path;
}

function sampleLines(result: StepResult, { palette, width }: ExplainOptions): string[] {
  const { sample } = result;
  if (!sample?.rows.length) return [];
  const rows = sample.rows.slice(0, SAMPLE_ROWS);
  const lines = rowLines(sample.columns, rows, width - 4, palette);
  const more = (result.failures ?? sample.rows.length) - rows.length;
  if (more > 0) lines.push(palette.dim(`… ${grouped(more)} more ${more === 1 ? "row" : "rows"}`));
  return ["", ...lines.map((line) => (line ? `    ${line}` : ""))];
}

function queryLines(result: StepResult, { palette: c, resourceOf }: ExplainOptions): string[] {
  if (!result.query) return [];
  const sql = result.query
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "");
  const name = resourceOf(result.node)?.name;
  const how = sql.length <= QUERY_LINES || !name ? sql : [`sluice show --select ${name} --limit -1`];
  return ["", "  To see them all:", ...how.map((line) => `    ${c.cyan(line)}`)];
}

/** Rows that a load kept out. They stand beside the table, with file, line and reason. */
function rejectedBlock({ node, rejected = 0 }: StepResult, { palette: c, resourceOf }: ExplainOptions): string[] {
  const resource = resourceOf(node);
  const table = resource ? displayName(resource) : node;
  return [
    c.yellow(`${grouped(rejected)} ${rejected === 1 ? "row" : "rows"} kept out of ${table}`),
    "  To see them, with file, line and reason:",
    `    ${c.cyan(`select * from ${table}__rejected`)}`,
  ];
}

/** Skipped nodes under the one that failed, so that one cause reads as one thing. */
function skippedBlocks(skipped: readonly StepResult[], options: ExplainOptions): string[][] {
  const groups = new Map<NodeId | undefined, StepResult[]>();
  for (const result of skipped) {
    const group = groups.get(result.because);
    if (group) group.push(result);
    else groups.set(result.because, [result]);
  }
  const { palette: c, resourceOf, width } = options;
  return [...groups].map(([because, results]) => {
    const cause = because === undefined ? undefined : resourceOf(because);
    const why = cause
      ? ` because of ${cause.kind} ${cause.name}`
      : because
        ? ` because of ${because}`
        : reasonOf(results);
    const names = results.map((r) => {
      const resource = resourceOf(r.node);
      return resource ? displayName(resource) : r.node;
    });
    return [
      c.yellow(`Skipped ${count(results.length, "node")}${why}`),
      ...wrapped(names, width - 2).map((l) => `  ${l}`),
    ];
  });
}

const reasonOf = (results: readonly StepResult[]): string => {
  const message = results.find((r) => r.message)?.message;
  return message ? `: ${message}` : "";
};

/** A list in lines of at most `width` cells; more than a handful of lines become a number. */
function wrapped(names: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [i, name] of names.entries()) {
    const piece = i < names.length - 1 ? `${name},` : name;
    if (line && line.length + 1 + piece.length > width) {
      if (lines.length === 5) return [...lines, `… and ${names.length - i + line.split(" ").length} more`];
      lines.push(line);
      line = piece;
    } else line = line ? `${line} ${piece}` : piece;
  }
  if (line) lines.push(line);
  return lines;
}

const indent = (text: string): string[] => text.split("\n").map((line) => (line ? `  ${line}` : ""));
