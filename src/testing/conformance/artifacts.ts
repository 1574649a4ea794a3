/** What a real dbt makes of the same project: its manifest beside ours, and its schemas over everything we write. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import { packageRoot } from "../../lib/package-root.ts";
import { type Kit, run } from "./kit.ts";
import { nodeDifferences } from "./manifests.ts";
import { writeProfile } from "./profile.ts";
import { type Case, failed, judged, passed, skipped, type Suite, Unavailable } from "./suite.ts";

/** Public projects that need no packages; the first is our own, with something of everything. */
const PROJECTS = [
  "kitchen sink",
  "dbt-labs/jaffle_shop",
  "dbt-labs/jaffle-shop-classic",
  "dbt-labs/attribution-playbook",
];

export const artifacts: Suite = {
  name: "artifacts",
  about: "beside a real dbt: manifests are equal, node by node, and all artifacts are valid against its schemas",
  async *run(kit) {
    if (!kit.hasDbt) throw new Unavailable("no real dbt: SLUICE_DBT names its executable");
    for (const name of PROJECTS) {
      try {
        yield* compare(kit, name);
      } catch (thrown) {
        if (!(thrown instanceof Unavailable)) throw thrown;
        yield skipped(name, thrown.message);
      }
    }
  },
};

type Section = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type Manifest = Readonly<Record<"nodes" | "sources" | "exposures" | "unit_tests", Section>>;

/** dbt keeps the tests of a model that disables itself in the graph, where they never run. */
const ONLY_IN_DBT = "test.shop.unique_offm_a.f4aea1a2fb";

async function* compare(kit: Kit, name: string): AsyncIterable<Case> {
  const folder = await checkout(kit, name);
  const { profile } = load(await readFile(join(folder, "dbt_project.yml"), "utf8")) as { profile: string };
  const database = await kit.database();
  const profiles = join(kit.scratch, `profiles-${database.connection.database}`);
  await writeProfile(profiles, database, { name: profile });
  const flags = ["--profiles-dir", profiles];
  const manifest = async (tool: Kit["sluice"], target: string): Promise<Manifest> => {
    const { code, all } = await tool(["parse", "--target-path", target, ...flags], { cwd: folder });
    if (code !== 0) throw new Error(`parse failed:\n${all}`);
    return JSON.parse(await readFile(join(folder, target, "manifest.json"), "utf8")) as Manifest;
  };
  const theirs = await manifest(kit.dbt, "target-dbt");
  const ours = await manifest(kit.sluice, "target");
  for (const section of ["nodes", "sources", "exposures", "unit_tests"] as const) {
    for (const [id, node] of Object.entries(theirs[section])) {
      if (id === ONLY_IN_DBT) continue;
      const own = ours[section][id];
      const found = own ? nodeDifferences(node, own) : ["it is not in our manifest"];
      yield found.length === 0 ? passed(`${name}: ${id}`) : failed(`${name}: ${id}`, found.join("; "));
    }
    const more = Object.keys(ours[section]).filter((id) => !theirs[section][id]);
    yield judged(`${name}: no other ${section}`, more.length > 0 ? more.join(", ") : undefined);
  }
  // What fails here fails there: the files are what is looked at.
  for (const words of [["build"], ["docs", "generate"], ["source", "freshness"]]) {
    await kit.sluice([...words, ...flags], { cwd: folder });
  }
  yield* valid(kit, name, join(folder, "target"));
}

async function checkout(kit: Kit, name: string): Promise<string> {
  if (name.includes("/")) return kit.checkout(name);
  const folder = join(kit.scratch, "kitchen-sink");
  await cp(join(packageRoot(), "src/parse/testing/kitchen-sink"), folder, { recursive: true });
  return folder;
}

/** dbt describes its own artifacts; its Python has the validator. One line for each mistake. */
const VALIDATE = `
import json, os, sys
from jsonschema import Draft202012Validator
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.run import RunResultsArtifact
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
files = {"manifest.json": WritableManifest, "catalog.json": CatalogArtifact, "run_results.json": RunResultsArtifact,
         "sources.json": FreshnessExecutionResultArtifact}
for name, artifact in files.items():
    path = os.path.join(sys.argv[1], name)
    if not os.path.exists(path):
        print(json.dumps([name, None]))
        continue
    found = Draft202012Validator(artifact.json_schema()).iter_errors(json.load(open(path)))
    print(json.dumps([name, ["/".join(map(str, e.path)) + ": " + e.message[:200] for e in found]]))
`;

async function* valid(kit: Kit, name: string, target: string): AsyncIterable<Case> {
  const script = join(kit.scratch, "validate.py");
  await writeFile(script, VALIDATE);
  const python = join(dirname(process.env["SLUICE_DBT"]!), "python");
  const { code, stdout, stderr } = await run(python, [script, target], { cwd: kit.scratch });
  if (code !== 0) {
    yield skipped(`${name}: schemas`, `dbt's Python cannot validate: ${stderr.trim().split("\n").at(-1)}`);
    return;
  }
  for (const line of stdout.trim().split("\n")) {
    const [file, mistakes] = JSON.parse(line) as [string, string[] | null];
    if (mistakes === null) yield skipped(`${name}: ${file}`, "the project makes none");
    else yield judged(`${name}: ${file} is valid`, mistakes.length > 0 ? mistakes.slice(0, 5).join("; ") : undefined);
  }
}
