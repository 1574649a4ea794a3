import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { expect, test } from "vitest";
import { type Rig, rig, type StartOptions } from "../rig.ts";

interface Running {
  readonly port: number;
  kill(signal: NodeJS.Signals): void;
  readonly done: ReturnType<Rig["start"]>["done"];
}

/** `sluice schedule` on a free port; resolves when it listens. */
async function schedule({ start }: Rig, args: readonly string[] = [], options: StartOptions = {}): Promise<Running> {
  let text = "";
  let listening: (port: number) => void = () => {};
  const port = new Promise<number>((resolve) => (listening = resolve));
  const child = start(["schedule", "--port", "0", ...args], {
    ...options,
    onStdout: (more) => {
      text += more;
      const found = /http:\/\/127\.0\.0\.1:(\d+)\/health/.exec(text);
      if (found) listening(Number(found[1]));
    },
  });
  const ended = child.done.then(({ all }): number => {
    throw new Error(`sluice schedule ended: ${all}`);
  });
  ended.catch(() => {});
  return { port: await Promise.race([port, ended]), kill: child.kill, done: child.done };
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await check()); tries++) {
    if (tries > 400) throw new Error(`never: ${what}`);
    await sleep(100);
  }
}

const FIRINGS =
  "select job, due_at, status, exit_code, times::int, message from sluice.schedule_firing order by due_at, job";
interface Firing {
  job: string;
  due_at: Date;
  status: string;
  exit_code: number | null;
  times: number;
  message: string | null;
}
const firings = ({ rows }: Rig, status?: string): Promise<Firing[]> =>
  rows<Firing>(FIRINGS).then((all) => all.filter((f) => status === undefined || f.status === status));

/** Every `seconds`; nothing else. */
const job = (name: string, seconds: number, run: string, more = ""): string =>
  `  - {name: ${name}, cron: "*/${seconds} * * * * *", run: ${JSON.stringify(run)}${more}}\n`;
const YEARLY = '  - {name: yearly, cron: "0 0 1 1 *", run: "show --inline \'select 7 as seven\'"';

