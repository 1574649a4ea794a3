/** One request of a push, and how it is told. */
import type { Request } from "./http.ts";

export interface Change {
  readonly verb: "create" | "update" | "archive";
  /** `question "Top customers by amount"`. */
  readonly what: string;
  /** What differs, in words; of something new, nothing. */
  readonly differs: readonly string[];
  /** Under which the id of what is made is known to later changes. */
  readonly makes?: string;
  request(ids: Ids): Request;
}

/** Ids of what is there and of what was made: `database`, `collection`, and the keys of cards and dashboards. */
export type Ids = (key: string) => number;
