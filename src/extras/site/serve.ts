/** The site on this machine's own address, with a word to open pages when it was made anew. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { error, Failure } from "../../index.ts";

export interface SiteServer {
  /** `http://127.0.0.1:8080/`. */
  readonly url: string;
  /** Makes open pages load again. */
  reload(): void;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** A page that lost the server finds it again, and the site may be another one by then. */
const LIVE = `let lost = false;
const events = new EventSource("live");
events.addEventListener("reload", () => location.reload());
events.addEventListener("error", () => (lost = true));
events.addEventListener("open", () => lost && location.reload());
`;

/** Port 0 takes any that is free. Throws `Failure` when the port is taken. */
export async function serveSite(folder: string, port: number): Promise<SiteServer> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(folder, request, response, open).catch(() => response.destroy());
  });
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo; // a TCP server's address is no text
  return {
    url: `http://${HOST}:${actual}/`,
    reload: () => {
      for (const response of open) response.write("event: reload\ndata: 1\n\n");
    },
    close: () =>
      new Promise((resolve) => {
        for (const response of open) response.end();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (thrown: NodeJS.ErrnoException) => {
      const taken = thrown.code === "EADDRINUSE";
      const message = taken ? `Port ${port} of ${HOST} is in use.` : `The site cannot be served: ${thrown.message}`;
      const notes = taken ? ["--port 0 takes any that is free"] : [];
      reject(new Failure(error("site-port", message, undefined, notes), { cause: thrown }));
    });
    server.listen(port, HOST, resolve);
  });
}

async function answer(
  folder: string,
  { method, url = "/", headers }: IncomingMessage,
  response: ServerResponse,
  open: Set<ServerResponse>,
): Promise<void> {
  // A name of somebody else's that leads here may not read it.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? ""))
    return end(response, 403, "Not this host.");
  if (method !== "GET" && method !== "HEAD") return end(response, 405, "Only GET.");
  const path = pathOf(url);
  if (path === undefined) return end(response, 404, "Not found.");
  if (path === "live") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 500\n\n");
    open.add(response);
    response.on("close", () => open.delete(response));
    return;
  }
  if (path === "live.js") return end(response, 200, LIVE, ".js");
  try {
    const body = await readFile(join(folder, path));
    const page = path === "index.html" ? withLive(body.toString("utf8")) : body;
    end(response, 200, page, extname(path));
  } catch (thrown) {
    if (!["ENOENT", "EISDIR", "ENOTDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
    end(response, 404, "Not found.");
  }
}

const withLive = (page: string): string => page.replace("</head>", `<script defer src="live.js"></script></head>`);

/** Below the folder; undefined for anything that would leave it, or is no file of a site. */
function pathOf(url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/)[0]!);
  } catch {
    return undefined;
  }
  const below = normalize(path)
    .split(sep)
    .filter((part) => part !== "" && part !== ".");
  if (path.includes("\0") || below.some((part) => part.startsWith("."))) return undefined;
  return below.length === 0 ? "index.html" : below.join(sep);
}

function end(response: ServerResponse, status: number, body: string | Uint8Array, extension = ""): void {
  response.writeHead(status, {
    "content-type": TYPES[extension] ?? "text/plain; charset=utf-8",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}
