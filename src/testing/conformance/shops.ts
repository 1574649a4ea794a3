/** dbt's example shops and playbooks: `build` is green, or, beside a real dbt, has its results, relations and rows. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import type { Kit } from "./kit.ts";
import { sideBySide } from "./side-by-side.ts";
import { type Case, skipped, type Suite, Unavailable } from "./suite.ts";

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
  // Where a playbook fails, dbt leaves what was built before it; published together, nothing would be there.
  yield* sideBySide(kit, { name: repository, folder, profile, env: { SLUICE_DIRECT: "true" } });
}
