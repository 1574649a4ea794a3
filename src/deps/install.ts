/** `deps`: everything a project asks for, and what that asks for in its turn, in the packages' folder. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Diagnostic, error, Failure, hasErrors } from "../diagnostics/diagnostic.ts";
import { Jinja } from "../jinja/index.ts";
import { isMapping } from "../project/shape.ts";
import type { Mapping } from "../project/types.ts";
import { readSource } from "../project/walk.ts";
import { readYaml } from "../project/yaml.ts";
import { cloneInto, linkInto, unpackInto, withoutSecrets } from "./fetch.ts";
import { chooseVersion, type FetchJson } from "./hub.ts";
import { answers, type Locked, readLock, writeLock } from "./lock.ts";
import { readSpecs, type Spec, type SpecsInput } from "./specs.ts";

export interface InstallOptions {
  readonly root: string;
  /** Below the root. */
  readonly folder: string;
  readonly env: SpecsInput["env"];
  readonly vars: Mapping;
  /** Choose anew, whatever the lock says. */
  readonly upgrade: boolean;
  /** Choose and write the lock, without installing. */
  readonly lockOnly: boolean;
  readonly fetchJson?: FetchJson;
  /** `Installed dbt_utils 1.3.0`. */
  readonly onLine: (text: string) => void;
}

interface Found {
  /** The package's name in its dbt_project.yml. */
  readonly name: string;
  /** Where its files are: local ones where they stand, others in the scratch folder. */
  readonly folder: string;
  readonly isLocal: boolean;
  readonly locked: Locked;
  readonly label: string;
}

