/** `/health` and `/metrics`, for this machine only. Numbers come from the ledger, so that a restart loses none. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TimedJob } from "./config.ts";
import type { Scheduler } from "./scheduler.ts";

/** On 127.0.0.1; port 0 is any free one. Rejects when the port is taken. */
export async function serve(scheduler: Scheduler, jobs: readonly TimedJob[], port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string): void =>
      void response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
    if (request.method !== "GET" && request.method !== "HEAD") return send(405, "text/plain", "GET only\n");
    if (request.url === "/health") {
      const problem = scheduler.problem;
      return send(problem ? 503 : 200, "application/json", `${JSON.stringify(health(scheduler, jobs))}\n`);
    }
    if (request.url !== "/metrics") return send(404, "text/plain", "/health and /metrics\n");
    metrics(scheduler, jobs).then(
      (text) => send(200, "text/plain; version=0.0.4; charset=utf-8", text),
      () => send(503, "text/plain", "the ledger cannot be read\n"),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function health(scheduler: Scheduler, jobs: readonly TimedJob[]): object {
  const { problem } = scheduler;
  return {
    status: problem ? "failing" : "ok",
    ...(problem && { problem }),
    jobs: jobs.map((job) => {
      const { next, runningSince } = scheduler.state(job);
      return { name: job.name, next: next ?? null, running_since: runningSince ?? null };
    }),
  };
}

const seconds = (at: Date | undefined): number | undefined => at && at.getTime() / 1000;
const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const STATUSES = ["success", "error", "timeout", "cancelled", "lost", "skipped", "missed"] as const;

async function metrics(scheduler: Scheduler, jobs: readonly TimedJob[]): Promise<string> {
  const histories = await scheduler.history();
  const each = (value: (job: TimedJob) => number | undefined): Sample[] =>
    jobs.flatMap((job) => {
      const found = value(job);
      return found === undefined ? [] : [[{ job: job.name }, found] as const];
    });
  return [
    family("sluice_schedule_healthy", "gauge", "1 while the schedule runs and its ledger can be written.", [
      [{}, scheduler.problem ? 0 : 1],
    ]),
    family(
      "sluice_schedule_firings_total",
      "counter",
      "Firings of a job by what became of them.",
      jobs.flatMap(({ name }) =>
        STATUSES.map((status) => [{ job: name, status }, histories.get(name)?.counts[status] ?? 0] as const),
      ),
    ),
    family(
      "sluice_schedule_running",
      "gauge",
      "1 while the job runs here.",
      each((job) => (scheduler.state(job).runningSince ? 1 : 0)),
    ),
    family(
      "sluice_schedule_next_due_timestamp_seconds",
      "gauge",
      "When the job is due next.",
      each((job) => seconds(scheduler.state(job).next)),
    ),
    family(
      "sluice_schedule_last_success_timestamp_seconds",
      "gauge",
      "When the job last ended well.",
      each((job) => seconds(histories.get(job.name)?.lastSuccessAt)),
    ),
    family(
      "sluice_schedule_last_duration_seconds",
      "gauge",
      "How long the job last ran.",
      each((job) => histories.get(job.name)?.lastSeconds),
    ),
  ].join("");
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** One metric in Prometheus's text format; nothing where there is no sample. */
export function family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => {
    const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${inside.length > 0 ? `{${inside.join(",")}}` : ""} ${value}`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}
