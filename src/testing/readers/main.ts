/** `npm run readers [versions]`: hundreds of publishes under readers of all kinds, with what they saw and how long they waited. */
import { readersTrial } from "./trial.ts";

const versions = Number(process.argv[2] ?? 200);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const ms = (n: number): string => `${Math.round(n)} ms`;

const trial = await readersTrial({
  versions,
  onPublished: (version) => {
    if (version % 20 === 0) say(`version ${version} is published`);
  },
});
say(
  `${trial.publications} publications (and ${trial.refused} builds that did not pass, ${trial.undone} taken back); waited for locks ${ms(trial.waited.median)}, at worst ${ms(trial.waited.worst)}; held them ${ms(trial.held.median)}, at worst ${ms(trial.held.worst)}`,
);
say(
  `a short reading takes ${ms(trial.typical)}; the longest during a build ${ms(trial.blocked.median)}, at worst ${ms(trial.blocked.worst)}`,
);
for (const { kind, reads, mixed, errors, examples } of trial.tallies) {
  say(`${kind.padEnd(11)} ${reads} readings, ${mixed} mixed, ${errors} errors`);
  for (const example of examples) say(`            ${example}`);
}
for (const problem of trial.problems) say(`PROBLEM ${problem}`);
if (
  trial.problems.length > 0 ||
  trial.tallies.some(({ kind, mixed, errors }) => errors > 0 || (mixed > 0 && kind !== "unlocked"))
)
  process.exitCode = 1;
