/** `--log-format json`: one object per line in the shape of dbt's structured log, with dbt's names and codes. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type {
  HookFinished,
  Message,
  PlanReady,
  RunEvent,
  RunFinished,
  StepFinished,
  StepStarted,
} from "../execute/events.ts";
import { version } from "../lib/package-root.ts";
import { plain } from "../lib/palette.ts";
import { unreachable } from "../lib/unreachable.ts";
import type { NodeId, Resource } from "../parse/manifest.ts";
import { hookInfo, nodeInfo, runResult, type NodeInfo } from "./node-info.ts";
import { diagnosticData, failureLines, resultData, resultLine, type Data, type Line } from "./json-results.ts";
import { nodeLine, PRINTER_WIDTH, type NodeLine } from "./lines.ts";
import type { Reporter } from "./reporter.ts";
import {
  completedLine,
  connectedLine,
  serverVersion,
  count,
  description,
  doneLine,
  finishedLine,
  foundLine,
  hookOf,
  hookWord,
  freshnessOf,
  freshnessOutcome,
  outcome,
  tally,
  publishedLine,
} from "./wording.ts";

export interface JsonOptions {
  readonly quiet: boolean;
  readonly debug: boolean;
  /** What templates print. */
  readonly print: boolean;
  readonly now: () => Date;
  /** Known before anything is run. */
  readonly invocationId?: (() => string | undefined) | undefined;
  /** What the user wants to find in each line. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
  readonly write: (text: string) => void;
}

export class JsonReporter implements Reporter {
  readonly #options: JsonOptions;
  readonly #resources = new Map<NodeId, Resource>();
  readonly #started = new Map<NodeId, Date>();
  #invocation = "";
  #targetName = "";
  #greeted = false;

  constructor(options: JsonOptions) {
    this.#options = options;
  }

  event(event: RunEvent): void {
    switch (event.type) {
      case "plan-ready":
        return this.#planReady(event);
      case "step-started":
        return this.#stepStarted(event);
      case "step-progress": {
        const { file, bytes, totalBytes, rows, seconds, node } = event;
        const data = { unique_id: node, file, bytes, total_bytes: totalBytes, rows, seconds };
        const msg = `${file}: ${rows} rows, ${bytes} of ${totalBytes} bytes`;
        return this.#debug({ name: "LoadProgress", code: "S001", msg, data, at: event.at });
      }
      case "statement-ran": {
        const { node, label, sql, seconds, rowCount } = event;
        this.#debug({
          name: "SQLQuery",
          code: "E016",
          msg: `On ${node}: ${sql}`,
          data: { ...this.#about(node), conn_name: node, sql },
          at: event.at,
        });
        const data = { ...this.#about(node), status: label, elapsed: seconds, rows: rowCount };
        const msg = `SQL status: ${label} in ${seconds.toFixed(3)} seconds`;
        return this.#debug({ name: "SQLQueryStatus", code: "E017", msg, data, at: event.at });
      }
      case "step-finished":
        return this.#stepFinished(event);
      case "hook-started": {
        const { at, index, of } = event;
        const msg = padded({ index, of, text: `START ${hookOf(event)}`, status: "RUN" });
        const data = { node_info: hookInfo(event, "started", at), statement: statementOf(event), index, total: of };
        return this.#print({ name: "LogHookStartLine", code: "Q032", msg, data, at });
      }
      case "hook-finished":
        return this.#hookFinished(event);
      case "freshness-started": {
        const { at, resource, index, of } = event;
        this.#started.set(resource.id, at);
        const description = freshnessOf(resource);
        const msg = padded({ index, of, text: `START ${description}`, status: "RUN" });
        const data = { node_info: this.#info(resource, "started"), description, index, total: of };
        return this.#print({ name: "LogStartLine", code: "Q011", msg, data, at });
      }
      case "freshness-checked": {
        const { at, resource, result, index, of } = event;
        const { word, tone } = freshnessOutcome(result);
        const level = tone === "good" ? "info" : tone === "warn" ? "warn" : "error";
        const text = `${word} ${freshnessOf(resource)}`;
        const msg = padded({ index, of, text, status: word, seconds: result.seconds });
        const data = {
          node_info: this.#info(resource, result.status, at),
          status: result.status,
          index,
          total: of,
          execution_time: result.seconds,
          source_name: resource.source.source,
          table_name: resource.name,
          ...(result.diagnostic ? { diagnostic: diagnosticData(result.diagnostic) } : {}),
        };
        return this.#print({ name: "LogFreshnessResult", code: "Q018", level, msg, data, at });
      }
      case "published": {
        const { id, relations, waited, held } = event.publication;
        const data = { publication: id, relations, seconds_waited: waited, seconds_locked: held };
        return this.#print({
          name: "Published",
          code: "S002",
          msg: publishedLine(event.publication),
          data,
          at: event.at,
        });
      }
      case "message":
        return this.#message(event);
      case "run-finished":
        return this.#runFinished(event);
      default:
        unreachable(event);
    }
  }

  diagnostics(list: readonly Diagnostic[]): void {
    for (const d of list) {
      const data = { exc: d.message, msg: d.message, diagnostic: diagnosticData(d) };
      if (d.severity === "error")
        this.#print({ name: "MainEncounteredError", code: "Z002", level: "error", msg: d.message, data });
      else this.#print({ name: "Note", code: "Z050", level: "warn", msg: d.message, data });
    }
  }

  line(text: string): void {
    this.#greet();
    this.#write({ name: "PrintEvent", code: "Z052", msg: text, data: { msg: text } });
  }

  notice(text: string): void {
    this.#print({ name: "Note", code: "Z050", msg: text, data: { msg: text } });
  }

  close(): void {}

  #planReady({ at, plan, resources, targetName, threads, server }: PlanReady): void {
    this.#invocation = plan.id;
    this.#targetName = targetName;
    for (const resource of resources) this.#resources.set(resource.id, resource);
    const found = foundLine(resources);
    this.#print({
      name: "FoundStats",
      code: "W006",
      msg: found,
      data: { stat_line: found.replace(/^Found /, "") },
      at,
    });
    const { host, port, database, version: number } = server;
    const connected = { adapter_name: "postgres", adapter_version: serverVersion(number), host, port, database };
    this.#print({ name: "AdapterRegistered", code: "E034", msg: connectedLine(server), data: connected, at });
    const nodes = plan.steps.filter((step) => step.action !== "none").length;
    const msg = `Concurrency: ${count(threads, "thread")} (target='${targetName}')`;
    const data = { num_threads: threads, target_name: targetName, node_count: nodes };
    this.#print({ name: "ConcurrencyLine", code: "Q027", msg, data, at });
  }

  #stepStarted({ at, step, resource, index, of, thread }: StepStarted): void {
    this.#resources.set(step.node, resource);
    this.#started.set(step.node, at);
    const node_info = this.#info(resource, "started");
    const what = description(resource);
    this.#print({
      name: "NodeStart",
      code: "Q024",
      level: "debug",
      msg: `Began running node ${step.node}`,
      data: { node_info },
      at,
      thread,
    });
    if (step.action === "no-op") return;
    const msg = padded({ index, of, text: `START ${what}`, status: "RUN" });
    this.#print({
      name: "LogStartLine",
      code: "Q011",
      msg,
      data: { node_info, description: what, index, total: of },
      at,
      thread,
    });
  }

  #stepFinished(event: StepFinished): void {
    const { at, step, resource, result, index, of } = event;
    this.#resources.set(step.node, resource);
    const node_info = this.#info(resource, result.status, at);
    // As dbt: what is skipped was begun.
    if (result.status === "skipped")
      this.#print({
        name: "NodeStart",
        code: "Q024",
        level: "debug",
        msg: `Began running node ${step.node}`,
        data: { node_info: { ...node_info, node_status: "started", node_finished_at: "" } },
        at,
      });
    const { text, status, timed } = outcome(step, resource, result);
    const msg = padded({ index, of, text, status, ...(timed ? { seconds: result.seconds } : {}) });
    const common = { node_info, index, total: of, execution_time: result.seconds };
    const thread = result.thread;
    this.#print({ ...resultLine(event), msg, data: { ...common, ...resultData(event, status) }, at, thread });
    this.#print({
      name: "NodeFinished",
      code: "Q025",
      level: "debug",
      msg: `Finished running node ${step.node}`,
      data: { node_info, run_result: runResult(result) },
      at,
      thread,
    });
  }

  #hookFinished(event: HookFinished): void {
    const { at, startedAt, status, seconds, diagnostic, index, of } = event;
    const word = hookWord(status);
    const msg = padded({ index, of, text: `${word} ${hookOf(event)}`, status: word, seconds });
    const data = {
      node_info: hookInfo(event, status, startedAt, at),
      statement: statementOf(event),
      status,
      index,
      total: of,
      execution_time: seconds,
      ...(diagnostic ? { diagnostic: diagnosticData(diagnostic) } : {}),
    };
    this.#print({
      name: "LogHookEndLine",
      code: "Q033",
      level: status === "error" ? "error" : "info",
      msg,
      data,
      at,
    });
  }

  #message({ at, level, text, node }: Message): void {
    if (level === "print") {
      if (!this.#options.print) return;
      this.#greet();
      return this.#write({ name: "PrintEvent", code: "Z052", msg: text, data: { msg: text }, at });
    }
    const [name, code] = (
      { debug: ["JinjaLogDebug", "I063"], info: ["JinjaLogInfo", "I062"], warn: ["JinjaLogWarning", "I061"] } as const
    )[level];
    const line = { name, code, level, msg: text, data: { msg: text, ...this.#about(node) }, at };
    if (level === "debug") this.#debug(line);
    else this.#print(line);
  }

  #runFinished({ at, result }: RunFinished): void {
    const numbers = tally(result);
    const finished = finishedLine(result, (id) => this.#resources.get(id));
    const stat_line = finished.replace(/^Finished running /, "").replace(/ in \d+ hours .*$/, "");
    const execution = / in \d+ hours .* seconds/.exec(finished)?.[0] ?? "";
    const data = { stat_line, execution, execution_time: result.seconds };
    this.#print({ name: "FinishedRunningStats", code: "E047", msg: finished, data, at });
    const { text } = completedLine(result, numbers);
    const summary = {
      num_errors: numbers.error,
      num_warnings: numbers.warn,
      num_partial_success: 0,
      keyboard_interrupt: result.interrupted,
    };
    this.#print({ name: "EndOfRunSummary", code: "Z030", msg: text, data: summary, at });
    for (const r of result.results) {
      const resource = this.#resources.get(r.node);
      if (resource)
        for (const line of failureLines(r, resource, { node_info: this.#info(resource, r.status, r.finishedAt) }))
          this.#print({ ...line, at });
    }
    const stats = { ...numbers, reused: 0 };
    this.#print({ name: "StatsLine", code: "Z023", msg: doneLine(numbers), data: { stats }, at });
    const { command } = result.plan;
    const words = `Command \`sluice ${command}\` ${result.ok ? "succeeded" : "failed"} at ${at.toISOString().slice(11, 23)}000 after ${result.seconds.toFixed(2)} seconds`;
    this.#print({
      name: "CommandCompleted",
      code: "Q039",
      level: "debug",
      msg: words,
      data: {
        command: `sluice ${command}`,
        success: result.ok,
        completed_at: at.toISOString(),
        elapsed: result.seconds,
      },
      at,
    });
  }

  #info(resource: Resource, status: string, finished?: Date): NodeInfo {
    return nodeInfo(resource, status, this.#started.get(resource.id), finished);
  }

  #about(node: NodeId | undefined): Data {
    const resource = node === undefined ? undefined : this.#resources.get(node);
    return resource ? { node_info: this.#info(resource, "executing") } : {};
  }

  #debug(line: Line): void {
    if (this.#options.debug) this.#print({ ...line, level: "debug" });
  }

  #print(line: Line): void {
    if (this.#options.quiet && line.level !== "error") return;
    this.#greet();
    this.#write(line);
  }

  #greet(): void {
    if (this.#greeted || this.#options.quiet) return;
    this.#greeted = true;
    const v = version();
    this.#write({
      name: "MainReportVersion",
      code: "A001",
      msg: `Running with sluice=${v}`,
      data: { version: `=${v}`, log_version: 3 },
    });
  }

  #write({ name, code, level = "info", msg, data = {}, at, thread }: Line): void {
    const info = {
      category: "",
      code,
      extra: { ...(this.#targetName && { target: this.#targetName }), ...this.#options.extra },
      invocation_id: this.#invocation || (this.#options.invocationId?.() ?? ""),
      level,
      msg,
      name,
      pid: process.pid,
      thread: thread ?? "MainThread",
      ts: (at ?? this.#options.now()).toISOString().replace("Z", "000Z"),
    };
    this.#options.write(`${JSON.stringify({ data, info })}\n`);
  }
}

/** `shop.on-run-end.0` */
const statementOf = (hook: { readonly name: string }): string => hookOf(hook).replace("hook: ", "");

const padded = (line: NodeLine): string => nodeLine(line, { palette: plain, printerWidth: PRINTER_WIDTH });