/** Gives how many packages there are. Throws `Failure`; then the packages' folder is as it was. */
export async function install(options: InstallOptions): Promise<number> {
  const problems: Diagnostic[] = [];
  const input: SpecsInput = { env: options.env, vars: options.vars, jinja: new Jinja() };
  const specs = await readSpecs(options.root, input, problems);
  if (hasErrors(problems)) throw new Failure(problems);
  if (specs.length === 0) return 0;
  const target = resolve(options.root, options.folder);
  await mkdir(target, { recursive: true });
  // Beside the packages, so that moving into place is one step.
  const scratch = await mkdtemp(join(target, ".deps-"));
  try {
    const lock = options.upgrade ? undefined : await readLock(options.root);
    const known = lock && answers(lock, specs) ? lock : undefined;
    const found = await new Resolution(options, input, scratch, known).all(specs);
    await writeLock(
      options.root,
      found.map(({ locked }) => locked),
    );
    if (!options.lockOnly) {
      for (const one of found) await put(one, join(target, one.name));
    }
    for (const one of found) options.onLine(`${options.lockOnly ? "Locked" : "Installed"} ${one.label}`);
    return found.length;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function put({ folder, isLocal }: Found, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  if (isLocal) await linkInto(place, folder);
  else await rename(folder, place);
}

/** Breadth first: a package of the hub is chosen when all who ask for it at that depth are known. */
class Resolution {
  readonly #options: InstallOptions;
  readonly #input: SpecsInput;
  readonly #scratch: string;
  readonly #lock: readonly Locked[] | undefined;
  readonly #found = new Map<string, Found>();
  readonly #asked = new Map<string, Extract<Spec, { kind: "hub" }>[]>();
  #folders = 0;

  constructor(options: InstallOptions, input: SpecsInput, scratch: string, lock: readonly Locked[] | undefined) {
    this.#options = options;
    this.#input = input;
    this.#scratch = scratch;
    this.#lock = lock;
  }

  async all(specs: readonly Spec[]): Promise<Found[]> {
    let waiting = specs;
    while (waiting.length > 0) {
      for (const spec of waiting) {
        if (spec.kind === "hub") this.#asked.set(spec.package, [...(this.#asked.get(spec.package) ?? []), spec]);
      }
      const next: Spec[] = [];
      for (const [key, spec] of new Map(waiting.map((one) => [keyOf(one), one]))) {
        const before = this.#found.get(key);
        const one = await this.#get(spec, before);
        if (!one) continue;
        const twin = [...this.#found].find(([other, { name }]) => other !== key && name === one.name);
        if (twin) {
          const message = `Two packages are called "${one.name}": ${twin[0]} and ${key}.`;
          throw new Failure(error("package-twice", message, spec.at, ["keep one of them"]));
        }
        this.#found.set(key, one);
        next.push(...(await this.#specsOf(one)));
      }
      waiting = next;
    }
    return [...this.#found.values()];
  }

  async #specsOf({ folder }: Found): Promise<Spec[]> {
    const problems: Diagnostic[] = [];
    const specs = await readSpecs(folder, this.#input, problems);
    if (hasErrors(problems)) throw new Failure(problems);
    return specs;
  }

  /** Undefined where it is there already, as it is asked for. */
  async #get(spec: Spec, before: Found | undefined): Promise<Found | undefined> {
    if (before && spec.kind !== "hub") return undefined;
    const folder = spec.kind === "local" ? spec.folder : join(this.#scratch, String(this.#folders++));
    switch (spec.kind) {
      case "local": {
        const name = await projectName(folder, spec);
        return { name, folder, isLocal: true, locked: { local: spec.path, name }, label: `${name} from ${spec.path}` };
      }
      case "git": {
        const known = this.#lock?.find((one) => one["git"] === spec.url)?.["revision"];
        const wanted = known ?? spec.revision;
        const commit = await cloneInto(folder, { url: spec.url, at: spec.at, ...(wanted && { revision: wanted }) });
        const inner = spec.subdirectory ? join(folder, spec.subdirectory) : folder;
        const name = await projectName(inner, spec);
        const below = spec.subdirectory && { subdirectory: spec.subdirectory };
        const locked = { git: spec.url, name, revision: commit, ...below };
        const label = `${name} from ${withoutSecrets(spec.url)} at ${spec.revision ?? commit.slice(0, 10)}`;
        return { name, folder: inner, isLocal: false, locked, label };
      }
      case "tarball": {
        await unpackInto(folder, spec.url, spec.at);
        const name = await projectName(folder, spec);
        const locked = { tarball: spec.url, name };
        return { name, folder, isLocal: false, locked, label: `${name} from ${withoutSecrets(spec.url)}` };
      }
      case "hub": {
        const asked = this.#asked.get(spec.package) ?? [spec];
        const fetchJson = this.#options.fetchJson ?? jsonFrom;
        const pinned = this.#lock?.find((one) => one["package"] === spec.package)?.["version"];
        const wanted = pinned ? [...asked, { ...spec, versions: [pinned] }] : asked;
        const { version, tarball } = await chooseVersion(wanted, fetchJson);
        if (before?.locked["version"] === version) return undefined;
        await unpackInto(folder, tarball, spec.at);
        const name = await projectName(folder, spec);
        const locked = { name, package: spec.package, version };
        return { name, folder, isLocal: false, locked, label: `${spec.package} ${version}` };
      }
    }
  }
}

function keyOf(spec: Spec): string {
  switch (spec.kind) {
    case "hub":
      return spec.package;
    case "git":
      return `${spec.url}${spec.subdirectory ? `#${spec.subdirectory}` : ""}`;
    case "local":
      return resolve(spec.folder);
    case "tarball":
      return spec.url;
  }
}

async function jsonFrom(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

async function projectName(folder: string, { at }: Spec): Promise<string> {
  const file = await readSource(folder, "dbt_project.yml");
  const value = file && readYaml(file).value;
  const name = isMapping(value) ? value["name"] : undefined;
  if (typeof name === "string") return name;
  const next = "a package is a dbt project; subdirectory: names a folder within a repository";
  throw new Failure(error("package-shape", `There is no dbt_project.yml with a name in ${folder}.`, at, [next]));
}
