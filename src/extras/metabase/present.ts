/** What Metabase holds now, as far as it concerns the project. */
import type { Desired, DesiredConnection } from "./desired.ts";
import type { Metabase } from "./http.ts";
import { databaseOf, markOf, sqlOf } from "./queries.ts";
import type { Place } from "./card.ts";

export interface Present {
  readonly connection?: PresentConnection;
  readonly collection?: { readonly id: number };
  /** Questions that Sluice made, in the collection. */
  readonly cards: readonly PresentCard[];
  /** Dashboards in the collection. */
  readonly dashboards: readonly PresentDashboard[];
}

export interface PresentConnection {
  readonly id: number;
  /** Absent where the login may not see them. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface PresentCard {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly display: string;
  readonly visualization_settings: Readonly<Record<string, unknown>>;
  readonly sql: string;
  readonly database: number | undefined;
}

/** Rows of a dashboard as Metabase has them; what we do not know of them is kept. */
export interface Dashcard extends Place {
  readonly id: number;
  readonly card_id: number | null;
  readonly [key: string]: unknown;
}

export interface PresentDashboard {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly dashcards: readonly Dashcard[];
  readonly tabs: readonly unknown[];
}

export interface Item {
  readonly id: number;
  readonly model: string;
}

const PAGE = 200;

/** What lies in a collection, archived things left out; `root` is the one at the top. */
export async function itemsOf(
  metabase: Metabase,
  collection: number | string,
  models: readonly string[],
): Promise<Item[]> {
  const wanted = models.map((model) => `models=${model}`).join("&");
  const found: Item[] = [];
  for (;;) {
    const page = `limit=${PAGE}&offset=${found.length}`;
    const { data } = await metabase.get<{ data: Item[] }>(`/api/collection/${collection}/items?${wanted}&${page}`);
    found.push(...data);
    if (data.length < PAGE) return found;
  }
}

export async function presentConnection(
  metabase: Metabase,
  { name }: Pick<DesiredConnection, "name">,
): Promise<PresentConnection | undefined> {
  const answer = await metabase.get<{ data: Named[] } | Named[]>("/api/database");
  const list = Array.isArray(answer) ? answer : answer.data;
  const found = list.find((database) => database.name === name);
  if (!found) return undefined;
  const { details } = await metabase.get<{ details?: Record<string, unknown> }>(`/api/database/${found.id}`);
  return { id: found.id, ...(details && { details }) };
}

interface Named {
  readonly id: number;
  readonly name: string;
}

export async function presentContent(
  metabase: Metabase,
  { collection, prefix }: Desired,
): Promise<Omit<Present, "connection">> {
  const all =
    await metabase.get<{ id: number | string; name: string; archived?: boolean; location?: string | null }[]>(
      "/api/collection",
    );
  // At the top level: a collection of the same name in somebody's own is theirs.
  const found = all.find(
    (one) => one.name === collection && !one.archived && (one.location ?? "/") === "/" && typeof one.id === "number",
  );
  if (!found) return { cards: [], dashboards: [] };
  const id = found.id as number;
  const data = await itemsOf(metabase, id, ["card", "dashboard"]);
  const cards: PresentCard[] = [];
  const dashboards: PresentDashboard[] = [];
  for (const item of data) {
    if (item.model === "card") {
      const card = await readCard(metabase, item.id);
      // A copy of a question has the mark too: the first one is ours.
      if (card?.key.startsWith(prefix)) cards.push(card);
    } else if (item.model === "dashboard") dashboards.push(await readDashboard(metabase, item.id));
  }
  cards.sort((a, b) => a.id - b.id);
  const first = cards.filter((card, i) => cards.findIndex((other) => other.key === card.key) === i);
  return { collection: { id }, cards: first, dashboards: dashboards.toSorted((a, b) => a.id - b.id) };
}

/** Undefined for questions that Sluice did not make. */
async function readCard(metabase: Metabase, id: number): Promise<PresentCard | undefined> {
  const card = await metabase.get<PresentCard & { dataset_query: unknown }>(`/api/card/${id}`);
  const { name, description, display, visualization_settings, dataset_query } = card;
  const sql = sqlOf(dataset_query);
  const key = markOf(sql);
  if (key === undefined || sql === undefined) return undefined;
  return { id, key, name, description, display, visualization_settings, sql, database: databaseOf(dataset_query) };
}

async function readDashboard(metabase: Metabase, id: number): Promise<PresentDashboard> {
  const { name, description, dashcards, tabs } = await metabase.get<Partial<PresentDashboard>>(`/api/dashboard/${id}`);
  return { id, name: name ?? "", description: description ?? null, dashcards: dashcards ?? [], tabs: tabs ?? [] };
}

export interface PresentTable {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly description: string | null;
  readonly fields: readonly PresentField[];
}

export interface PresentField {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly semantic_type: string | null;
  readonly fk_target_field_id: number | null;
}

export async function presentTables(metabase: Metabase, database: number): Promise<PresentTable[]> {
  const { tables } = await metabase.get<{ tables?: PresentTable[] }>(
    `/api/database/${database}/metadata?include_hidden=true`,
  );
  return tables ?? [];
}
