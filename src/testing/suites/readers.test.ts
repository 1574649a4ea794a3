/** What those see who read all the time while a project is built; `npm run readers` is the long form. */
import { expect, test } from "vitest";
import { readersTrial } from "../readers/trial.ts";

test("readers of all kinds see one version or the next, never both, never an error, never what did not pass", async () => {
  const { tallies, publications, refused, undone, problems } = await readersTrial({ versions: 12 });
  expect(problems).toEqual([]);
  expect(tallies.map(({ kind, mixed, errors, examples }) => ({ kind, mixed, errors, examples }))).toEqual(
    tallies.map(({ kind }) => ({ kind, mixed: 0, errors: 0, examples: [] })),
  );
  expect(publications).toBeGreaterThanOrEqual(12);
  expect(refused + undone).toBeGreaterThan(3);
  for (const { kind, reads } of tallies) expect(reads, kind).toBeGreaterThan(5);
});

test("of a project that is built relation by relation, the same readers see mixtures", async () => {
  const { tallies } = await readersTrial({ versions: 4, direct: true, kinds: ["statement", "prepared"] });
  expect(tallies.reduce((sum, { mixed }) => sum + mixed, 0)).toBeGreaterThan(0);
});
