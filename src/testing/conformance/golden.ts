/** Packages whose repositories hold the manifest and catalog that dbt wrote for them on Postgres: ours beside theirs. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Kit } from "./kit.ts";
import { nodeDifferences } from "./manifests.ts";
import { writeProfile } from "./profile.ts";
import { type Case, failed, judged, passed, skipped, type Suite, Unavailable } from "./suite.ts";

interface Golden {
  readonly repository: string;
  /** As its documentation was made. */
  readonly vars: Readonly<Record<string, unknown>>;
}

const GOLDEN: readonly Golden[] = [
  { repository: "fivetran/dbt_github", vars: { github_schema: "public" } },
  { repository: "fivetran/dbt_jira", vars: { jira_schema: "public" } },
  { repository: "fivetran/dbt_fivetran_log", vars: { fivetran_platform_schema: "public" } },
];

export const golden: Suite = {
  name: "golden",
  about: "manifests and catalogs that dbt wrote: ids, names, dependencies, hashes, configuration, SQL, column types",
  async *run(kit) {
    for (const one of GOLDEN) {
      try {
        yield* compare(kit, one);
      } catch (thrown) {
        if (!(thrown instanceof Unavailable)) throw thrown;
        yield skipped(one.repository, thrown.message);
      }
    }
  },
};

type Dictionary = Readonly<Record<string, unknown>>;
type Section = Readonly<Record<string, Dictionary>>;

interface Manifest {
  readonly metadata: { readonly dbt_version: string; readonly project_name: string };
  readonly nodes: Section;
  readonly sources: Section;
  readonly macros: Section;
  readonly docs: Section;
}

interface Catalog {
  readonly nodes: Section;
  readonly sources: Section;
}

const json = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, "utf8")) as T;

async function* compare(kit: Kit, { repository, vars }: Golden): AsyncIterable<Case> {
  const folder = await kit.checkout(repository);
  const theirs = await json<Manifest>(join(folder, "docs", "manifest.json"));
  const catalog = await json<Catalog>(join(folder, "docs", "catalog.json"));
  const project = join(folder, "integration_tests");
  await restorePackages(folder, project, theirs);
  await inDocsForm(join(project, "dbt_project.yml"));

  const database = await kit.database();
  await writeProfile(join(kit.scratch, "profiles"), database, { name: "integration_tests", schema: "public" });
  const flags = ["--profiles-dir", join(kit.scratch, "profiles"), "--vars", JSON.stringify(vars)];
  const sluice = (...words: string[]): ReturnType<Kit["sluice"]> => kit.sluice([...words, ...flags], { cwd: project });
  const step = async (...words: string[]): Promise<Case> => {
    const { code, all } = await sluice(...words);
    return judged(
      `${repository}: ${words.join(" ")}`,
      code === 0 ? undefined : all.trim().split("\n").slice(-25).join("\n"),
    );
  };

  const parsed = await step("parse");
  yield parsed;
  if (parsed.status === "failed") return;
  const manifestPath = join(project, "target", "manifest.json");
  const { database: name } = database.connection;
  // The name of the database is all over the SQL; that of a test's is like nothing else.
  const ours = async (): Promise<Manifest> =>
    JSON.parse((await readFile(manifestPath, "utf8")).replaceAll(name, "postgres")) as Manifest;
  for (const words of [["seed"], ["run"], ["run"], ["test"], ["docs", "generate"]]) yield await step(...words);
  // As theirs was made: macros called only when a model runs are seen by then.
  yield* resources(repository, theirs, await ours());
  yield* compiledTexts(repository, theirs, await ours());
  yield* columns(repository, catalog, await json<Catalog>(join(project, "target", "catalog.json")));
}

