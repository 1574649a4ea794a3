/** Watches a project's folder and rebuilds, one build at a time. What is built, and how, is the caller's. */
import { relative, sep } from "node:path";
import { watch as watchFiles } from "file-watcher";
import { type Event, type State, transition } from "./machine.ts";

export interface WatchOptions {
  /** Absolute. */
  readonly root: string;
  /** Absolute folders that are not looked at, besides hidden ones and node_modules. */
  readonly ignored: readonly string[];
  /** Called with paths relative to the root; must not throw. */
  build(paths: readonly string[]): Promise<void>;
  onReady(): void;
  readonly signal: AbortSignal;
}

/** Milliseconds without an edit after which a burst is over. */
const QUIET = 150;

/** Until the signal; a build that runs then is waited for. */
export async function watch({ root, ignored, build, onReady, signal }: WatchOptions): Promise<void> {
  const files = watchFiles(root, { ignoreInitial: true, ignored: (path) => isIgnored(path, root, ignored) });
  let state: State = "idle";
  let edited = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let building: Promise<void> = Promise.resolve();

  const on = (event: Event): void => {
    if (signal.aborted) return;
    const [next, effect] = transition(state, event);
    state = next;
    if (effect === "wait") {
      clearTimeout(timer);
      timer = setTimeout(() => on("quiet"), QUIET);
    } else if (effect === "build") {
      const paths = [...edited].toSorted();
      edited = new Set();
      building = build(paths).then(() => on("done"));
    }
  };
  files.on("all", (what, path) => {
    if (what === "addDir" || what === "unlinkDir") return;
    edited.add(relative(root, path));
    on("edit");
  });
  try {
    await new Promise<void>((resolve, reject) => files.once("ready", resolve).once("error", reject));
    onReady();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    clearTimeout(timer);
    await Promise.all([files.close(), building]);
  }
}

function isIgnored(path: string, root: string, ignored: readonly string[]): boolean {
  const below = relative(root, path);
  if (below === "") return false;
  if (below.split(sep).some((part) => part.startsWith(".") || part === "node_modules" || part.endsWith(".tmp")))
    return true;
  return ignored.some((folder) => path === folder || path.startsWith(folder + sep));
}
