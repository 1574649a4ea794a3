/** One rebuild: the project is read again, what changed is built, what fails is remembered. */
import type { Diagnostic, NodeId, RunEvent, RunResult, Sluice } from "../../index.ts";
import { Failure } from "../../diagnostics/diagnostic.ts";
import { changedSince, signatures, type Signatures, sourcesOf, toBuild } from "./touched.ts";

export interface RebuildOptions {
  /** Reads the project again. */
  open(): Promise<Sluice>;
  readonly downstream: boolean;
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
  onDiagnostics(list: readonly Diagnostic[]): void;
  /** After a run, while the project is open. */
  onResult(result: RunResult, sluice: Sluice): Promise<void>;
  say(text: string): void;
}

export class Rebuilder {
  readonly #options: RebuildOptions;
  #known: Signatures;
  /** What failed is built again when it or something above it changes, and not before. */
  readonly #failed = new Set<NodeId>();

  constructor(options: RebuildOptions, sluice: Sluice) {
    this.#options = options;
    this.#known = signatures(sluice);
  }

  /** Never throws for mistakes of the user. */
  async rebuild(paths: readonly string[]): Promise<void> {
    let sluice: Sluice | undefined;
    try {
      sluice = await this.#options.open();
      await this.#build(sluice, paths);
    } catch (thrown) {
      if (this.#options.signal.aborted) return;
      if (!(thrown instanceof Failure)) throw thrown;
      this.#options.onDiagnostics(thrown.diagnostics);
    } finally {
      await sluice?.close();
    }
  }

  async #build(sluice: Sluice, paths: readonly string[]): Promise<void> {
    const { downstream, signal, onEvent, onDiagnostics, onResult, say } = this.#options;
    if (sluice.diagnostics.length > 0) onDiagnostics(sluice.diagnostics);
    // What was known stays: when the mistake is gone, the difference to the last good state is built.
    if (!sluice.ok) return say("Waiting for the mistakes to be corrected.");
    const { graph } = sluice;
    const now = signatures(sluice);
    const touched = changedSince(this.#known, now);
    for (const id of sourcesOf(graph, paths)) touched.add(id);
    for (const id of this.#failed) if (!graph.has(id)) this.#failed.delete(id);
    const selection = toBuild(graph, { touched, failed: this.#failed, downstream });
    if (selection.size === 0) {
      this.#known = now;
      return say(`Nothing to build for ${some(paths)}.`);
    }
    const plan = await sluice.plan({ selection, testsGate: true }, signal);
    const result = await sluice.run(plan, { signal, onEvent });
    this.#known = now;
    for (const { node, status } of result.results) {
      const isBad = status === "error" || status === "fail" || status === "skipped";
      if (isBad) this.#failed.add(node);
      else this.#failed.delete(node);
    }
    await onResult(result, sluice);
    const waiting = [...this.#failed].filter((id) => !selection.has(id));
    if (waiting.length > 0) say(`Still failing, and not touched: ${some(waiting)}.`);
  }
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
