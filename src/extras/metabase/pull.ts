/** Pull: dashboards that people made in Metabase become exposures, so that lineage ends where they look. */
import { dump } from "js-yaml";
import type { Sluice } from "../../index.ts";
import type { Metabase } from "./http.ts";
import { markOf, readsOf, sqlOf } from "./queries.ts";
import { itemsOf, presentTables } from "./present.ts";
import { isRelation, type Relation } from "./tables.ts";

export interface PulledExposure {
  readonly name: string;
  readonly label: string;
  readonly type: "dashboard";
  readonly url: string;
  readonly description?: string;
  readonly owner: { readonly name?: string; readonly email?: string };
  readonly depends_on: readonly string[];
}

interface Card {
  readonly id?: number | null;
  readonly dataset_query?: unknown;
  readonly database_id?: number | null;
}
interface DashboardAnswer {
  readonly id: number;
  readonly name: string;
  readonly description?: string | null;
  readonly archived?: boolean;
  readonly creator_id?: number;
  readonly dashcards?: readonly { readonly card?: Card | null; readonly series?: readonly Card[] }[];
}

/** Dashboards that read relations of the project, by name; not those that the project itself pushes. */
export async function pull(
  metabase: Metabase,
  url: string,
  sluice: Sluice,
  connection: string,
): Promise<PulledExposure[]> {
  const relations = [...sluice.manifest.nodes.values()].filter(isRelation);
  const database = await databaseId(metabase, connection);
  const names = new Map(
    (await presentTables(metabase, database)).map((table) => [table.id, `${table.schema}.${table.name}`]),
  );
  const byName = new Map(relations.map((node) => [`${node.schema}.${node.alias}`, node]));
  const reader: Reader = {
    metabase,
    database,
    cards: new Map(),
    ofTable: (id) => byName.get(names.get(id) ?? ""),
    relations,
  };
  const own = `${sluice.project.name}/`;
  const found: PulledExposure[] = [];
  for (const id of await dashboardIds(metabase)) {
    const dashboard = await metabase.get<DashboardAnswer>(`/api/dashboard/${id}`);
    const cards = (dashboard.dashcards ?? [])
      .flatMap(({ card, series }) => [card, ...(series ?? [])])
      .filter((card) => card?.dataset_query);
    const isOurs = cards.some((card) => markOf(sqlOf(card?.dataset_query))?.startsWith(own));
    if (dashboard.archived || isOurs) continue;
    const reads = new Set<Relation>();
    for (const card of cards) for (const node of await readsOfCard(reader, card!, new Set())) reads.add(node);
    if (reads.size > 0) found.push(await exposure(metabase, url, dashboard, [...reads]));
  }
  return unique(found).toSorted((a, b) => a.name.localeCompare(b.name, "en"));
}

/** A YAML file of exposures; the same dashboards always give the same bytes. */
export function exposuresYaml(exposures: readonly PulledExposure[]): string {
  const head =
    "# Written by `sluice metabase pull`, which replaces the whole file: dashboards that people made in Metabase.\n";
  return head + dump({ version: 2, exposures }, { lineWidth: 120, noRefs: true });
}

interface Reader {
  readonly metabase: Metabase;
  readonly database: number;
  /** Questions that others read, as they were fetched. */
  readonly cards: Map<number, Card>;
  ofTable(id: number): Relation | undefined;
  readonly relations: readonly Relation[];
}

/** The relations that a question reads, also through other questions. */
async function readsOfCard(reader: Reader, card: Card, seen: Set<number>): Promise<Relation[]> {
  const { dataset_query: query } = card;
  const sql = sqlOf(query);
  if (sql !== undefined) {
    if (card.database_id !== undefined && card.database_id !== null && card.database_id !== reader.database) return [];
    return relationsIn(sql, reader.relations);
  }
  const { tables, cards } = readsOf(query);
  const found = tables.flatMap((id) => reader.ofTable(id) ?? []);
  for (const id of cards) {
    if (seen.has(id)) continue;
    seen.add(id);
    let other = reader.cards.get(id);
    if (!other) {
      other = await reader.metabase.get<Card>(`/api/card/${id}`);
      reader.cards.set(id, other);
    }
    found.push(...(await readsOfCard(reader, other, seen)));
  }
  return found;
}

/** Relations whose name, with its schema, stands in the SQL outside of comments and texts. */
export function relationsIn(sql: string, relations: readonly Relation[]): Relation[] {
  const bare = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, " ");
  const names = new Set<string>();
  for (const [dotted] of bare.matchAll(DOTTED)) {
    const parts = [...dotted.matchAll(NAME)].map(([name]) => unquoted(name));
    // database.schema.table as well as schema.table.column
    for (const [i, part] of parts.entries()) if (i > 0) names.add(`${parts[i - 1]}.${part}`);
  }
  return relations.filter((node) => names.has(`${node.schema}.${node.alias}`));
}

const NAME = /"(?:[^"]|"")+"|[a-z_][\w$]*/gi;
const DOTTED = new RegExp(`(?:${NAME.source})(?:\\s*\\.\\s*(?:${NAME.source}))+`, "gi");

const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();

async function databaseId(metabase: Metabase, name: string): Promise<number> {
  const answer = await metabase.get<{ data: { id: number; name: string }[] }>("/api/database");
  return answer.data.find((database) => database.name === name)?.id ?? -1;
}

async function dashboardIds(metabase: Metabase): Promise<number[]> {
  const all = await metabase.get<{ id: number | string; archived?: boolean }[]>("/api/collection");
  const ids = new Set<number>();
  const collections = new Set(["root", ...all.filter(({ archived }) => !archived).map(({ id }) => String(id))]);
  for (const id of collections) {
    const data = await itemsOf(metabase, id, ["dashboard"]);
    for (const item of data) if (item.model === "dashboard") ids.add(item.id);
  }
  return [...ids].toSorted((a, b) => a - b);
}

async function exposure(
  metabase: Metabase,
  url: string,
  dashboard: DashboardAnswer,
  reads: readonly Relation[],
): Promise<PulledExposure> {
  const { id, name, description, creator_id } = dashboard;
  return {
    name: `metabase_${slug(name) || id}`,
    label: name,
    type: "dashboard",
    url: `${url}/dashboard/${id}`,
    ...(description && { description }),
    owner: await owner(metabase, creator_id),
    depends_on: reads.map((node) => `ref('${node.name}')`).toSorted(),
  };
}

async function owner(metabase: Metabase, id: number | undefined): Promise<PulledExposure["owner"]> {
  if (id === undefined) return { name: "Metabase" };
  // Not everyone may see the users; the dashboard counts.
  const user = await metabase.get<{ common_name?: string; email?: string }>(`/api/user/${id}`).catch(() => undefined);
  return { name: user?.common_name ?? "Metabase", ...(user?.email && { email: user.email }) };
}

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");

/** Two dashboards of one name get their numbers. */
function unique(exposures: readonly PulledExposure[]): PulledExposure[] {
  return exposures.map((one) => {
    const isTwice = exposures.some((other) => other !== one && other.name === one.name);
    return isTwice ? { ...one, name: `${one.name}_${one.url.split("/").at(-1)}` } : one;
  });
}
