/** Exposures of type dashboard → what the pages draw; rows come from `ask`, where there is a database. */
import type { Diagnostic, Panel } from "../../index.ts";
import { columnsOf, inWords, namesRead, readDashboard } from "../../index.ts";
import { map, text, texts } from "./artifacts.ts";
import type { Rows, SiteDashboard, SitePanel, TestCounts } from "./data.ts";
import { inlineHtmlOf } from "./markdown.ts";
import type { Entry } from "./nodes.ts";

/** A panel's query and rows. Throws `Failure` when they cannot be had. */
export type AskPanel = (panel: Panel) => Promise<{ readonly sql: string; readonly data: Rows }>;

const WITHOUT_DATABASE =
  "The site was made from artifacts alone, without a database: `sluice docs generate` in the project puts the rows in.";

export async function dashboardsOf(
  exposures: readonly Entry[],
  index: ReadonlyMap<string, number>,
  countOf: (nodes: readonly number[]) => TestCounts,
  ask: AskPanel | undefined,
  notes: string[],
): Promise<SiteDashboard[]> {
  const found: SiteDashboard[] = [];
  for (const { id, json } of exposures) {
    if (text(json["type"]) !== "dashboard") continue;
    const label = text(json["label"]);
    const name = text(json["name"]);
    const meta = { ...map(json["meta"]), ...map(map(json["config"])["meta"]) };
    const problems: Diagnostic[] = [];
    const at = { file: { path: "manifest.json", absolute: "", text: "" }, start: 0, end: 0 };
    const declared = { name, ...(label !== "" && { label }), description: text(json["description"]), meta };
    const dashboard = readDashboard(declared, at, problems);
    notes.push(...problems.map((problem) => problem.message));
    const reads = texts(map(json["depends_on"])["nodes"]).flatMap((parent) => index.get(parent) ?? []);
    const panels: SitePanel[] = [];
    for (const panel of dashboard?.panels ?? []) {
      const used = readsOf(panel, reads, index);
      const made = await sitePanel(panel, ask);
      if (ask && made.problem !== undefined) notes.push(`Panel "${panel.name}" of "${name}": ${made.problem}`);
      panels.push({ ...made, reads: used, tests: countOf(used) });
    }
    const owner = text(map(json["owner"])["name"]) || text(map(json["owner"])["email"]);
    found.push({
      name,
      title: label || inWords(name),
      description: inlineHtmlOf(text(json["description"])),
      ...(owner !== "" && { owner }),
      ...(/^https?:/.test(text(json["url"])) && { url: text(json["url"]) }),
      node: index.get(id)!,
      tests: countOf(panels.flatMap((panel) => panel.reads)),
      panels,
    });
  }
  return found;
}

async function sitePanel(panel: Panel, ask: AskPanel | undefined): Promise<Omit<SitePanel, "reads" | "tests">> {
  const { name, title, grain, chart, dimensions, measures, size } = panel;
  return {
    name,
    title,
    description: inlineHtmlOf(panel.description),
    grain,
    chart,
    dimensions,
    measures,
    size,
    ...(ask ? await answer(panel, ask) : { problem: WITHOUT_DATABASE }),
  };
}

/** `model.package.name`, with a version behind it or not; `source.package.source.table`. */
const nameOf = (id: string): string =>
  id
    .split(".")
    .slice(2, id.startsWith("source.") ? 4 : 3)
    .join(".");

/** Of what the dashboard depends on, what the panel names. */
function readsOf(panel: Panel, all: readonly number[], index: ReadonlyMap<string, number>): number[] {
  const names = namesRead(panel);
  return [...index].filter(([id, i]) => all.includes(i) && names.includes(nameOf(id))).map(([, i]) => i);
}

async function answer(panel: Panel, ask: AskPanel): Promise<Pick<SitePanel, "sql" | "data" | "problem">> {
  try {
    const { sql, data } = await ask(panel);
    const missing = columnsOf(panel).filter((column) => !data.columns.includes(column));
    if (missing.length === 0) return { sql, data };
    const has = data.columns.join(", ");
    return { sql, problem: `The query has no column ${missing.map((c) => `"${c}"`).join(", ")}; it has ${has}.` };
  } catch (thrown) {
    // A panel that cannot be read is shown as such; the others are there all the same.
    if (thrown instanceof Error && thrown.name === "Failure") return { problem: thrown.message };
    throw thrown;
  }
}
