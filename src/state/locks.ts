/** Advisory locks of ours: the first of their two integers. */

/** The lock that a run holds while its publication is being built; the server frees it when the run dies. */
export const ALIVE = 1_936_486_516;

/** Of what a run reads and writes; see `execute/run-lock.ts`. */
export const BUCKET = 1_936_486_515;

export const RUN_LOCKS: readonly number[] = [ALIVE, BUCKET];
