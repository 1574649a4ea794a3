/** Headless Chromium for the tests of the site. Each page gathers what it should not have done. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

/** `SLUICE_TEST_CHROMIUM` names another; undefined where there is none. */
export const chromiumPath = (): string | undefined =>
  [process.env["SLUICE_TEST_CHROMIUM"] ?? "", ...PLACES].find((path) => path !== "" && existsSync(path));

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Browser {
  /** A new page. `local` is what its requests may begin with. */
  open(url: string, local: string, options?: { readonly width?: number; readonly dark?: boolean }): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  /** Console errors and warnings, exceptions, failed requests, and requests to elsewhere. */
  readonly faults: string[];
  /** Rules of axe that are broken seriously, with the first element. */
  accessibility(): Promise<string[]>;
}

export async function startBrowser(executablePath: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "sluice-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: FLAGS });
  return {
    open: (url, local, options = {}) => visit(context, url, local, options),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function visit(
  context: BrowserContext,
  url: string,
  local: string,
  { width = 1360, dark = false }: { width?: number; dark?: boolean },
): Promise<Visit> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (thrown) => faults.push(`exception: ${thrown.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(local)) faults.push(`elsewhere: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    // What a page still waited for when it was left is no fault.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") faults.push(`failed: ${request.url()}`);
  });
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width, height: 860 });
  await page.goto(url);
  await page.waitForSelector("h1");
  return { page, faults, accessibility: () => accessibility(page) };
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

async function accessibility(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so that the page's own policy need not allow it.
  await page.evaluate(await readFile(AXE, "utf8"));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } };
    return (await axe.run({ preload: false })).violations;
  });
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html} (${nodes.length})`);
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}