test(
  "jobs run when they are due; what fails is told by webhook and by command; SIGTERM ends it well",
  rig(async (r) => {
    const posted: string[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        posted.push(body);
        // The first try fails: it is made again.
        response.writeHead(posted.length === 1 ? 503 : 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await r.write({
      "models/a.sql": "select 1 as id",
      "schedule.yml": `on_failure:
  webhook: "{{ env_var('HOOK') }}"
  command: cat >> told.jsonl
jobs:
${job("good", 1, "run -s a")}${job("bad", 2, "show --inline 'select 1/0'")}`,
    });
    const HOOK = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`;
    const running = await schedule(r, [], { env: { HOOK } });
    await until("two of each", async () => {
      const all = await firings(r);
      return (
        all.filter((f) => f.status === "success").length >= 2 &&
        all.some((f) => f.status === "error") &&
        posted.length >= 2
      );
    });
    const health = await fetch(`http://127.0.0.1:${running.port}/health`);
    expect([health.status, await health.json()]).toMatchObject([
      200,
      { status: "ok", jobs: [{ name: "good" }, { name: "bad" }] },
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${running.port}/metrics`)).text();
    expect(metrics).toMatch(/^sluice_schedule_firings_total\{job="good",status="success"\} [1-9]/m);
    expect(metrics).toMatch(/^sluice_schedule_firings_total\{job="bad",status="error"\} [1-9]/m);
    expect(metrics).toMatch(/^sluice_schedule_last_success_timestamp_seconds\{job="good"\} \d{10}/m);
    expect((await fetch(`http://127.0.0.1:${running.port}/`)).status).toBe(404);
    running.kill("SIGTERM");
    const { code, stdout, all } = await running.done;
    expect([code, stdout.trimEnd().endsWith("Stopped.")]).toEqual([0, true]);
    expect(all).not.toContain("secret");
    expect(await firings(r, "running")).toEqual([]);
    const failed = (await firings(r, "error"))[0]!;
    expect(failed).toMatchObject({ job: "bad", exit_code: 1, message: expect.stringContaining("division by zero") });
    expect(JSON.parse(posted[1]!)).toMatchObject({
      job: "bad",
      status: "error",
      exit_code: 1,
      scope: "shop/dev",
      text: "Sluice bad: error, exit code 1",
      message: expect.stringContaining("division by zero"),
    });
    const told = (await readFile(join(r.dir, "told.jsonl"), "utf8")).trim().split("\n");
    expect(JSON.parse(told[0]!)).toEqual(JSON.parse(posted[0]!));
    server.close();
  }),
);

test(
  "two schedulers share the firings: each runs once, and a job never beside itself",
  rig(async (r) => {
    await r.write({
      "schedule.yml": `jobs:\n${job("quick", 1, "show --inline 'select 1 as a'")}${job("slow", 1, "show --inline 'select pg_sleep(2.5)'")}`,
    });
    const both = await Promise.all([schedule(r), schedule(r)]);
    await until(
      "three slow ones",
      async () => (await firings(r, "success")).filter((f) => f.job === "slow").length >= 3,
    );
    for (const one of both) one.kill("SIGTERM");
    const [a, b] = await Promise.all(both.map((one) => one.done));
    const all = await firings(r);
    const started = (text: string): number => [...text.matchAll(/: started$/gm)].length;
    expect(started(a!.stdout) + started(b!.stdout)).toBe(all.filter((f) => f.status === "success").length);
    expect(all.some((f) => f.job === "slow" && f.status === "skipped")).toBe(true);
    expect(new Set(all.map((f) => f.status))).toEqual(new Set(["success", "skipped"]));
    const overlaps = await r.rows(
      `select 1 from sluice.schedule_firing a join sluice.schedule_firing b on a.job = b.job and a.id < b.id
       and a.status = 'success' and b.status = 'success'
       and tstzrange(a.started_at, a.finished_at) && tstzrange(b.started_at, b.finished_at)`,
    );
    expect(overlaps).toEqual([]);
  }),
);

test(
  "a scheduler that was killed: what it ran is lost, what was due meanwhile is missed, both are told once",
  rig(async (r) => {
    await r.write({
      "schedule.yml": `on_failure: {command: cat >> told.jsonl}
jobs:
${job("long", 1, "show --inline 'select pg_sleep(120)'")}${YEARLY}}
${YEARLY.replace("yearly", "made_up_for")}, catch_up: true}
`,
    });
    const first = await schedule(r);
    const known = "select 1 from sluice.schedule_job";
    await until(
      "it runs",
      async () => (await firings(r, "running")).length === 1 && (await r.rows(known)).length === 3,
    );
    first.kill("SIGKILL");
    await first.done;
    // The command lives on without its scheduler, in a process group of its own.
    await r.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(120)%' and pid <> pg_backend_pid()",
    );
    await r.rows("update sluice.schedule_firing set alive_at = now() - interval '2 minutes' where status = 'running'");
    await r.rows(
      "update sluice.schedule_job set next_due = date_trunc('year', now()) - interval '2 years' where name <> 'long'",
    );
    await r.write({
      "schedule.yml": (await readFile(join(r.dir, "schedule.yml"), "utf8")).replace(/^ {2}- \{name: long.*\n/m, ""),
    });
    const second = await schedule(r);
    await until("all is told", async () => {
      const told = await readFile(join(r.dir, "told.jsonl"), "utf8").catch(() => "");
      return told.trim().split("\n").length === 3 && (await firings(r, "success")).length === 1;
    });
    second.kill("SIGINT");
    expect((await second.done).code).toBe(0);
    const told = (await readFile(join(r.dir, "told.jsonl"), "utf8")).trim().split("\n");
    expect(
      told
        .map((line) => JSON.parse(line) as object)
        .map(({ status, job }: { status?: string; job?: string }) => `${job} ${status}`)
        .toSorted(),
    ).toEqual(["long lost", "made_up_for missed", "yearly missed"]);
    const year = new Date().getUTCFullYear();
    expect((await firings(r)).map((f) => [f.job, f.due_at.toISOString().slice(0, 10), f.status, f.times])).toEqual([
      ["made_up_for", `${year - 1}-01-01`, "missed", 2],
      ["made_up_for", `${year}-01-01`, "success", 1],
      ["yearly", `${year}-01-01`, "missed", 3],
      ["long", expect.any(String), "lost", 1],
    ]);
    // Told once: a third scheduler finds nothing new.
    const third = await schedule(r);
    await sleep(1000);
    third.kill("SIGTERM");
    expect((await third.done).stdout).not.toMatch(/missed|lost/);
  }),
);

test(
  "a second signal cancels what runs, also on the server",
  rig(async (r) => {
    await r.write({
      "models/slow.sql": "select pg_sleep(100)::text as s",
      "dbt_project.yml": "name: shop\nprofile: shop\nmodels: {+materialized: table}\n",
      "schedule.yml": `jobs:\n${job("slow", 1, "run")}`,
    });
    const running = await schedule(r);
    const sleeping =
      "select 1 from pg_stat_activity where query like '%pg_sleep(100)%' and state = 'active' and pid <> pg_backend_pid() and datname = current_database()";
    await until("it runs", async () => (await r.rows(sleeping)).length > 0);
    running.kill("SIGTERM");
    await sleep(300);
    expect(await r.rows(sleeping)).toHaveLength(1);
    running.kill("SIGTERM");
    expect((await running.done).code).toBe(0);
    expect(await r.rows(sleeping)).toEqual([]);
    expect((await firings(r)).filter((f) => f.status !== "skipped")).toMatchObject([{ status: "cancelled" }]);
    expect(await r.rows("select status from sluice.run")).toEqual([{ status: "cancelled" }]);
  }),
);

test(
  "--now runs one job with its exit code, a timeout ends it, and --list tells when jobs are due",
  rig(async (r) => {
    await r.write({
      "schedule.yml": `jobs:\n${YEARLY}}\n  - {name: bad, cron: "0 0 1 1 *", run: [show --inline 'select 1/0', build]}\n  - {name: stuck, cron: "0 0 1 1 *", run: show --inline 'select pg_sleep(50)', timeout_minutes: 0.02}\n`,
    });
    expect(await r.sluice("schedule", "--now", "yearly")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("7"),
    });
    expect(await r.sluice("schedule", "--now", "bad")).toMatchObject({
      code: 1,
      stdout: expect.not.stringContaining("build"),
    });
    expect((await r.sluice("schedule", "--now", "stuck")).code).toBe(1);
    expect(await r.sluice("schedule", "--now", "yearli")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("yearly"),
    });
    const { stdout } = await r.sluice("schedule", "--list");
    const next = `${new Date().getUTCFullYear() + 1}-01-01T00:00:00.000Z`;
    expect(stdout).toMatch(new RegExp(`^yearly .* next ${next}  last \\S+ success  runs show`, "m"));
    expect(stdout).toMatch(/^bad .* error /m);
    expect(stdout).toMatch(/^stuck .* timeout /m);
  }),
);

test(
  "a database that is away for a while does no harm: /health says so, and firings go on",
  rig(async (r) => {
    await r.write({ "schedule.yml": `jobs:\n${job("quick", 1, "show --inline 'select 1 as a'")}` });
    const running = await schedule(r);
    const health = async (): Promise<number> => (await fetch(`http://127.0.0.1:${running.port}/health`)).status;
    await until("it fires", async () => (await firings(r, "success")).length > 0);
    const name = new URL(r.url).pathname.slice(1);
    const elsewhere = new Client({ connectionString: r.url.replace(name, "postgres") });
    await elsewhere.connect();
    try {
      await elsewhere.query(`alter database ${name} allow_connections false`);
      await elsewhere.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
      await until("it fails", async () => (await health()) === 503);
      await elsewhere.query(`alter database ${name} allow_connections true`);
    } finally {
      await elsewhere.end();
    }
    const before = (await firings(r, "success")).length;
    await until("it is well again", async () => (await health()) === 200);
    await until("it fires again", async () => (await firings(r, "success")).length > before + 1);
    running.kill("SIGTERM");
    const { code, stdout } = await running.done;
    expect(code).toBe(0);
    expect(stdout).toContain("The ledger cannot be written, trying again: ");
    expect(await firings(r, "running")).toEqual([]);
  }),
);

test(
  "without a schedule.yml, and with a port that is taken, it says so",
  rig(async (r) => {
    expect(await r.sluice("schedule")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no schedule.yml"),
    });
    await r.write({ "schedule.yml": `jobs:\n${YEARLY}}\n` });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await r.sluice("schedule", "--port", String(port))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`),
    });
    server.close();
  }),
);
