/** Loaded before the CLI (`node --import`): counts the statements that it sends, and strikes at one of them. */
import { writeFileSync } from "node:fs";
import pg from "pg";
import { BYSTANDER, type Order, type Report } from "./order.ts";

const order = JSON.parse(process.env["SLUICE_STRIKE"]!) as Order;
const ask = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown;
const control = order.how === "cut" ? await connectControl() : undefined;
let statements = 0;

async function connectControl(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: order.url, application_name: BYSTANDER });
  await client.connect();
  // It must not keep the process alive.
  (client as unknown as { connection: { stream: { unref(): void } } }).connection.stream.unref();
  return client;
}

async function strike(): Promise<void> {
  if (order.how === "kill") process.kill(process.pid, "SIGKILL");
  else if (order.how === "stop") process.kill(order.postmaster!, "SIGQUIT");
  else
    await ask.call(
      control!,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and backend_type = 'client backend' and application_name <> '${BYSTANDER}'`,
    );
}

const isStream = (query: unknown): boolean => typeof (query as { submit?: unknown }).submit === "function";

Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]): unknown {
    if (++statements !== order.at) return ask.apply(this, args);
    if (order.moment === "before" && !isStream(args[0])) return strike().then(() => ask.apply(this, args));
    const answer = ask.apply(this, args);
    // Sent, but not answered yet.
    setImmediate(() => void strike());
    return answer;
  },
});

process.on("exit", () => writeFileSync(order.report, JSON.stringify({ statements } satisfies Report)));
