/** Finds what the user may have meant: the nearest names by edit distance, best first. */
export function nearest(wanted: string, names: Iterable<string>, most = 3): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const scored: [number, string][] = [];
  for (const name of new Set(names)) {
    const d = distance(wanted.toLowerCase(), name.toLowerCase(), limit);
    if (d <= limit) scored.push([d, name]);
    else if (wanted.length > 3 && (name.includes(wanted) || wanted.includes(name))) scored.push([limit, name]);
  }
  return scored
    .toSorted((a, b) => a[0] - b[0] || a[1].localeCompare(b[1]))
    .slice(0, most)
    .map(([, name]) => name);
}

/** `did you mean "a" or "b"?`, or nothing. */
export function didYouMean(wanted: string, names: Iterable<string>): string[] {
  const found = nearest(wanted, names).map((n) => `"${n}"`);
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
