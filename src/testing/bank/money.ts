/** Amounts are bigint cents, so that nothing is ever rounded unless a figure says so. */
export type Cents = bigint;

/** `12.5` → 1250n; undefined for anything that is not a plain decimal with at most two places. */
export function parseCents(text: string): Cents | undefined {
  const match = /^([+-]?)(\d{1,16})(?:\.(\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole, part = ""] = match;
  const cents = BigInt(`${whole}${part.padEnd(2, "0")}`);
  return sign === "-" ? -cents : cents;
}

/** 1250n → `12.50`, as Postgres writes a numeric(18,2). */
export const writeCents = (cents: Cents): string => writeDecimal(cents, 2);

/** An integer of `places` decimals as text: (-5n, 2) → `-0.05`. */
export function writeDecimal(value: bigint, places: number): string {
  const digits = String(value < 0n ? -value : value).padStart(places + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Division rounded to a whole number, halves away from zero; `below` must be positive. */
export function divide(above: bigint, below: bigint): bigint {
  const size = above < 0n ? -above : above;
  const rounded = (2n * size + below) / (2n * below);
  return above < 0n ? -rounded : rounded;
}

export const sum = (amounts: Iterable<Cents>): Cents => {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
};

/** The mean, to the cent. */
export const mean = (amounts: readonly Cents[]): Cents => divide(sum(amounts), BigInt(amounts.length));

/**
 * The amount below which `quarters` quarters of the rows lie, to the cent; between two rows, in proportion (what SQL
 * calls percentile_cont). `sorted` is in ascending order and not empty.
 */
export function quartile(sorted: readonly Cents[], quarters: 1 | 2 | 3): Cents {
  const position = quarters * (sorted.length - 1);
  const index = Math.floor(position / 4);
  const low = sorted[index]!;
  const high = sorted[index + 1] ?? low;
  return divide(low * 4n + (high - low) * BigInt(position % 4), 4n);
}

export const ascending = (amounts: Iterable<Cents>): Cents[] =>
  [...amounts].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** A part of the whole in millionths: 250000n is a quarter. Nothing has no parts: null. */
export const millionths = (part: bigint, whole: bigint): bigint | null =>
  whole === 0n ? null : divide(part * 1_000_000n, whole);
