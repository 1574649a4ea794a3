/** Says when a build, or a look at sources, has finished: when the file that tells of it is written. */
import { type FSWatcher, watch } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";

const FILES = ["run_results.json", "sources.json"];
/** A writer may rename twice; wait until it is quiet. */
const QUIET = 250;

/** `work` runs once at a time, and once more if something finished meanwhile. What is returned ends it. */
export async function whenRunsFinish(folder: string, work: () => Promise<void>): Promise<() => void> {
  await mkdir(folder, { recursive: true });
  let seen = await stamp(folder);
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  const look = async (): Promise<void> => {
    if (working) return again();
    const now = await stamp(folder);
    if (now === seen) return;
    seen = now;
    working = true;
    try {
      await work();
    } finally {
      working = false;
    }
  };
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), QUIET);
  };
  const watcher: FSWatcher = watch(folder, (_, name) => {
    if (name === null || FILES.includes(name)) again();
  });
  // The folder may be removed, as by `sluice clean`: then there is nothing more to hear.
  watcher.on("error", () => {});
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

/** Changes with each of the files. */
async function stamp(folder: string): Promise<string> {
  const times = FILES.map((file) =>
    stat(join(folder, file)).then(
      (found) => `${found.mtimeMs} ${found.ino}`,
      () => "",
    ),
  );
  return (await Promise.all(times)).join();
}
