/** A project's build, struck at one statement after another, with all that must hold afterwards. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { doJob, type JobDone } from "../builds.ts";
import { type CliResult, startCli } from "../rig.ts";
import { bundleScript } from "../script.ts";
import type { Arena } from "./arena.ts";
import type { Blow, Moment, Order, Report } from "./order.ts";
import { debrisIn, differences, stateOf, stateQuery, withClient } from "./state.ts";
import type { Subject } from "./subjects.ts";
import { neither, type States, watch } from "./watch.ts";

export interface Strike {
  readonly at: number;
  readonly how: Blow;
  readonly moment: Moment;
}

export interface Campaign {
  /** Statements of a build that nothing disturbs. */
  readonly statements: number;
  /** What did not hold, in words; empty when all is well. */
  strike(strike: Strike): Promise<string[]>;
  close(): Promise<void>;
}

export async function prepareCampaign(subject: Subject, arena: Arena): Promise<Campaign> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const preload = pathToFileURL(await bundleScript("strike", 'import "./testing/chaos/strike.ts"')).href;
  const made: string[] = [];
  const create = async (from?: string): Promise<string> => {
    const url = await arena.create(from);
    made.push(url);
    return url;
  };
  const aim = (url: string): Promise<void> =>
    writeFile(
      join(dir, "profiles.yml"),
      `${subject.profile}: {target: dev, outputs: {dev: {type: postgres, url: '${url}', schema: analytics, threads: 4, connect_timeout: 5}}}\n`,
    );
  const build = async (url: string): Promise<JobDone> => {
    await aim(url);
    return doJob({ dir, what: "build" });
  };
  const struck = async (url: string, order: Omit<Order, "url" | "report">): Promise<CliResult> => {
    await aim(url);
    const text = JSON.stringify({ ...order, url, report: join(dir, "report.json") } satisfies Order);
    return startCli(["build"], { cwd: dir, env: { NODE_OPTIONS: `--import ${preload}`, SLUICE_STRIKE: text } }).done;
  };

  await subject.write(dir);
  const old = await create();
  await say(old, subject.before);
  mustBeOk(await build(old));
  await say(old, subject.after);
  const change = await subject.change(dir);
  const undisturbed = [await create(old), await create(old)] as const;
  for (const url of undisturbed) await say(url, change);
  mustBeOk(await build(undisturbed[0]));
  const counted = await struck(undisturbed[1], { at: 0, how: "kill", moment: "before" });
  if (counted.code !== 0) throw new Error(`The build that is to be struck fails:\n${counted.all}`);
  const { statements } = JSON.parse(await readFile(join(dir, "report.json"), "utf8")) as Report;
  const query = await stateQuery(undisturbed, subject.unpublished);
  const all = await stateQuery(undisturbed);
  const whole = await stateOf(undisturbed[0], all);
  const states: States = { query, old: await stateOf(old, query), new: await stateOf(undisturbed[0], query) };
  if (states.old === states.new) throw new Error("The change makes no difference to anyone");

  async function strike({ at, how, moment }: Strike): Promise<string[]> {
    const url = await arena.create(old);
    await say(url, change);
    const { server } = arena;
    const postmaster = how === "stop" ? await server!.postmaster() : undefined;
    const onlooker = how === "stop" ? undefined : await watch(url, states);
    const found: string[] = [];
    const check = (holds: boolean, what: string): void => void (holds || found.push(what));
    try {
      const cli = await struck(url, { at, how, moment, ...(postmaster !== undefined && { postmaster }) });
      if (how === "stop") await server!.restart();
      const after = await stateOf(url, query);
      check(after === states.old || after === states.new, `after the blow: ${neither(after, states)}`);
      check(cli.code !== 0 || after === states.new, `the build said that all went well, and it did not:\n${cli.all}`);
      check(!/Internal error|fault of Sluice/.test(cli.all), `the build met a fault of its own:\n${cli.all}`);
      const again = await build(url);
      check(again.ok, `the next build failed: ${again.problems.join("; ")}`);
      const end = await stateOf(url, all);
      check(end === whole, `after the next build other rows than usual: ${differences(end, whole).join(", ")}`);
      found.push(...(await debrisIn(url)).map((what) => `left behind: ${what}`));
      const idle = await build(url);
      check(
        idle.ok && idle.built.length === 0 && !idle.publication,
        `a build without a change built ${idle.built.join(", ")}`,
      );
    } finally {
      found.push(...((await onlooker?.end()) ?? []));
      await arena.drop(url);
    }
    return found;
  }
  return {
    statements,
    strike,
    close: async () => {
      for (const url of made) await arena.drop(url);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const say = (url: string, sql: string | undefined): Promise<unknown> =>
  sql === undefined ? Promise.resolve() : withClient(url, (client) => client.query(sql));

function mustBeOk({ ok, problems }: JobDone): void {
  if (!ok) throw new Error(`A build that nothing disturbs fails: ${problems.join("\n")}`);
}
