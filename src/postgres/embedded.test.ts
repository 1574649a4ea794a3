import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { bundleScript } from "../testing/script.ts";
import type { Connection, Row } from "./database.ts";
import { ensureRunning, status, stop } from "./embedded.ts";
import { openDatabase } from "./open.ts";
import { freePort } from "./port.ts";

/** A path that a careless launcher trips over; and, made by root, one that the server's user may not walk. */
const root = mkdtempSync(join(tmpdir(), "sluice embedded 'tést' "));
const dataDir = join(root, ".sluice", "postgres");
const started = new Set([dataDir]);

/** Prints the address as JSON, then stays until killed when told to. */
const SCRIPT = `
  import { ensureRunning } from "./postgres/embedded.ts";
  const [dataDir, stay] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await ensureRunning(dataDir)) + "\\n");
  if (stay) setInterval(() => {}, 1000);
`;
let script: string;

beforeAll(async () => void (script = await bundleScript("embedded", SCRIPT)));
afterAll(async () => {
  for (const dir of started) await stop(dir);
  rmSync(root, { recursive: true, force: true });
  rmSync(script, { force: true });
});

const connection: Connection = {
  embedded: true,
  host: "",
  port: 0,
  user: "",
  database: "bank",
  connectTimeout: 10,
  retries: 0,
  keepalivesIdle: 0,
  applicationName: "sluice-test",
};

async function ask(sql: string, dir = dataDir): Promise<Row[]> {
  const database = await openDatabase(connection, { sessions: 1, dataDir: dir });
  try {
    return (await database.session((s) => s.query(sql))).rows;
  } finally {
    await database.close();
  }
}

type Told = Awaited<ReturnType<typeof ensureRunning>>;

async function inProcess(dir: string, env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, dir], { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Told;
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(thrown).toBeInstanceOf(Failure);
  return (thrown as Failure).diagnostics
    .map((d) => [d.code, d.message, ...d.notes.map((n) => n.message)].join("\n"))
    .join("\n");
}

describe("one server", () => {
  test("three processes that come at once to a new directory start one", async () => {
    const told = await Promise.all([inProcess(dataDir), inProcess(dataDir), inProcess(dataDir)]);
    expect(told.filter((t) => t.started)).toHaveLength(1);
    expect(new Set(told.map((t) => t.port)).size).toBe(1);
    expect(new Set(told.map((t) => t.password)).size).toBe(1);
  });

  test("three that come at once to a stopped one do as well", async () => {
    const before = (await status(dataDir))!;
    expect(await stop(dataDir)).toBe(true);
    expect(await status(dataDir)).toBeUndefined();
    expect(await stop(dataDir)).toBe(false);
    const told = await Promise.all([inProcess(dataDir), inProcess(dataDir), inProcess(dataDir)]);
    expect(told.filter((t) => t.started)).toHaveLength(1);
    expect(new Set(told.map((t) => t.port))).toEqual(new Set([before.port]));
  });

  test("an empty pid file, left by a crash, does not hinder the next start", async () => {
    expect(await stop(dataDir)).toBe(true);
    writeFileSync(join(dataDir, "data", "postmaster.pid"), "");
    expect((await ensureRunning(dataDir)).started).toBe(true);
  });

  test("a database that is missing is made, also for five at once", async () => {
    const rows = await Promise.all([1, 2, 3, 4, 5].map(() => ask("select current_database() as name")));
    expect(rows).toEqual(Array.from({ length: 5 }, () => [{ name: "bank" }]));
  });

  test("it is durable, sorts alike everywhere, and is closed to the outside", async () => {
    const [row] = await ask(`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
      current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
      current_setting('timezone') as zone, 'ä' > 'z' as by_code_point, upper('ä') as upper,
      (select datlocale from pg_database where datname = current_database()) as locale`);
    expect(row).toEqual({
      fsync: "on",
      commit: "on",
      listen: "127.0.0.1",
      sockets: "",
      zone: "UTC",
      by_code_point: true,
      upper: "Ä",
      locale: "C.UTF-8",
    });
    const wrong = { ...connection, embedded: false, ...(await status(dataDir))!, password: "guess" };
    expect(await failureOf(openDatabase(wrong, { sessions: 1, dataDir }))).toContain("password authentication failed");
  });

  test("its folder keeps itself out of git", () => {
    expect(readFileSync(join(dataDir, ".gitignore"), "utf8")).toBe("*\n");
  });

  test("the password's file and the log are private", () => {
    expect(statSync(join(dataDir, "server.log")).mode & 0o077).toBe(0);
    expect(statSync(join(dataDir, "data", "sluice.password")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "data")).mode & 0o077).toBe(0);
  });

  test("the user's own PostgreSQL variables mean nothing to it", async () => {
    await stop(dataDir);
    const env = { PGDATA: "/nowhere", PGPORT: "1", PGHOST: "example.org", PGOPTIONS: "-c nonsense=1", LC_ALL: "xx_YY" };
    expect((await inProcess(dataDir, env)).started).toBe(true);
  });
});

