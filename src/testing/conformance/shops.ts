/** dbt's example shops and playbooks: `build` is green, or, beside a real dbt, has its results, relations and rows. */
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import type { TestDatabase } from "../server.ts";
import type { Kit } from "./kit.ts";
import { writeProfile } from "./profile.ts";
import { differences } from "./relations.ts";
import { type Case, judged, skipped, type Suite, Unavailable } from "./suite.ts";

const REPOSITORIES = [
  "dbt-labs/jaffle_shop",
  "dbt-labs/jaffle-shop-classic",
  "dbt-labs/mrr-playbook",
  "dbt-labs/attribution-playbook",
];

export const shops: Suite = {
  name: "shops",
  about: "jaffle shops and playbooks: build gives dbt's results, relations and rows",
  async *run(kit) {
    for (const repository of REPOSITORIES) {
      try {
        yield* shop(kit, repository);
      } catch (thrown) {
        if (!(thrown instanceof Unavailable)) throw thrown;
        yield skipped(repository, thrown.message);
      }
    }
  },
};

async function* shop(kit: Kit, repository: string): AsyncIterable<Case> {
  const folder = await kit.checkout(repository);
  const asksForPackages = existsSync(join(folder, "packages.yml")) && !existsSync(join(folder, "dbt_packages"));
  if (asksForPackages) {
    const { code, all } = await kit.sluice(["deps"], { cwd: folder });
    if (code !== 0) throw new Unavailable(`its packages cannot be installed: ${all.trim().split("\n").at(-1)}`);
  }
  const { profile } = load(await readFile(join(folder, "dbt_project.yml"), "utf8")) as { profile: string };
  const ours = await build(kit, kit.sluice, folder, profile);
  if (!kit.hasDbt) {
    const errors = [...ours.statuses].filter(([, status]) => status === "error" || status === "fail");
    yield judged(`${repository}: build`, errors.length > 0 ? `${errors.join("; ")}\n${ours.log}` : undefined);
    return;
  }
  // Not every playbook is for Postgres: what fails in dbt must fail here.
  const theirs = await build(kit, kit.dbt, folder, profile);
  const other = [...new Set([...theirs.statuses.keys(), ...ours.statuses.keys()])].flatMap((id) => {
    const [there, here] = [theirs.statuses.get(id), ours.statuses.get(id)];
    return there === here ? [] : [`${id}: dbt ${there ?? "has none"}, sluice ${here ?? "has none"}`];
  });
  yield judged(`${repository}: results`, other.length > 0 ? other.slice(0, 10).join("; ") : undefined);
  const found = await differences(theirs.database, ours.database);
  yield judged(`${repository}: relations`, found.length > 0 ? found.slice(0, 10).join("; ") : undefined);
}

interface Built {
  readonly database: TestDatabase;
  /** By unique id. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly log: string;
}

async function build(kit: Kit, tool: Kit["sluice"], folder: string, profile: string): Promise<Built> {
  const database = await kit.database();
  const profiles = join(kit.scratch, database.connection.database);
  await writeProfile(profiles, database, { name: profile });
  const { all } = await tool(["build", "--profiles-dir", profiles], { cwd: folder });
  const written = await readFile(join(folder, "target", "run_results.json"), "utf8").catch(() => undefined);
  if (written === undefined) throw new Error(`no run_results.json was written:\n${all}`);
  const { results } = JSON.parse(written) as { results: { unique_id: string; status: string }[] };
  await rm(join(folder, "target"), { recursive: true });
  return { database, statuses: new Map(results.map((r) => [r.unique_id, r.status])), log: all };
}
