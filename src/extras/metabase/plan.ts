/** The difference between what is desired and what is there, as requests. Pure; ids that do not exist yet are looked up later. */
import { isDeepStrictEqual } from "node:util";
import type { Change, Ids } from "./change.ts";
import type { Desired, DesiredCard, DesiredConnection } from "./desired.ts";
import type { Request } from "./http.ts";
import { findDashboard, planDashboard } from "./plan-dashboard.ts";
import type { Present, PresentCard, PresentConnection, PresentDashboard } from "./present.ts";
import { nativeQuery } from "./queries.ts";

export function planConnection(desired: DesiredConnection, present: PresentConnection | undefined): Change[] {
  const wanted = {
    host: desired.host,
    port: desired.port,
    dbname: desired.dbname,
    user: desired.user,
    ssl: desired.ssl,
    "schema-filters-type": "inclusion",
    "schema-filters-patterns": desired.schemas.join(","),
  };
  const details = { ...wanted, ...(desired.password !== undefined && { password: desired.password }) };
  const body = { name: desired.name, engine: "postgres", details };
  const what = `connection "${desired.name}"`;
  if (!present) {
    const settings = { is_full_sync: true, is_on_demand: false, auto_run_queries: true };
    const request = (): Request => ({ method: "POST", path: "/api/database", body: { ...body, ...settings } });
    return [{ verb: "create", what, differs: [], makes: "database", request }];
  }
  const found = present.details;
  if (!found) return [];
  const differs = Object.entries(wanted)
    .filter(([key, value]) => String(found[key] ?? "") !== String(value) && !(key === "ssl" && !found[key] && !value))
    .map(([key]) => key);
  if (differs.length === 0) return [];
  // What is not ours to say (tunnels, certificates) stays; the password comes back masked, and is kept by that.
  const request = (): Request => ({
    method: "PUT",
    path: `/api/database/${present.id}`,
    body: { ...body, details: { ...found, ...details } },
  });
  return [{ verb: "update", what, differs, request }];
}

/** Collection, questions, dashboards, in the order in which they need one another. */
export function planContent(
  desired: Desired,
  present: Omit<Present, "connection">,
  database: number | undefined,
): Change[] {
  const changes: Change[] = [];
  if (!present.collection) {
    const request = (): Request => ({ method: "POST", path: "/api/collection", body: { name: desired.collection } });
    changes.push({
      verb: "create",
      what: `collection "${desired.collection}"`,
      differs: [],
      makes: "collection",
      request,
    });
  }
  const wanted = new Set(desired.dashboards.flatMap(({ cards }) => cards.map(({ key }) => key)));
  for (const { cards } of desired.dashboards) {
    for (const card of cards)
      changes.push(
        ...planCard(
          card,
          present.cards.find((one) => one.key === card.key),
          database,
        ),
      );
  }
  const taken = new Set<number>();
  for (const dashboard of desired.dashboards) {
    const found = findDashboard(dashboard, present);
    if (found) taken.add(found.id);
    changes.push(...planDashboard(dashboard, found, present.cards));
  }
  for (const card of present.cards) {
    if (!wanted.has(card.key)) changes.push(archive("card", card.id, `question "${card.name}"`));
  }
  for (const dashboard of present.dashboards) {
    if (taken.has(dashboard.id) || !isOursAlone(dashboard, present.cards)) continue;
    changes.push(archive("dashboard", dashboard.id, `dashboard "${dashboard.name}"`));
  }
  return changes;
}

const archive = (kind: "card" | "dashboard", id: number, what: string): Change => ({
  verb: "archive",
  what,
  differs: ["the project has it no more"],
  request: () => ({ method: "PUT", path: `/api/${kind}/${id}`, body: { archived: true } }),
});

/** Nothing but our questions is on it, so nobody else's work is lost. */
const isOursAlone = ({ dashcards }: PresentDashboard, cards: readonly PresentCard[]): boolean =>
  dashcards.length > 0 && dashcards.every(({ card_id }) => cards.some((card) => card.id === card_id));

function planCard(card: DesiredCard, present: PresentCard | undefined, database: number | undefined): Change[] {
  const { name, description, display, visualization_settings, sql } = card;
  const look = { name, description, display, visualization_settings };
  const what = `question "${name}"`;
  if (!present) {
    const request = (ids: Ids): Request => ({
      method: "POST",
      path: "/api/card",
      body: {
        ...look,
        type: "question",
        dataset_query: nativeQuery(ids("database"), sql),
        collection_id: ids("collection"),
      },
    });
    return [{ verb: "create", what, differs: [], makes: card.key, request }];
  }
  const differs = Object.entries(look)
    .filter(([key, value]) => !isDeepStrictEqual(plain(value), plain(present[key as keyof typeof look])))
    .map(([key]) => (key === "visualization_settings" ? "look" : key));
  const isSame = present.sql.trim() === sql && (database === undefined || present.database === database);
  if (!isSame) differs.push("query");
  if (differs.length === 0) return [];
  const request = (ids: Ids): Request => ({
    method: "PUT",
    path: `/api/card/${present.id}`,
    body: { ...look, ...(isSame ? {} : { dataset_query: nativeQuery(ids("database"), sql) }) },
  });
  return [{ verb: "update", what, differs, request }];
}

/** As it is after a journey through JSON: readonly arrays and undefined do not count. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
