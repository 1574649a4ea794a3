/** A number in [0, 1), from a stream that its seed decides. */
export type Random = () => number;

/**
 * Chris Doty-Humphrey's sfc32: small, fast, and the same on every machine because it only uses 32-bit integers.
 * `stream` gives independent streams of one seed, so that drawing more of one thing does not change another.
 */
export function seededRandom(seed: number, stream: string): Random {
  const mix = mixer(seed, stream);
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next(); // the first few numbers still look like the seed
  return next;
}

/** A whole number from 0 to `count - 1`. */
export const below = (random: Random, count: number): number => Math.floor(random() * count);

/** Spreads a seed and a name over 32-bit words. */
function mixer(seed: number, stream: string): () => number {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(Math.floor(seed / 4_294_967_296), 0x85ebca77);
  for (const char of stream) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
}
