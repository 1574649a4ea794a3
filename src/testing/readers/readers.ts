/** Connections that read without pause and compare what they see, while somebody else publishes. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** What one reading saw of one relation. */
export interface Sight {
  readonly name: string;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Tally {
  readonly kind: string;
  reads: number;
  /** Readings that saw more than one version, or nothing where there is something; and what the server refused. */
  mixed: number;
  errors: number;
  /** The first few of both. */
  readonly examples: string[];
}

/** A short reading: when it began, and how long it took, in milliseconds. */
export interface Reading {
  readonly at: number;
  readonly took: number;
}

export interface Readers {
  readonly tallies: readonly Tally[];
  readonly readings: readonly Reading[];
  /** Waits until each has read once more. Throws nothing: errors are in the tallies. */
  stop(): Promise<void>;
}

export interface ReadersOptions {
  readonly url: string;
  /** By name: a query of one row `low, high`, equal for all relations of one version. */
  readonly faces: Readonly<Record<string, string>>;
  /** One of the relations. */
  readonly first: string;
  readonly kinds?: readonly Kind[];
  /** Milliseconds between two readings. */
  readonly pause?: number;
  /** Whether a version may be seen at all. */
  readonly isAllowed?: (version: number) => boolean;
}

/**
 * `repeatable` locks the first relation before it asks anything, as PostgreSQL's manual advises. `unlocked` does not: the
 * server takes its snapshot before it waits for a lock, so a transaction that begins in the moment of publishing may see
 * new tables and not the rows that were added to others. No publishing by locks can keep that from it.
 */
export const KINDS = ["statement", "prepared", "pair", "long", "repeatable", "unlocked"] as const;
export type Kind = (typeof KINDS)[number];

const SHORT: ReadonlySet<Kind> = new Set(["statement", "prepared", "pair"]);

/** Seconds for which a long query sleeps between two relations. */
const LONG = 0.3;
const EXAMPLES = 5;

export async function startReaders(options: ReadersOptions): Promise<Readers> {
  const { url, kinds = KINDS, isAllowed = () => true, pause = 0 } = options;
  const readings: Reading[] = [];
  const tallies: Tally[] = kinds.map((kind) => ({ kind, reads: 0, mixed: 0, errors: 0, examples: [] }));
  const until = { stopped: false };
  const clients = await Promise.all(
    kinds.map(async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  const note = (tally: Tally, text: string): void =>
    void (tally.examples.length < EXAMPLES && tally.examples.push(text));
  const loops = kinds.map(async (kind, i) => {
    const client = clients[i]!;
    const tally = tallies[i]!;
    // `end` says the same of a connection that was lost.
    client.on("error", () => {});
    while (!until.stopped || tally.reads === 0) {
      const at = Date.now();
      try {
        const seen = await read[kind](client, options, options.faces);
        tally.reads++;
        if (SHORT.has(kind)) readings.push({ at, took: Date.now() - at });
        if (pause > 0) await sleep(pause);
        const wrong = problemOf(seen, isAllowed);
        if (wrong === undefined) continue;
        tally.mixed++;
        note(tally, wrong);
      } catch (thrown) {
        tally.errors++;
        note(tally, String(thrown));
        await client.query("rollback").catch(() => {});
        if (tally.errors > 100) return;
      }
    }
  });
  return {
    tallies,
    readings,
    async stop() {
      until.stopped = true;
      await Promise.all(loops);
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

function problemOf(seen: readonly Sight[], isAllowed: (version: number) => boolean): string | undefined {
  const versions = new Set(seen.flatMap(({ low, high }) => [low, high]));
  const [one] = versions;
  if (versions.size === 1 && one !== null && one !== undefined && isAllowed(one)) return undefined;
  return seen.map(({ name, low, high }) => `${name} ${low}${low === high ? "" : `–${high}`}`).join(", ");
}

type Faces = Readonly<Record<string, string>>;

const face = (name: string, sql: string): string => `select '${name}' as name, f.* from (${sql}) as f(low, high)`;
const together = (faces: Faces): string =>
  Object.entries(faces)
    .map(([name, sql]) => face(name, sql))
    .join("\nunion all\n");

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);

const read: Readonly<Record<Kind, (client: Client, options: ReadersOptions, faces: Faces) => Promise<Sight[]>>> = {
  async statement(client, _, faces) {
    return (await client.query<Sight>(together(faces))).rows;
  },
  async prepared(client, _, faces) {
    return (await client.query<Sight>({ name: "all", text: together(faces) })).rows;
  },
  /** As a dashboard's panel does; in another order each time. */
  async pair(client, _, faces) {
    const two = shuffled(Object.entries(faces)).slice(0, 2);
    return (await client.query<Sight>(together(Object.fromEntries(two)))).rows;
  },
  repeatable: (client, { first }, faces) => oneByOne(client, faces, `lock table ${first} in access share mode`),
  unlocked: (client, _, faces) => oneByOne(client, faces),
  /** Takes its time between the first relation and the last. */
  async long(client, _, faces) {
    const parts = shuffled(Object.entries(faces)).map(([name, sql]) => face(name, sql));
    const wait = `select 'wait', null::int, null::int from pg_sleep(${LONG})`;
    const { rows } = await client.query<Sight>([parts[0], wait, ...parts.slice(1)].join("\nunion all\n"));
    await sleep(200 + Math.random() * 400);
    return rows.filter(({ name }) => name !== "wait");
  },
};

/** One relation after the other, all as of one moment. */
async function oneByOne(client: Client, faces: Faces, before = ""): Promise<Sight[]> {
  await client.query(`begin isolation level repeatable read, read only; ${before}`);
  const seen: Sight[] = [];
  for (const [name, sql] of shuffled(Object.entries(faces))) {
    seen.push(...(await client.query<Sight>(face(name, sql))).rows);
    await sleep(Math.random() * 4);
  }
  await client.query("commit");
  // So that there are moments without such a transaction: it keeps what it has read from being replaced.
  await sleep(60 + Math.random() * 120);
  return seen;
}
