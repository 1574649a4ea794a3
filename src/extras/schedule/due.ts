/** What is due: pure, so that clocks that jump can be tested. */

export interface Due {
  /** To run now, by the time it was due. */
  readonly run?: Date;
  /** Firings that nobody was there for. */
  readonly missed?: { readonly first: Date; readonly last: Date; readonly times: number };
  /** The next time after now; undefined when there is none. */
  readonly next: Date | undefined;
}

interface Rules {
  nextAfter(from: Date): Date | undefined;
  /** Whether the last of what was missed is made up for. */
  readonly catchUp: boolean;
}

/** A firing may start this much later than it was due, in milliseconds; beyond, it was missed. */
export const GRACE = 60_000;

/** More are not counted one by one. */
const MOST = 100_000;

/** `since` is the first firing that was not yet dealt with. */
export function whatIsDue(rules: Rules, since: Date, now: Date): Due {
  let first: Date | undefined;
  let beforeLast: Date | undefined;
  let last: Date | undefined;
  let times = 0;
  let next: Date | undefined = since;
  while (next && next <= now && times < MOST) {
    first ??= next;
    beforeLast = last;
    last = next;
    times++;
    next = rules.nextAfter(next);
  }
  if (times === MOST) next = rules.nextAfter(now);
  if (!first || !last) return { next };
  const isLate = now.getTime() - last.getTime() > GRACE;
  if (isLate && !rules.catchUp) return { missed: { first, last, times }, next };
  return { run: last, ...(beforeLast && { missed: { first, last: beforeLast, times: times - 1 } }), next };
}
