/** Which steps may start: bookkeeping over the plan's steps, without a clock or a database. */
import type { NodeId } from "../parse/manifest.ts";
import type { Step } from "../plan/plan.ts";

export interface Skipped {
  readonly step: Step;
  /** The step whose failure it is skipped for. */
  readonly because: NodeId;
}

export class ReadyQueue {
  readonly #steps: readonly Step[];
  readonly #place: ReadonlyMap<NodeId, number>;
  /** Steps that wait for each step. */
  readonly #children = new Map<NodeId, Step[]>();
  /** For steps that wait: how many of their parents have not passed yet. */
  readonly #open = new Map<NodeId, number>();
  /** Places of steps that may start, ascending: the plan's order is kept among them. */
  readonly #ready: number[] = [];
  readonly #skipped = new Set<NodeId>();

  /** `after` may only name steps of the plan. */
  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#place = new Map(steps.map((step, place) => [step.node, place]));
    for (const [place, step] of steps.entries()) {
      const parents = new Set(step.after);
      if (parents.size === 0) this.#ready.push(place);
      else this.#open.set(step.node, parents.size);
      for (const parent of parents) {
        const siblings = this.#children.get(parent);
        if (siblings) siblings.push(step);
        else this.#children.set(parent, [step]);
      }
    }
  }

  /** Steps that may start now. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Takes a step that may start: the first of the plan, or the one that `pick` chooses by its index. */
  take(pick: (ready: readonly Step[]) => number = () => 0): Step {
    const index = this.#ready.length > 1 ? pick(this.#ready.map((place) => this.#steps[place]!)) : 0;
    const [place] = this.#ready.splice(index, 1);
    if (place === undefined) throw new Error("Internal error: no step is ready");
    return this.#steps[place]!;
  }

  /** What waited for this step only may start now. */
  passed(step: Step): void {
    for (const child of this.#children.get(step.node) ?? []) {
      const open = this.#open.get(child.node)! - 1;
      this.#open.set(child.node, open);
      if (open === 0 && !this.#skipped.has(child.node)) this.#makeReady(this.#place.get(child.node)!);
    }
  }

  /** Exactly the descendants of this step, as far as no other failure took them before, in the plan's order. */
  failed(step: Step): Skipped[] {
    const lost: Step[] = [];
    for (let from: Step | undefined = step, next = 0; from; from = lost[next++]) {
      for (const child of this.#children.get(from.node) ?? []) {
        if (this.#skipped.has(child.node)) continue;
        this.#skipped.add(child.node);
        lost.push(child);
      }
    }
    lost.sort((a, b) => this.#place.get(a.node)! - this.#place.get(b.node)!);
    return lost.map((child) => ({ step: child, because: step.node }));
  }

  #makeReady(place: number): void {
    let at = this.#ready.length;
    while (at > 0 && this.#ready[at - 1]! > place) at--;
    this.#ready.splice(at, 0, place);
  }
}
