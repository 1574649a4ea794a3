/** What those see who read all the time while a project is built; `npm run readers` is the long form. */
import { expect, test } from "vitest";
import { readersTrial } from "../readers/trial.ts";

test("readers of all kinds see one version or the next, never both, never an error, never what did not pass", async () => {
  const { tallies, publications, refused, undone, problems } = await readersTrial({ versions: 6 });
  expect(problems).toEqual([]);
  for (const { kind, mixed, errors, examples } of tallies) {
    expect({ kind, errors, examples: errors ? examples : [] }).toEqual({ kind, errors: 0, examples: [] });
    // What begins in the very moment may see a mixture; see KINDS.
    if (kind !== "unlocked") expect({ kind, mixed, examples }).toEqual({ kind, mixed: 0, examples: [] });
  }
  expect(publications).toBeGreaterThanOrEqual(6);
  expect(refused + undone).toBeGreaterThan(1);
  for (const { kind, reads } of tallies) expect(reads, kind).toBeGreaterThan(5);
});

test("of a project that is built relation by relation, the same readers see mixtures", async () => {
  const { tallies } = await readersTrial({ versions: 4, direct: true, kinds: ["statement", "prepared"] });
  expect(tallies.reduce((sum, { mixed }) => sum + mixed, 0)).toBeGreaterThan(0);
});
