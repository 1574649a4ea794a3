/** Points of the table between 0 and the tail, and again inside the tail. */
const POINTS = 8192;
/** The part of the probability that gets a table of its own, because its quantiles are far apart. */
const TAIL = 1 / 1024;
/** Steps of the integration. */
const STEPS = 60_000;

/**
 * The quantile function of a gamma distribution with this mean and shape, cut off at `cap`: from a probability in
 * [0, 1) to a value. Computed once as a table, so that a draw costs one interpolation.
 */
export function gammaQuantile(mean: number, shape: number, cap: number): (probability: number) => number {
  const cumulative = cumulativeGamma(mean / shape, shape, cap);
  const body = quantiles(cumulative, cap, 0, 1 - TAIL);
  const tail = quantiles(cumulative, cap, 1 - TAIL, 1);
  return (probability) =>
    probability < 1 - TAIL
      ? interpolate(body, probability / (1 - TAIL))
      : interpolate(tail, (probability - (1 - TAIL)) / TAIL);
}

function interpolate(table: Float64Array, at: number): number {
  const position = at * POINTS;
  const index = Math.min(Math.floor(position), POINTS - 1);
  const low = table[index]!;
  return low + (table[index + 1]! - low) * (position - index);
}

/** The distribution function on an even grid from 0 to `cap`, by Simpson's rule, scaled to end at 1. */
function cumulativeGamma(scale: number, shape: number, cap: number): Float64Array {
  const width = cap / STEPS;
  // exp and log instead of pow: engines agree on those to the last bit.
  const density = (x: number) => (x === 0 ? 0 : Math.exp((shape - 1) * Math.log(x / scale) - x / scale));
  const cumulative = new Float64Array(STEPS + 1);
  for (let i = 1; i <= STEPS; i++) {
    const to = i * width;
    const area = (density(to - width) + 4 * density(to - width / 2) + density(to)) / 6;
    cumulative[i] = cumulative[i - 1]! + area;
  }
  const total = cumulative[STEPS]!;
  return cumulative.map((value) => value / total);
}

/** `POINTS + 1` quantiles, evenly spaced in probability between `from` and `to`. */
function quantiles(cumulative: Float64Array, cap: number, from: number, to: number): Float64Array {
  const width = cap / STEPS;
  const table = new Float64Array(POINTS + 1);
  let step = 0;
  for (let i = 0; i <= POINTS; i++) {
    const wanted = from + ((to - from) * i) / POINTS;
    while (step < STEPS - 1 && cumulative[step + 1]! < wanted) step++;
    const low = cumulative[step]!;
    const rise = cumulative[step + 1]! - low;
    table[i] = width * (step + (rise > 0 ? Math.min(1, Math.max(0, (wanted - low) / rise)) : 0));
  }
  return table;
}
