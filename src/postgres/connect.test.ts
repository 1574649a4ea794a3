import { createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../diagnostics/diagnostic.ts";
import { testDatabase, type TestDatabase } from "../testing/server.ts";
import type { Connection, Database } from "./database.ts";
import { openDatabase } from "./open.ts";

let made: TestDatabase;
beforeAll(async () => void (made = await testDatabase()));
afterAll(async () => made.drop());

const open = (change: Partial<Connection>, signal?: AbortSignal): Promise<Database> =>
  openDatabase({ ...made.connection, ...change }, { sessions: 1, dataDir: "", signal });

/** The failure as a user reads it: code, message, notes. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(thrown).toBeInstanceOf(Failure);
  const { diagnostics } = thrown as Failure;
  return diagnostics.map((d) => [d.code, d.message, ...d.notes.map((n) => n.message)].join("\n")).join("\n");
}

describe("a connection that fails says where to, as whom, why, and what to try", () => {
  test("wrong password", async () => {
    const text = await failureOf(open({ password: "hunter2" }));
    const { port, user, database } = made.connection;
    expect(text).toContain(
      `Could not connect to PostgreSQL at 127.0.0.1:${port} as user "${user}", database "${database}"`,
    );
    expect(text).toContain("password authentication failed");
    expect(text).toContain("profiles.yml");
    expect(text).not.toContain("hunter2");
  });

  test("no password", async () => {
    const text = await failureOf(openDatabase({ ...withoutPassword(made.connection) }, { sessions: 1, dataDir: "" }));
    expect(text).toContain("none was given");
  });

  test("unknown database", async () => {
    const text = await failureOf(open({ database: "no such" }));
    expect(text).toContain('database "no such" does not exist');
    expect(text).toContain('create database "no such"');
  });

  test("unknown user", async () => {
    expect(await failureOf(open({ user: "nobody-here" }))).toContain('as user "nobody-here"');
  });

  test("nobody at the port, after the retries asked for", async () => {
    const text = await failureOf(open({ port: await unusedPort(), retries: 1 }));
    expect(text).toContain("ECONNREFUSED");
    expect(text).toContain("nothing listens");
    expect(text).toContain("tried 2 times");
  });

  test("unknown host", async () => {
    expect(await failureOf(open({ host: "no-such-host.invalid", retries: 0 }))).toMatch(/not (known|found)/);
  });

  test("a port where something else is silent", async () => {
    await withListener(async (port) => {
      const start = performance.now();
      const text = await failureOf(open({ port, connectTimeout: 0.3, retries: 0, sslmode: "disable" }));
      expect(text).toContain("no answer in time");
      expect(performance.now() - start).toBeLessThan(5000);
    });
  });

  test("unknown role, and one that may not be taken", async () => {
    expect(await failureOf(open({ role: "nowhere" }))).toContain('role "nowhere" does not exist');
  });

  test("an sslmode that does not exist", async () => {
    expect(await failureOf(open({ sslmode: "verify_full" }))).toContain('did you mean "verify-full"');
  });

  test("a certificate file that is not there", async () => {
    const text = await failureOf(open({ sslmode: "verify-ca", sslrootcert: "/no/such/file" }));
    expect(text).toContain("sslrootcert");
  });
});

test("encryption that is required and not to be had is refused, and preferred it is done without", async () => {
  const server = await open({ sslmode: "prefer" });
  const { rows } = await server.session((s) => s.query<{ ssl: string }>("show ssl"));
  await server.close();
  // Another server may be given in the environment, with TLS.
  if (rows[0]!.ssl === "on") return;
  expect(await failureOf(open({ sslmode: "require" }))).toContain("does not support SSL");
  const allowed = await open({ sslmode: "allow" });
  await allowed.close();
});

test("role, search path and application name hold for every session", async () => {
  const role = `role_${made.connection.database}`;
  const admin = await open({});
  await admin.session((s) => s.query(`create role ${role}`));
  try {
    const database = await open({ role, searchPath: '"Odd schema"', applicationName: "sluice build" });
    const look = `select current_user as "role", current_setting('search_path') as path, current_setting('application_name') as app`;
    const { rows } = await database.session((s) => s.query(look));
    expect(rows).toEqual([{ role, path: '"Odd schema"', app: "sluice build" }]);
    await database.session((s) => s.query("reset role; set search_path to public"));
    expect((await database.session((s) => s.query(look))).rows).toEqual(rows);
    await database.close();
  } finally {
    await admin.session((s) => s.query(`drop role ${role}`));
    await admin.close();
  }
});

test("several schemas in the search path stay several", async () => {
  const database = await open({ searchPath: "a, b" });
  const { rows } = await database.session((s) => s.query("show search_path"));
  await database.close();
  expect(rows).toEqual([{ search_path: "a, b" }]);
});

test("waiting for another attempt ends with the signal", async () => {
  const abort = new AbortController();
  const work = open({ port: await unusedPort(), retries: 50 }, abort.signal).catch((e: unknown) => e);
  setTimeout(() => abort.abort(), 100);
  expect(await work).toMatchObject({ name: "AbortError" });
});

function withoutPassword(connection: Connection): Connection {
  const { password: _, ...rest } = connection;
  return rest;
}

async function unusedPort(): Promise<number> {
  return withListener(async (port) => port);
}

async function withListener<T>(work: (port: number) => Promise<T>): Promise<T> {
  const server: Server = createServer((socket) => void socket.on("error", () => {}));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}
