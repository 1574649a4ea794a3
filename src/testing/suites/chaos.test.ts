/** Blows at a sample of a build's statements, another one each day; `npm run chaos` strikes at every one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arena, ownArena, sharedArena } from "../chaos/arena.ts";
import { type Campaign, prepareCampaign } from "../chaos/campaign.ts";
import { type Blow, MOMENTS } from "../chaos/order.ts";
import { small } from "../chaos/subjects.ts";

/** How many blows of a kind on which server; stopping one takes its time. */
const ARENAS: readonly (readonly [name: string, open: () => Promise<Arena>, blows: readonly [Blow, number][]])[] = [
  [
    "the server of all tests",
    sharedArena,
    [
      ["kill", 4],
      ["cut", 4],
    ],
  ],
  ["a server of its own", ownArena, [["stop", 2]]],
];

/** `SLUICE_CHAOS_SEED` repeats what another day met. */
const seed = Number(process.env["SLUICE_CHAOS_SEED"] ?? Math.floor(Date.now() / 86_400_000));

/** Mulberry32. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.each(ARENAS)("on %s", (_, openArena, blows) => {
  let arena: Arena;
  let campaign: Campaign;

  beforeAll(async () => {
    arena = await openArena();
    campaign = await prepareCampaign(small, arena);
  });
  afterAll(async () => {
    await campaign?.close();
    await arena?.close();
  });

  test.each(blows)(
    "%s: readers see the old state or the new one, and the next build is as usual",
    async (how, times) => {
      expect(campaign.statements).toBeGreaterThan(100);
      const random = randomFrom(seed);
      for (let blow = 0; blow < times; blow++) {
        // One of each part of the build, from its first statement to its last.
        const at = 1 + Math.floor(((blow + random()) / times) * campaign.statements);
        const moment = MOMENTS[blow % MOMENTS.length]!;
        const problems = await campaign.strike({ at, how, moment });
        expect(problems, `${moment} statement ${at}, SLUICE_CHAOS_SEED=${seed}`).toEqual([]);
      }
    },
  );
});
