/**
 * When to rebuild: edits come in bursts (an editor writes, renames, formats; git changes a hundred files at once), and come
 * while a build runs.
 *
 *             edit                     quiet
 *   idle ────────────▶ settling ────────────────▶ building ───┐
 *    ▲                 ▲  │  ▲                     │   │      │ edit
 *    │                 └──┘  │         done        │   ▼      ▼
 *    │                 edit  └─────────────────────│── dirty ◀┘
 *    └─────────────────────────────────────────────┘
 *                          done
 */
import { unreachable } from "../../lib/unreachable.ts";

export type State = "idle" | "settling" | "building" | "dirty";
export type Event = "edit" | "quiet" | "done";
/** `wait`: start the clock (anew) that ends in `quiet`. `build`: build, and say `done`. */
export type Effect = "wait" | "build" | undefined;

export function transition(state: State, event: Event): readonly [State, Effect] {
  switch (state) {
    case "idle":
      return event === "edit" ? ["settling", "wait"] : ["idle", undefined];
    case "settling":
      return event === "edit"
        ? ["settling", "wait"]
        : event === "quiet"
          ? ["building", "build"]
          : ["settling", undefined];
    case "building":
      return event === "edit" ? ["dirty", undefined] : event === "done" ? ["idle", undefined] : ["building", undefined];
    case "dirty":
      return event === "done" ? ["settling", "wait"] : ["dirty", undefined];
    default:
      return unreachable(state);
  }
}