/** The macros of the packages used, from the manifest that holds the text of each: the exact versions, without a network. */
async function restorePackages(folder: string, project: string, { macros, metadata, nodes }: Manifest): Promise<void> {
  const own = new Set(Object.values(nodes).map((node) => String(node["package_name"])));
  const packages = join(project, "dbt_packages");
  const files = new Map<string, string[]>();
  const roots = new Map<string, Set<string>>();
  for (const macro of Object.values(macros)) {
    const pkg = String(macro["package_name"]);
    if (own.has(pkg) || pkg === "dbt" || pkg === "dbt_postgres") continue;
    const path = String(macro["original_file_path"]);
    files.set(join(pkg, path), [...(files.get(join(pkg, path)) ?? []), String(macro["macro_sql"])]);
    roots.set(pkg, (roots.get(pkg) ?? new Set()).add(path.split("/")[0]!));
  }
  for (const [path, texts] of files) {
    await mkdir(dirname(join(packages, path)), { recursive: true });
    await writeFile(join(packages, path), texts.join("\n\n"));
  }
  for (const [pkg, folders] of roots) {
    const config = { name: pkg, version: "1.0.0", "config-version": 2, "macro-paths": [...folders] };
    await writeFile(join(packages, pkg, "dbt_project.yml"), JSON.stringify(config));
  }
  for (const pkg of own) {
    if (pkg === metadata.project_name) continue;
    // As `deps` does with `local: ../`.
    await symlink(folder, join(packages, pkg), "dir");
  }
}

/** Lines that these packages take out before they make their documentation. */
async function inDocsForm(path: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, lines.filter((line) => !line.includes("@docs-ignore")).join("\n"));
}

function* resources(repository: string, theirs: Manifest, ours: Manifest): Iterable<Case> {
  for (const section of ["nodes", "sources"] as const) {
    for (const [id, node] of Object.entries(theirs[section])) {
      const own = ours[section][id];
      if (!own) yield failed(`${repository}: ${id}`, "it is not in our manifest");
      else {
        const found = nodeDifferences(node, own);
        yield found.length === 0 ? passed(`${repository}: ${id}`) : failed(`${repository}: ${id}`, found.join("; "));
      }
    }
    // The project of the tests may have grown since the documentation of its package was made.
    const root = `.${theirs.metadata.project_name}.`;
    const more = Object.keys(ours[section]).filter((id) => !theirs[section][id] && !id.includes(root));
    yield judged(`${repository}: no other ${section}`, more.length > 0 ? more.join(", ") : undefined);
  }
}

/** Spines of dates end today, and increments begin a while before. */
const squeezed = (text: unknown): string =>
  String(text)
    .replace(/\s+/g, " ")
    .replace(/(generated_number <= )\d+|cast\('\d{4}-\d\d-\d\d' as date\)/g, "$1…")
    .trim();

function* compiledTexts(repository: string, theirs: Manifest, ours: Manifest): Iterable<Case> {
  for (const [id, node] of Object.entries(theirs.nodes)) {
    if (typeof node["compiled_code"] !== "string") continue;
    const [there, now] = [squeezed(node["compiled_code"]), squeezed(ours.nodes[id]?.["compiled_code"])];
    const at = [...there].findIndex((character, i) => now[i] !== character);
    const from = Math.max(0, at - 60);
    yield judged(
      `${repository}: SQL of ${id}`,
      there === now ? undefined : `dbt …${there.slice(from, at + 80)}…, sluice …${now.slice(from, at + 80)}…`,
    );
  }
}

const typed = (entry: Dictionary | undefined): string =>
  Object.values((entry?.["columns"] ?? {}) as Section)
    .map((c) => `${String(c["name"])} ${String(c["type"])}`)
    .join(", ");

function* columns(repository: string, theirs: Catalog, ours: Catalog): Iterable<Case> {
  for (const section of ["nodes", "sources"] as const) {
    for (const [id, entry] of Object.entries(theirs[section])) {
      const [there, now] = [typed(entry), typed(ours[section][id])];
      yield judged(`${repository}: columns of ${id}`, there === now ? undefined : `dbt ${there}; sluice ${now}`);
    }
  }
}
