import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { packageRoot } from "../lib/package-root.ts";

/**
 * Bundles TypeScript into a file that plain `node` runs, for tests that need a process of their own (to kill it, or to
 * run it as somebody else). Imports are relative to `src`. Returns the file's path.
 */
export async function bundleScript(name: string, source: string): Promise<string> {
  // Below node_modules, so that packages are found and git does not look.
  const directory = join(packageRoot(), "node_modules", ".cache", "sluice-tests");
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, `${name}.${process.pid}.mjs`);
  await build({
    stdin: { contents: source, resolveDir: join(packageRoot(), "src"), loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    logLevel: "error",
  });
  return outfile;
}
