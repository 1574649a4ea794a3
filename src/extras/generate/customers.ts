import { faker } from "@faker-js/faker/locale/en";
import { below, type Random, seededRandom } from "./random.ts";

/**
 * The five customers who stand out in the published panel, against weights of 0.5 to 1.5 for the rest; two of their
 * names are known. Of a thousand customers they have 2.1, 1.6, 1.3, 1.1 and 0.9 % of the money, and keep it among more.
 */
const FAMOUS_WEIGHTS = [22, 17, 14, 11.5, 9.5];
const FAMOUS_AMONG = 1000;
const FAMOUS_NAMES = ["Jonathan Gentry", "Roberto Goodwin"];
/** Names drawn from faker; more customers than this share first and last names in new combinations. */
const NAME_POOL = 4096;
/** One customer in this many takes another last name during the period. */
const RENAMED_EVERY = 25;

export interface Customers {
  /** Draws a customer's index by weight. */
  draw(): number;
  id(index: number): string;
  /** The name on a given day of the period: a few customers change theirs. */
  name(index: number, day: number): string;
}

export interface CustomerOptions {
  readonly count: number;
  readonly seed: number;
  /** Days in the period. */
  readonly days: number;
  /** Whether the first five stand out, and some customers change their name. */
  readonly lifelike: boolean;
}

/** Customers as small typed arrays: half a million of them take about ten megabytes. */
export function makeCustomers({ count, seed, days, lifelike }: CustomerOptions): Customers {
  const random = seededRandom(seed, "customers");
  const pool = Math.min(count, NAME_POOL);
  faker.seed(seed);
  const firstNames = Array.from({ length: pool }, () => plain(faker.person.firstName()));
  const lastNames = Array.from({ length: pool }, () => plain(faker.person.lastName()));
  const first = new Uint16Array(count);
  const last = new Uint16Array(count);
  const lastLater = new Uint16Array(count);
  const renamedOn = new Int32Array(count).fill(days);
  const weights = new Float64Array(count);
  const famous = FAMOUS_WEIGHTS.map((weight) => weight * Math.max(1, count / FAMOUS_AMONG));
  for (let i = 0; i < count; i++) {
    first[i] = i < pool ? i : below(random, pool);
    last[i] = i < pool ? i : below(random, pool);
    lastLater[i] = below(random, pool);
    const weight = 0.5 + random();
    const day = below(random, days);
    weights[i] = lifelike ? (famous[i] ?? weight) : 1;
    if (lifelike && i >= FAMOUS_WEIGHTS.length && i % RENAMED_EVERY === 0) renamedOn[i] = day;
  }
  const named = lifelike ? FAMOUS_NAMES : [];
  return {
    draw: weightedDraw(weights, random),
    id: (index) => `C${String(index + 1).padStart(6, "0")}`,
    name: (index, day) =>
      named[index] ??
      `${firstNames[first[index]!]!} ${lastNames[(day < renamedOn[index]! ? last : lastLater)[index]!]!}`,
  };
}

/** Names go into the file unquoted. */
const plain = (name: string): string => name.replaceAll(/[",\r\n]/g, "");

/** Walker's alias method: each draw costs two random numbers, however many customers there are. */
function weightedDraw(weights: Float64Array, random: Random): () => number {
  const count = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const keep = weights.map((weight) => (weight * count) / total);
  const alias = new Int32Array(count);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < count; i++) (keep[i]! < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.pop()!;
    alias[poor] = rich;
    keep[rich]! -= 1 - keep[poor]!;
    (keep[rich]! < 1 ? small : large).push(rich);
  }
  for (const rest of [...small, ...large]) keep[rest] = 1;
  return () => {
    const slot = below(random, count);
    return random() < keep[slot]! ? slot : alias[slot]!;
  };
}
