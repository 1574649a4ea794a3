import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Failure } from "../../index.ts";
import { serveSite, type SiteServer } from "./serve.ts";
import { whenRunsFinish } from "./watch.ts";

let outer: string;
let folder: string;
let server: SiteServer;

beforeAll(async () => {
  outer = await mkdtemp(join(tmpdir(), "sluice site "));
  folder = join(outer, "site");
  await mkdir(folder);
  await writeFile(join(folder, "index.html"), "<html><head></head><body>pages</body></html>");
  await writeFile(join(folder, "a b.js"), "1");
  await writeFile(join(folder, ".secret"), "no");
  await writeFile(join(outer, "outside.txt"), "no");
  server = await serveSite(folder, 0);
});

afterAll(async () => {
  await server.close();
  await rm(outer, { recursive: true });
});

/** As it is, without the client tidying the path. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers, method }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    });
    sent.on("error", reject).end();
  });
}

test("the page is served with the script that waits for news, other files as they are", async () => {
  expect(new URL(server.url).hostname).toBe("127.0.0.1");
  expect(await ask("/")).toEqual({
    status: 200,
    body: `<html><head><script defer src="live.js"></script></head><body>pages</body></html>`,
  });
  expect((await ask("/live.js")).body).toContain("EventSource");
  expect(await ask("/a%20b.js?v=1")).toEqual({ status: 200, body: "1" });
  expect((await ask("/nothing.js")).status).toBe(404);
});

test("nothing outside the folder, hidden or asked for by another name is given", async () => {
  for (const path of ["/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/.secret", "/%00", "/%zz"]) {
    expect((await ask(path)).status, path).toBe(404);
  }
  expect((await ask("/", { host: "evil.example" })).status).toBe(403);
  expect((await ask("/", {}, "POST")).status).toBe(405);
});

test("open pages are told to load again", async () => {
  const response = await fetch(`${server.url}live`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = (await reader.read()).value ?? "";
  server.reload();
  while (!heard.includes("event: reload")) heard += (await reader.read()).value ?? "";
  await reader.cancel();
  expect(heard).toContain("event: reload");
});

test("a port that is taken is said to be", async () => {
  const port = Number(new URL(server.url).port);
  await expect(serveSite(folder, port)).rejects.toThrow(Failure);
  await expect(serveSite(folder, port)).rejects.toThrow(`Port ${port} of 127.0.0.1 is in use.`);
});

test("a finished run is noticed once, other files are not", async () => {
  const watched = await mkdtemp(join(tmpdir(), "sluice watch "));
  let runs = 0;
  let heard = (): void => {};
  const first = new Promise<void>((resolve) => (heard = resolve));
  const stop = await whenRunsFinish(watched, async () => {
    runs++;
    heard();
    // Written by the work itself: a site's own files are no news.
    await writeFile(join(watched, "manifest.json"), "{}");
  });
  await writeFile(join(watched, "other.json"), "{}");
  await writeFile(join(watched, "run_results.json"), "{}");
  await first;
  await new Promise((resolve) => setTimeout(resolve, 600));
  stop();
  await rm(watched, { recursive: true });
  expect(runs).toBe(1);
});
