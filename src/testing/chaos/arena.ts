/** Servers on which blows may fall: databases are cloned from one that holds the old state. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureRunning, type ServerAddress, status, stop } from "../../postgres/embedded.ts";
import { testServer } from "../server.ts";
import { withClient } from "./state.ts";

export interface Arena {
  /** A new database, empty or a copy of another one, to which nobody may be connected. */
  create(from?: string): Promise<string>;
  drop(url: string): Promise<void>;
  /** Of a server that may be stopped: its process, and how to start it again. */
  readonly server?: { postmaster(): Promise<number>; restart(): Promise<void> };
  close(): Promise<void>;
}

/** The server of all tests, which nobody may stop. */
export async function sharedArena(): Promise<Arena> {
  const { user, password = "", host, port } = await testServer();
  return { ...databases({ user, password, host, port }), close: async () => {} };
}

/** A server of its own that keeps what it acknowledged, whatever happens. */
export async function ownArena(): Promise<Arena> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const settings = { fsync: "on", synchronous_commit: "on", full_page_writes: "on", autovacuum: "off" };
  const address = await ensureRunning(dataDir, { settings });
  return {
    // A copy through the log would let sequences go back in a crash: `nextval` thinks that its page was logged ahead.
    ...databases(address, "strategy file_copy"),
    server: {
      postmaster: async () => (await status(dataDir))!.pid,
      restart: async () => void (await ensureRunning(dataDir, { settings })),
    },
    close: async () => {
      await stop(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function databases({ user, password, host, port }: ServerAddress, how = ""): Pick<Arena, "create" | "drop"> {
  const urlOf = (name: string): string =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
  const admin = (sql: string): Promise<unknown> => withClient(urlOf("postgres"), (client) => client.query(sql));
  let made = 0;
  return {
    async create(from) {
      // As the test databases are called, so that those of killed runs are found.
      const name = `sluice_test_${Date.now().toString(36)}_chaos${process.pid}n${++made}`;
      await admin(`create database ${name} template ${from ? nameIn(from) : "template0"} ${how}`);
      return urlOf(name);
    },
    drop: async (url) => void (await admin(`drop database if exists ${nameIn(url)} with (force)`)),
  };
}

const nameIn = (url: string): string => new URL(url).pathname.slice(1);