describe("after a kill", () => {
  test("of the server, what was committed is there again, at the same port", async () => {
    await ask("create table kept (id int); insert into kept values (1), (2)");
    const before = (await status(dataDir))!;
    process.kill(before.pid, "SIGKILL");
    expect(await ask("select count(*) as n from kept")).toEqual([{ n: 2 }]);
    expect((await status(dataDir))!.port).toBe(before.port);
    expect((await status(dataDir))!.pid).not.toBe(before.pid);
  });

  test("of the process that started it, the server goes on and the next command attaches", async () => {
    await stop(dataDir);
    const child = spawn(process.execPath, [script, dataDir, "stay"], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    const told = await firstLine(child);
    expect(told.started).toBe(true);
    // All of its group, as a terminal does on Ctrl-C.
    process.kill(-child.pid!, "SIGKILL");
    await once(child, "exit");
    const { started, port } = await ensureRunning(dataDir);
    expect({ started, port }).toEqual({ started: false, port: told.port });
    expect(await ask("select count(*) as n from kept")).toEqual([{ n: 2 }]);
  });

  test("while the directory is being made, the next command begins again", async () => {
    const dir = join(root, "half", "postgres");
    started.add(dir);
    const child = spawn(process.execPath, [script, dir], { stdio: "ignore" });
    for (let i = 0; i < 500 && !existsSync(join(dir, `data.new.${child.pid}`)); i++) await sleep(5);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(dir, "data"))).toBe(false);
    const { started: isStarted, password } = await ensureRunning(dir);
    expect(isStarted).toBe(true);
    // Each server has a password of its own.
    expect(password).not.toBe((await ensureRunning(dataDir)).password);
    expect(password.length).toBeGreaterThanOrEqual(32);
    await stop(dir);
  });

  test("a process that got the dead server's number does not stop the next start", async () => {
    await stop(dataDir);
    const bystander = spawn("sleep", ["60"], { stdio: "ignore", ...ownerOf(join(dataDir, "data")) });
    try {
      const file = join(dataDir, "data", "postmaster.pid");
      writeFileSync(file, `${bystander.pid}\n${join(dataDir, "data")}\n1\n5432\n\n127.0.0.1\n  1 2\nready   \n`, {
        mode: 0o600,
      });
      chown(file, ownerOf(join(dataDir, "data")));
      expect(await status(dataDir)).toBeUndefined();
      expect((await ensureRunning(dataDir)).started).toBe(true);
      expect(bystander.exitCode).toBeNull();
    } finally {
      bystander.kill();
    }
  });
});

test("a port that somebody took is replaced, and the new one remembered", async () => {
  const { port } = await ensureRunning(dataDir);
  await stop(dataDir);
  const taken = createServer().listen(port, "127.0.0.1");
  await once(taken, "listening");
  const moved = await ensureRunning(dataDir);
  expect(moved.port).not.toBe(port);
  taken.close();
  await stop(dataDir);
  expect((await ensureRunning(dataDir)).port).toBe(moved.port);
  expect(await freePort(moved.port)).not.toBe(moved.port);
});

test("the copy of a project whose server runs gets a server of its own", async () => {
  const original = await ensureRunning(dataDir);
  const copy = join(root, "copy", "postgres");
  started.add(copy);
  cpSync(dataDir, copy, { recursive: true });
  giveAll(join(copy, "data"), ownerOf(join(dataDir, "data")));
  const other = await ensureRunning(copy);
  expect(other.started).toBe(true);
  expect(other.port).not.toBe(original.port);
  await stop(copy);
});

test("data of another major version is refused, with what to do", async () => {
  const dir = join(root, "old", "postgres");
  mkdirSync(join(dir, "data"), { recursive: true });
  writeFileSync(join(dir, "data", "PG_VERSION"), "9\n");
  const text = await failureOf(ensureRunning(dir));
  expect(text).toMatch(/^embedded-other-version\n.*made by PostgreSQL 9;.*18\./);
  expect(text).toContain("PostgreSQL 9 on PATH");
});

test("a server that cannot start shows the end of its log", async () => {
  await stop(dataDir);
  const text = await failureOf(ensureRunning(dataDir, { settings: { shared_buffers: "nonsense" } }));
  expect(text).toMatch(/^embedded-start-failed/);
  expect(text).toContain('invalid value for parameter "shared_buffers"');
  expect((await ensureRunning(dataDir)).started).toBe(true);
});

describe.runIf(process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0)("as root and not", () => {
  const nobody = 65534;
  const project = join(tmpdir(), `sluice-of-nobody-${process.pid}`);
  const dir = join(project, ".sluice", "postgres");
  beforeAll(() => {
    mkdirSync(project);
    chownSync(project, nobody, nobody);
    started.add(dir);
  });
  afterAll(async () => {
    await stop(dir);
    rmSync(project, { recursive: true, force: true });
  });

  const asNobody = async (path: string): Promise<Told> => {
    const args = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", process.execPath, script, path];
    const { stdout } = await promisify(execFile)("setpriv", args, { env: { ...process.env, HOME: "/nonexistent" } });
    return JSON.parse(stdout) as Told;
  };

  test("what root made in a user's project, the user can go on with, and the other way round", async () => {
    const first = await ensureRunning(dir);
    expect(statSync(join(dir, "data")).uid).toBe(nobody);
    expect(await asNobody(dir)).toEqual({ ...first, started: false });
    await stop(dir);
    expect((await asNobody(dir)).started).toBe(true);
    expect((await ensureRunning(dir)).started).toBe(false);
  });

  test("the server is nobody's with a right on the machine", async () => {
    const { pid } = (await status(dataDir))!;
    expect(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]).not.toBe("0");
  });

  test("a user who may not read the data is told whose it is", async () => {
    const open = join(tmpdir(), `sluice-of-root-${process.pid}`, "postgres");
    started.add(open);
    await ensureRunning(open);
    const thrown = await asNobody(open).catch((e: Error & { stderr: string }) => e.stderr);
    await stop(open);
    rmSync(join(open, ".."), { recursive: true, force: true });
    expect(thrown).toContain("embedded-not-yours");
  });
});

async function firstLine(child: ChildProcess): Promise<Told> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return JSON.parse(text) as Told;
}

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

function chown(path: string, { uid, gid }: { uid: number; gid: number }): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

function giveAll(directory: string, { uid, gid }: { uid: number; gid: number }): void {
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", `${uid}:${gid}`, directory]);
}
