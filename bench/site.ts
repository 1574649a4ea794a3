/** The site: generating it of artifacts, and its first paint in Chromium, for a small and a large project. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generateSite } from "../src/extras/site/generate.ts";
import { writeBigArtifacts } from "../src/extras/site/testing/big.ts";
import { chromiumPath, startBrowser } from "../src/testing/browser.ts";
import { median } from "./measure.ts";

export interface SiteBench {
  readonly models: number;
  /** Seconds, in this process. */
  readonly generate: number;
  readonly bytes: number;
  /** Seconds from the navigation's start; absent without Chromium. */
  readonly overview?: number;
  /** Seconds until the whole lineage is drawn. */
  readonly lineage?: number;
}

export async function benchSite(sizes: readonly number[], runs = 5): Promise<SiteBench[]> {
  const path = chromiumPath();
  const browser = path === undefined ? undefined : await startBrowser(path);
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const found: SiteBench[] = [];
  try {
    for (const models of sizes) {
      const artifacts = join(folder, String(models));
      const out = join(artifacts, "site");
      writeBigArtifacts(artifacts, models);
      const generate: number[] = [];
      const overview: number[] = [];
      const lineage: number[] = [];
      for (let i = 0; i < runs; i++) {
        const started = performance.now();
        await generateSite({ artifacts, out });
        generate.push((performance.now() - started) / 1000);
        if (!browser) continue;
        overview.push(await painted(browser, out, "#/"));
        lineage.push(await painted(browser, out, "#/lineage"));
      }
      found.push({
        models,
        generate: median(generate),
        bytes: sizeOf(out),
        ...(browser && { overview: median(overview), lineage: median(lineage) }),
      });
    }
    return found;
  } finally {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Browser = Awaited<ReturnType<typeof startBrowser>>;

/** Until the frame after the page's content was put in, by the page's own clock. */
async function painted(browser: Browser, out: string, hash: string): Promise<number> {
  const local = pathToFileURL(out).href;
  const { page } = await browser.open(`${local}/index.html${hash}`, local);
  // The largest thing painted so far; with lineage that is the drawing's first frame.
  const ms = await page.evaluate<number>(`new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: "paint", buffered: true });
  })`);
  await page.close();
  return ms / 1000;
}

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, file) => {
    const found = statSync(join(folder, file));
    return sum + (found.isFile() ? found.size : 0);
  }, 0);
