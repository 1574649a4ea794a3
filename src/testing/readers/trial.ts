/** A project published again and again while others read it, with what they saw. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Job, JobDone } from "../builds.ts";
import { type Rig, rig } from "../rig.ts";
import { bundleScript } from "../script.ts";
import { FACES, FILES, FIRST, setVersion, SOURCE, STRANGER } from "./project.ts";
import { type Kind, type Reading, startReaders, type Tally } from "./readers.ts";

export interface TrialOptions {
  /** Versions, each of which is published. */
  readonly versions: number;
  /** Relation by relation, as dbt does it: readers are to see mixtures then. */
  readonly direct?: boolean;
  readonly kinds?: readonly Kind[];
  readonly onPublished?: (version: number) => void;
}

export interface Trial {
  readonly tallies: readonly Tally[];
  readonly publications: number;
  /** Builds whose data did not pass, and steps back. */
  readonly refused: number;
  readonly undone: number;
  /** What went otherwise than it should. */
  readonly problems: readonly string[];
  /** Milliseconds: of a short reading; of the longest one during each build, in the middle and at worst. */
  readonly typical: number;
  readonly blocked: { readonly median: number; readonly worst: number };
  /** Milliseconds for which publishing waited for its locks, and held them. */
  readonly waited: { readonly median: number; readonly worst: number };
  readonly held: { readonly median: number; readonly worst: number };
}

/** Every so many versions comes one that does not pass, or one step back. */
const BAD = 4;
const BACK = 5;

export async function readersTrial(options: TrialOptions): Promise<Trial> {
  let trial: Trial | undefined;
  await rig(async (made) => {
    trial = await onProject(made, options);
  })();
  return trial!;
}

async function onProject({ dir, url, write, rows }: Rig, options: TrialOptions): Promise<Trial> {
  const { versions, direct = false, kinds, onPublished } = options;
  const builder = fork(await bundleScript("builder", 'import "./testing/readers/builder.ts"'));
  const ask = async (job: Omit<Job, "dir">): Promise<JobDone> => {
    builder.send({ dir, ...job });
    return ((await once(builder, "message")) as [JobDone])[0];
  };
  const problems: string[] = [];
  const builds: { from: number; to: number; waited: number; held: number }[] = [];
  let [refused, undone] = [0, 0];
  const expect = (holds: boolean, what: string, { problems: found }: JobDone): void => {
    if (!holds) problems.push(`${what}: ${found.join("; ") || "it went well"}`);
  };
  const build = async (version: number): Promise<JobDone> => {
    await rows(setVersion(version));
    const from = Date.now();
    const done = await ask({ what: "build", direct });
    if (done.publication) builds.push({ from, to: Date.now(), ...inMs(done.publication) });
    return done;
  };
  try {
    await write(FILES);
    await rows(SOURCE);
    const first = await build(1);
    expect(first.ok, "the first build", first);
    await rows(STRANGER);
    builds.length = 0;
    let newest = 1;
    const isAllowed = (version: number): boolean => version > 0 && version <= newest;
    const readers = await startReaders({ url, faces: FACES, first: FIRST, isAllowed, ...(kinds && { kinds }) });
    for (let version = 2; version <= versions + 1; version++) {
      if (!direct && version % BAD === 0) {
        const bad = await build(-version);
        expect(!bad.ok && !bad.publication, `a version ${version} that does not pass`, bad);
        refused++;
      }
      newest = version;
      const done = await build(version);
      expect(done.ok && (direct || done.publication !== undefined), `version ${version}`, done);
      onPublished?.(version);
      if (direct || version % BACK !== 0) continue;
      const back = await ask({ what: "rollback" });
      expect(back.ok, `back from version ${version}`, back);
      undone++;
      const again = await build(version);
      expect(again.ok && again.publication !== undefined, `version ${version} again`, again);
    }
    await readers.stop();
    const { tallies, readings } = readers;
    return { tallies, publications: builds.length, refused, undone, problems, ...times(readings, builds) };
  } finally {
    builder.disconnect();
  }
}

function times(
  readings: readonly Reading[],
  builds: readonly { from: number; to: number; waited: number; held: number }[],
): Pick<Trial, "typical" | "blocked" | "waited" | "held"> {
  const typical = middle(readings.map(({ took }) => took));
  const longest = builds.map(({ from, to }) =>
    readings.reduce((most, { at, took }) => (at < to && at + took > from ? Math.max(most, took) : most), 0),
  );
  const spread = (list: readonly number[]) => ({ median: middle(list), worst: Math.max(0, ...list) });
  return {
    typical,
    blocked: spread(longest),
    waited: spread(builds.map(({ waited }) => waited)),
    held: spread(builds.map(({ held }) => held)),
  };
}

const inMs = ({ waited, held }: { waited: number; held: number }) => ({ waited: waited * 1000, held: held * 1000 });

const middle = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
