import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { packageRoot, version } from "../../lib/package-root.ts";

const run = promisify(execFile);

/** What a program that uses Sluice as a library looks like. */
const CONSUMER = `import { open, Failure, formatDiagnostic, type RunEvent, type RunResult } from "sluice";

export async function build(dir: string): Promise<RunResult> {
  const sluice = await open(dir, { target: "dev", command: "build" });
  for (const diagnostic of sluice.diagnostics) console.error(formatDiagnostic(diagnostic));
  if (!sluice.ok) throw new Failure(sluice.diagnostics);
  try {
    const { selection } = sluice.select({ select: ["+customer_totals"] });
    const plan = await sluice.plan({ selection, testsGate: true });
    const seen: RunEvent["type"][] = [];
    return await sluice.run(plan, { onEvent: (event) => seen.push(event.type) });
  } finally {
    await sluice.close();
  }
}
`;

/** Needs the packages Sluice depends on: from npm's cache where they are there, else from the registry. */
test("packed, installed elsewhere and started by npx, a new project builds; programs that use the library compile", async () => {
  const home = await mkdtemp(join(tmpdir(), "sluice installed "));
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(DBT_|DATABASE_URL$|npm_)/.test(name)),
  );
  const npm = (cwd: string, ...args: string[]) => run("npm", [...args, ...quiet], { cwd, env });
  const npx = (cwd: string, ...args: string[]) => run("npx", ["--no-install", ...args], { cwd, env });
  const shop = join(home, "work", "my shop");
  try {
    const packed = await npm(packageRoot(), "pack", "--ignore-scripts", "--json", "--pack-destination", home);
    const [{ filename, files, unpackedSize }] = JSON.parse(packed.stdout) as [
      { filename: string; unpackedSize: number; files: { path: string }[] },
    ];
    const paths = files.map((file) => file.path);
    expect(paths).toEqual(expect.arrayContaining(["dist/cli.js", "dist/index.js", "dist/types/index.d.ts", "LICENSE"]));
    // Nobody needs our sources, tests, data or tools to run it.
    expect(
      paths.filter((path) => !/^(dist\/|src\/(builtins|state\/migrations)\/|[A-Z]+(\.md)?$|package\.json$)/.test(path)),
    ).toEqual([]);
    expect(unpackedSize).toBeLessThan(6_000_000);

    const work = join(home, "work");
    await mkdir(work);
    await writeFile(join(work, "package.json"), '{"private": true, "type": "module"}');
    await npm(work, "install", "--prefer-offline", join(home, filename));
    expect((await npx(work, "sluice", "--version")).stdout).toBe(`${version()}\n`);
    await npx(work, "sluice", "init", "my shop");
    const built = await npx(shop, "sluice", "build");
    expect(built.stdout).toContain("Completed successfully");
    expect(JSON.parse(await readFile(join(shop, "target", "run_results.json"), "utf8"))).toHaveProperty("results");

    await writeFile(join(work, "consumer.ts"), CONSUMER);
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--types",
      "node",
      "--typeRoots",
    ];
    const tsc = join(packageRoot(), "node_modules", "typescript", "bin", "tsc");
    const types = join(packageRoot(), "node_modules", "@types");
    await run(process.execPath, [tsc, ...options, types, "consumer.ts"], { cwd: work, env }).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => expect.fail(`${stdout}${stderr}`),
    );
  } finally {
    await npx(shop, "sluice", "down").catch(() => {});
    await rm(home, { recursive: true, force: true });
  }
}, 120_000);
