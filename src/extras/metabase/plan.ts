/** The difference between what is desired and what is there, as requests. Pure; ids that do not exist yet are looked up later. */
import { isDeepStrictEqual } from "node:util";
import type { Place } from "./card.ts";
import type { Desired, DesiredCard, DesiredConnection, DesiredDashboard } from "./desired.ts";
import type { Request } from "./http.ts";
import type { Dashcard, Present, PresentCard, PresentConnection, PresentDashboard, PresentTable } from "./present.ts";
import { nativeQuery } from "./queries.ts";
import type { DesiredField, DesiredTable } from "./tables.ts";

export interface Change {
  readonly verb: "create" | "update" | "archive";
  /** `question "Top customers by amount"`. */
  readonly what: string;
  /** What differs, in words; of something new, nothing. */
  readonly differs: readonly string[];
  /** Under which the id of what is made is known to later changes. */
  readonly makes?: string;
  request(ids: Ids): Request;
}

/** Ids of what is there and of what was made: `database`, `collection`, and the keys of cards and dashboards. */
export type Ids = (key: string) => number;

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

/** Ours is the one that shows our questions, else the one that is called so. */
function findDashboard(
  { key, name }: DesiredDashboard,
  { dashboards, cards }: Omit<Present, "connection">,
): PresentDashboard | undefined {
  const ours = new Set(cards.filter((card) => card.key.startsWith(`${key}/`)).map((card) => card.id));
  const shows = dashboards.find(({ dashcards }) =>
    dashcards.some(({ card_id }) => card_id !== null && ours.has(card_id)),
  );
  return shows ?? dashboards.find((dashboard) => dashboard.name === name);
}

function planDashboard(
  dashboard: DesiredDashboard,
  present: PresentDashboard | undefined,
  known: readonly PresentCard[],
): Change[] {
  const { key, name, description, cards } = dashboard;
  const what = `dashboard "${name}"`;
  const layoutOf = (ids: Ids): Request => layout(present?.id ?? ids(key), cards, present, known, ids);
  if (!present) {
    const create = (ids: Ids): Request => ({
      method: "POST",
      path: "/api/dashboard",
      body: { name, description, collection_id: ids("collection") },
    });
    return [
      { verb: "create", what, differs: [], makes: key, request: create },
      { verb: "update", what, differs: [`${cards.length} questions`], request: layoutOf },
    ];
  }
  const differs = [
    ...(present.name === name ? [] : ["name"]),
    ...((present.description ?? null) === description ? [] : ["description"]),
  ];
  const changes: Change[] = [];
  if (differs.length > 0) {
    const request = (): Request => ({
      method: "PUT",
      path: `/api/dashboard/${present.id}`,
      body: { name, description },
    });
    changes.push({ verb: "update", what, differs, request });
  }
  if (!isLaidOut(cards, present, known)) changes.push({ verb: "update", what, differs: ["layout"], request: layoutOf });
  return changes;
}

const PLACE = ["row", "col", "size_x", "size_y"] as const;

function isLaidOut(cards: readonly DesiredCard[], present: PresentDashboard, known: readonly PresentCard[]): boolean {
  const shown = present.dashcards.filter(({ card_id }) => known.some((card) => card.id === card_id));
  if (shown.length !== cards.length) return false;
  return cards.every(({ key, place }) => {
    const id = known.find((card) => card.key === key)?.id;
    const dashcard = shown.find(({ card_id }) => card_id === id);
    return dashcard !== undefined && PLACE.every((name) => dashcard[name] === place[name]);
  });
}

/** Metabase replaces all rows of a dashboard at once: those of other people go back as they came. */
function layout(
  id: number,
  cards: readonly DesiredCard[],
  present: PresentDashboard | undefined,
  known: readonly PresentCard[],
  ids: Ids,
): Request {
  const before = present?.dashcards ?? [];
  const strangers = before.filter(({ card_id }) => !known.some((card) => card.id === card_id));
  const ours = cards.map(({ key, place }, i): Dashcard => {
    const card_id = ids(key);
    const old = before.find((dashcard) => dashcard.card_id === card_id);
    const fresh = { id: -1 - i, series: [], parameter_mappings: [], visualization_settings: {} };
    return { ...(old ? sendable(old) : fresh), id: old?.id ?? fresh.id, card_id, ...place };
  });
  const dashcards = [
    ...ours,
    ...strangers.map((dashcard) => ({ ...sendable(dashcard), id: dashcard.id, card_id: dashcard.card_id })),
  ];
  const tabs = present?.tabs ?? [];
  return { method: "PUT", path: `/api/dashboard/${id}`, body: { dashcards, ...(tabs.length > 0 && { tabs }) } };
}

const KEPT = [
  ...PLACE,
  "series",
  "parameter_mappings",
  "visualization_settings",
  "dashboard_tab_id",
  "action_id",
  "inline_parameters",
];

/** A row as the API takes it: what it tells besides, such as the whole question, is left out. */
const sendable = (dashcard: Dashcard): Place & Record<string, unknown> =>
  Object.fromEntries(Object.entries(dashcard).filter(([key]) => KEPT.includes(key))) as Place & Record<string, unknown>;

/** Descriptions, semantic types and keys of tables that Metabase has found. What the project does not say stays. */
export function planTables(desired: readonly DesiredTable[], present: readonly PresentTable[]): Change[] {
  return desired.flatMap((table) => {
    const found = findTable(present, table.schema, table.name);
    if (!found) return [];
    const own: Change[] =
      table.description === "" || table.description === found.description
        ? []
        : [put(`/api/table/${found.id}`, `table ${table.schema}.${table.name}`, { description: table.description })];
    return [...own, ...table.fields.flatMap((field) => planField(field, table, found, present))];
  });
}

function planField(
  field: DesiredField,
  table: DesiredTable,
  found: PresentTable,
  present: readonly PresentTable[],
): Change[] {
  const now = found.fields.find((one) => one.name === field.name);
  if (!now) return [];
  const { refersTo } = field;
  const other =
    refersTo && findTable(present, refersTo.schema, refersTo.table)?.fields.find((one) => one.name === refersTo.field);
  // A key to a table that the reader may not see leads nowhere.
  const type = refersTo && !other ? undefined : field.semanticType;
  const body = {
    ...(field.description !== "" && field.description !== now.description && { description: field.description }),
    ...(type !== undefined && type !== now.semantic_type && { semantic_type: type }),
    ...(other && other.id !== now.fk_target_field_id && { fk_target_field_id: other.id }),
  };
  return Object.keys(body).length === 0
    ? []
    : [put(`/api/field/${now.id}`, `column ${table.schema}.${table.name}.${field.name}`, body)];
}

const put = (path: string, what: string, body: object): Change => ({
  verb: "update",
  what,
  differs: Object.keys(body),
  request: () => ({ method: "PUT", path, body }),
});

const findTable = (present: readonly PresentTable[], schema: string, name: string): PresentTable | undefined =>
  present.find((table) => table.schema === schema && table.name === name);
