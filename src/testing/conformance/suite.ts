/** What a conformance suite is: public projects, run by our CLI against a real server and judged by what dbt leaves. */
import type { Kit } from "./kit.ts";

export interface Case {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped; for people, one line or more. */
  readonly reason?: string;
}

export interface Suite {
  /** As given on the command line: `npm run conformance -- golden`. */
  readonly name: string;
  /** One line: what is run and what is compared. */
  readonly about: string;
  /** Throws `Unavailable` where the suite cannot be had here. Cases are counted as they come. */
  run(kit: Kit): AsyncIterable<Case>;
}

/** The suite, or a part of it, cannot be had on this machine: reported as skipped, with the reason. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

export const passed = (name: string): Case => ({ name, status: "passed" });
export const failed = (name: string, reason: string): Case => ({ name, status: "failed", reason });
export const skipped = (name: string, reason: string): Case => ({ name, status: "skipped", reason });

/** Passed where there is nothing to say against it. */
export const judged = (name: string, reason: string | undefined): Case =>
  reason === undefined ? passed(name) : failed(name, reason);
