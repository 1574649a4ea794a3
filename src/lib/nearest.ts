/**
 * Finds what the user may have meant: the nearest names by edit distance, best first. Names that are much further away than
 * the best are no help.
 */
export function nearest(wanted: string, names: Iterable<string>, most = 3): string[] {
  const limit = wanted.length < 4 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  const scored: [number, string][] = [];
  for (const name of new Set(names)) {
    const d = distance(wanted.toLowerCase(), name.toLowerCase(), limit);
    if (d <= limit) scored.push([d, name]);
    else if (isPart(wanted, name) || isPart(name, wanted)) scored.push([limit, name]);
  }
  const best = Math.min(...scored.map(([d]) => d));
  return scored
    .filter(([d]) => d <= best + 1)
    .toSorted((a, b) => a[0] - b[0] || a[1].localeCompare(b[1]))
    .slice(0, most)
    .map(([, name]) => name);
}

const isPart = (short: string, long: string): boolean => short.length > 3 && long.includes(short);

/** `did you mean "a" or "b"?`, or nothing; `before` is what the names are written after. */
export function didYouMean(wanted: string, names: Iterable<string>, before = ""): string[] {
  const found = nearest(wanted, names).map((n) => `"${before}${n}"`);
  return found.length ? [`did you mean ${found.join(" or ")}?`] : [];
}

/** Optimal string alignment distance; gives up with `limit + 1` once it is exceeded. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    if (Math.min(...row) > limit) return limit + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
