/** `target/site`: a static site of the artifacts in `target/`, with what the database knows besides. */
import { join } from "node:path";
import { Failure, type Sluice } from "../../index.ts";
import { readArtifacts, text } from "./artifacts.ts";
import { collect } from "./collect.ts";
import { dashboardsOf } from "./dashboards.ts";
import type { NodeDetail, TestCounts } from "./data.ts";
import { countTests, type Entry, entriesOf } from "./nodes.ts";
import { askPanel, historyOf, sampleOf } from "./rows.ts";
import { writeSite } from "./write.ts";

export interface GenerateOptions {
  /** Where manifest.json and the others lie. */
  readonly artifacts: string;
  /** The folder of the site; made, and written over. */
  readonly out: string;
  /** For rows and history; without it the site is made from the artifacts alone. */
  readonly sluice?: Sluice | undefined;
  /** How many rows of each relation to put into the site; none by default. */
  readonly sample?: number;
  readonly now?: Date;
}

export interface Generated {
  /** The page to open. */
  readonly page: string;
  readonly nodes: number;
  /** What could not be read, in sentences. */
  readonly notes: readonly string[];
}

/** Throws `Failure` without a manifest. A server that cannot be reached is a note, and the site is made without it. */
export async function generateSite(options: GenerateOptions): Promise<Generated> {
  const { artifacts: folder, out, sample = 0, now = new Date() } = options;
  const artifacts = await readArtifacts(folder);
  const notes: string[] = [];
  const reached = options.sluice && (await reach(options.sluice, notes));
  const target = options.sluice?.project.target.name;
  const { site, details, search, index, exposures } = collect(artifacts, {
    generatedAt: now,
    ...(target !== undefined && { target }),
    history: reached?.history,
  });
  const sluice = reached?.sluice;
  const ask = sluice && ((panel: Parameters<typeof askPanel>[1]) => askPanel(sluice, panel));
  const countOf = (nodes: readonly number[]): TestCounts => countTests(nodes.flatMap((node) => details[node]!.tests));
  const dashboards = await dashboardsOf(exposures, index, countOf, ask, notes);
  const entries = entriesOf(artifacts.manifest);
  const shown = sluice && sample > 0 ? await withSamples(sluice, entries, details, sample) : details;
  await writeSite(out, { site: { ...site, dashboards, notes: [...site.notes, ...notes] }, details: shown, search });
  return { page: join(out, "index.html"), nodes: site.nodes.length, notes: [...site.notes, ...notes] };
}

async function reach(
  sluice: Sluice,
  notes: string[],
): Promise<{ sluice: Sluice; history: Awaited<ReturnType<typeof historyOf>> } | undefined> {
  try {
    return { sluice, history: await historyOf(sluice) };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    notes.push(`The database was not reached, so there are no rows and no history: ${thrown.message}`);
    return undefined;
  }
}

/** Of everything that is a relation; what is not there has none. */
async function withSamples(
  sluice: Sluice,
  entries: readonly Entry[],
  details: readonly NodeDetail[],
  most: number,
): Promise<NodeDetail[]> {
  const filled: NodeDetail[] = [];
  for (const [i, entry] of entries.entries()) {
    const call = callOf(entry);
    const detail = details[i]!;
    filled.push(call === undefined ? detail : { ...detail, ...(await sampled(sluice, call, most)) });
  }
  return filled;
}

const quoted = (value: string): string => `'${value.replaceAll("'", "\\'")}'`;

function callOf({ kind, json }: Entry): string | undefined {
  if (kind === "source") return `source(${quoted(text(json["source_name"]))}, ${quoted(text(json["name"]))})`;
  if (kind !== "model" && kind !== "seed" && kind !== "snapshot") return undefined;
  const { version } = json;
  const versioned = version === undefined || version === null ? "" : `, v=${JSON.stringify(version)}`;
  return `ref(${quoted(text(json["package_name"]))}, ${quoted(text(json["name"]))}${versioned})`;
}

async function sampled(sluice: Sluice, call: string, most: number): Promise<Pick<NodeDetail, "sample">> {
  try {
    return { sample: await sampleOf(sluice, call, most) };
  } catch (thrown) {
    if (thrown instanceof Failure) return {};
    throw thrown;
  }
}
