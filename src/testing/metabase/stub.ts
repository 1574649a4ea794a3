/**
 * A stand-in for Metabase's server that keeps the documented behaviour of the endpoints that Sluice uses, checked by driving
 * it with Metabase's own client (integrations/metabase/check.sh). It syncs and runs questions on the real PostgreSQL.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CardRow, type DashboardRow, type DashcardRow, type DatabaseRow, Store } from "./store.ts";
import { withClient } from "./sync.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface Stub {
  readonly url: string;
  readonly store: Store;
  /** All that changed something, in order; `clear` forgets them. */
  readonly writes: SeenRequest[];
  /** The next request with this method and path is refused. */
  refuse(method: string, path: string, status: number, body: unknown): void;
  close(): Promise<void>;
}

export const API_KEY = "mb_test_key_of_the_stub";
export const SETUP_TOKEN = "d0f4a3a1-setup";
const MASKED = "**MetabasePass**";

type Body = Record<string, unknown>;
type Answer = readonly [status: number, body: unknown];
class Refusal extends Error {
  readonly answer: Answer;
  constructor(status: number, body: unknown) {
    super(String(status));
    this.answer = [status, body];
  }
}

export async function startStub(): Promise<Stub> {
  const store = new Store();
  const writes: SeenRequest[] = [];
  const refusals: { method: string; path: string; answer: Answer }[] = [];
  const users = new Map<string, string>();
  const sessions = new Set<string>();

  const isLoggedIn = ({ headers }: IncomingMessage): boolean =>
    headers["x-api-key"] === API_KEY || sessions.has(String(headers["x-metabase-session"]));
  const newSession = (): { id: string } => {
    const id = `session-${sessions.size + 1}`;
    sessions.add(id);
    return { id };
  };

  const open = (method: string, path: string, body: Body): Answer | undefined => {
    if (path === "/api/health") return [200, { status: "ok" }];
    if (path === "/api/session/properties") {
      const token = users.size === 0 ? SETUP_TOKEN : null;
      return [200, { "has-user-setup": users.size > 0, "setup-token": token, version: { tag: "v0.65.4" } }];
    }
    if (method === "POST" && path === "/api/setup") {
      if (users.size > 0) throw new Refusal(403, "The /api/setup route can only be used to create the first user");
      if (body["token"] !== SETUP_TOKEN)
        throw new Refusal(400, { errors: { token: "Token does not match the setup token." } });
      const { email, password } = body["user"] as { email: string; password: string };
      if (password.length < 8) throw new Refusal(400, { errors: { password: `password is too common: ${password}` } });
      users.set(email, password);
      return [200, newSession()];
    }
    if (method === "POST" && path === "/api/session") {
      if (users.get(String(body["username"])) !== body["password"])
        throw new Refusal(401, { errors: { password: "did not match stored password" } });
      return [200, newSession()];
    }
    return undefined;
  };

  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (more: string) => (text += more));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://stub");
      const method = request.method ?? "GET";
      const body = (text === "" ? {} : JSON.parse(text)) as Body;
      const answer = async (): Promise<Answer> => {
        const refused = refusals.findIndex((one) => one.method === method && one.path === url.pathname);
        if (refused >= 0) return refusals.splice(refused, 1)[0]!.answer;
        const found = open(method, url.pathname, body);
        if (found) return found;
        if (!isLoggedIn(request)) return [401, "Unauthenticated"];
        return route(store, method, url, body);
      };
      answer().then(
        (found) => {
          if (method !== "GET" && found[0] < 300) writes.push({ method, path: url.pathname, body });
          send(response, found);
        },
        (thrown: unknown) =>
          send(response, thrown instanceof Refusal ? thrown.answer : [500, { message: String(thrown) }]),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    store,
    writes,
    refuse: (method, path, status, body) => void refusals.push({ method, path, answer: [status, body] }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const send = (response: ServerResponse, [status, body]: Answer): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

async function route(store: Store, method: string, url: URL, body: Body): Promise<Answer> {
  const [, , what = "", word, action, format] = url.pathname.split("/");
  const id = Number(word);
  switch (`${method} ${what}${word === undefined ? "" : "/:id"}${action === undefined ? "" : `/${action}`}`) {
    case "GET user/:id":
      return [200, userRow(word === "current" ? 1 : id)];
    case "GET database":
      return [200, { data: store.databases.map(shownDatabase), total: store.databases.length }];
    case "GET database/:id":
      return [200, shownDatabase(need(store.databases, id))];
    case "POST database":
      return [200, shownDatabase(await addDatabase(store, body))];
    case "PUT database/:id":
      return [200, shownDatabase(await changeDatabase(need(store.databases, id), body))];
    case "POST database/:id/sync_schema": {
      const database = need(store.databases, id);
      // The answer comes before the work is done.
      setTimeout(() => void store.sync(database).catch(() => {}), 50);
      return [200, { status: "ok" }];
    }
    case "GET database/:id/metadata":
      return [200, { ...shownDatabase(need(store.databases, id)), tables: store.tables.filter((t) => t.db_id === id) }];
    case "GET table/:id":
      return [200, need(store.tables, id)];
    case "PUT table/:id":
      return [200, Object.assign(need(store.tables, id), only(body, "description", "display_name"))];
    case "PUT field/:id":
      return [200, changeField(store, id, body)];
    case "GET field/:id":
      return [
        200,
        need(
          store.tables.flatMap((table) => table.fields),
          id,
        ),
      ];
    case "GET collection":
      return [200, [{ id: "root", name: "Our analytics" }, ...store.collections.filter((c) => !c.archived)]];
    case "GET collection/:id":
      return [200, word === "root" ? { id: "root", name: "Our analytics" } : need(store.collections, id)];
    case "POST collection":
      return [200, addCollection(store, body)];
    case "GET collection/:id/items":
      return [200, items(store, word === "root" ? null : need(store.collections, id).id, url.searchParams)];
    case "GET card":
      return [200, store.cards.filter((card) => !card.archived).map(shownCard)];
    case "GET card/:id":
      return [200, shownCard(need(store.cards, id))];
    case "POST card":
      return [200, shownCard(addCard(store, body))];
    case "PUT card/:id":
      return [
        200,
        shownCard(
          Object.assign(
            need(store.cards, id),
            only(
              body,
              "name",
              "description",
              "display",
              "archived",
              "collection_id",
              "visualization_settings",
              "dataset_query",
            ),
          ),
        ),
      ];
    case "POST card/:id/query":
      return format === "json" ? [200, await runCard(store, need(store.cards, id))] : [404, "Not found."];
    case "GET dashboard/:id":
      return [200, shownDashboard(store, need(store.dashboards, id))];
    case "POST dashboard":
      return [200, shownDashboard(store, addDashboard(store, body))];
    case "PUT dashboard/:id":
      return [200, shownDashboard(store, changeDashboard(store, need(store.dashboards, id), body))];
    default:
      return [404, "API endpoint does not exist."];
  }
}

function need<T extends { id: number }>(rows: readonly T[], id: number): T {
  const found = rows.find((row) => row.id === id);
  if (!found) throw new Refusal(404, "Not found.");
  return found;
}

const only = (body: Body, ...keys: string[]): Body =>
  Object.fromEntries(Object.entries(body).filter(([key]) => keys.includes(key)));

/** As the server's schemas say it: every key that is missing or wrong. */
function require(body: Body, ...keys: string[]): void {
  const missing = keys.filter((key) => body[key] === undefined || body[key] === "");
  if (missing.length > 0)
    throw new Refusal(400, { errors: Object.fromEntries(missing.map((key) => [key, "value must be present."])) });
}

const userRow = (id: number): Body => ({
  id,
  common_name: "Ann Example",
  first_name: "Ann",
  last_name: "Example",
  email: "ann@bank.example",
  is_superuser: true,
});

const shownDatabase = ({ details, ...database }: DatabaseRow): Body => ({
  ...database,
  is_saved_questions: false,
  details: { ...details, password: MASKED },
});

async function checkConnection(details: DatabaseRow["details"]): Promise<void> {
  try {
    await withClient(details, (client) => client.query("select 1"));
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Refusal(400, { message: `${message} (tried with password ${details.password})`, valid: false });
  }
}

async function addDatabase(store: Store, body: Body): Promise<DatabaseRow> {
  require(body, "name", "engine", "details");
  const details = body["details"] as DatabaseRow["details"];
  await checkConnection(details);
  const database: DatabaseRow = {
    id: store.id(),
    name: String(body["name"]),
    engine: String(body["engine"]),
    details,
    initial_sync_status: "incomplete",
  };
  store.databases.push(database);
  setTimeout(() => void store.sync(database).catch(() => {}), 100);
  return database;
}

async function changeDatabase(database: DatabaseRow, body: Body): Promise<DatabaseRow> {
  const sent = body["details"] as DatabaseRow["details"] | undefined;
  const details = { ...database.details, ...sent };
  if (details.password === MASKED) details.password = database.details.password;
  await checkConnection(details);
  return Object.assign(database, only(body, "name"), { details });
}

function changeField(store: Store, id: number, body: Body): Body {
  const all = store.tables.flatMap((table) => table.fields);
  const field = need(all, id);
  const target = body["fk_target_field_id"];
  if (typeof target === "number") need(all, target);
  const type = body["semantic_type"];
  if (type !== undefined && type !== null && !/^type\/[A-Z]\w+$/.test(String(type))) {
    throw new Refusal(400, { errors: { semantic_type: "value must be a valid field semantic or relation type" } });
  }
  Object.assign(field, only(body, "description", "display_name", "semantic_type", "fk_target_field_id"));
  if (field.semantic_type !== "type/FK") field.fk_target_field_id = null;
  return { ...field };
}

function addCollection(store: Store, body: Body): Body {
  require(body, "name");
  const collection = { id: store.id(), name: String(body["name"]), description: null, archived: false, location: "/" };
  store.collections.push(collection);
  return collection;
}

function items(store: Store, collection: number | null, query: URLSearchParams): Body {
  const models = query.getAll("models");
  const here = (row: { collection_id: number | null; archived: boolean }): boolean =>
    row.collection_id === collection && !row.archived;
  const wanted = (model: string): boolean => models.length === 0 || models.includes(model);
  const all = [
    ...store.cards.filter((card) => wanted("card") && here(card)).map((card) => item("card", card)),
    ...store.dashboards.filter((one) => wanted("dashboard") && here(one)).map((one) => item("dashboard", one)),
  ];
  const limit = query.has("limit") ? Number(query.get("limit")) : null;
  const offset = limit === null ? null : Number(query.get("offset") ?? 0);
  const data = limit === null || offset === null ? all : all.slice(offset, offset + limit);
  return { data, total: all.length, models, limit, offset };
}

const item = (model: string, { id, name, description, archived, collection_id }: CardRow | DashboardRow): Body => ({
  id,
  model,
  name,
  description,
  archived,
  collection_id,
});

function addCard(store: Store, body: Body): CardRow {
  require(body, "name", "dataset_query", "display", "visualization_settings");
  const card: CardRow = {
    id: store.id(),
    name: String(body["name"]),
    description: (body["description"] as string | undefined) ?? null,
    display: String(body["display"]),
    type: String(body["type"] ?? "question"),
    archived: false,
    collection_id: (body["collection_id"] as number | undefined) ?? null,
    visualization_settings: body["visualization_settings"] as Body,
    dataset_query: body["dataset_query"] as Body,
  };
  store.cards.push(card);
  return card;
}

/** Queries come back in stages, whatever was sent. */
function shownCard(card: CardRow): Body {
  const { database, native } = card.dataset_query as { database?: number; native?: { query: string } };
  const dataset_query = native
    ? {
        "lib/type": "mbql/query",
        database,
        stages: [{ "lib/type": "mbql.stage/native", native: native.query, "template-tags": {} }],
      }
    : card.dataset_query;
  return {
    ...card,
    dataset_query,
    query_type: native ? "native" : "query",
    database_id: database ?? null,
    table_id: null,
    dashboard_id: null,
    entity_id: `card-entity-id-${String(card.id).padStart(6, "0")}`,
    creator_id: 1,
  };
}

async function runCard(store: Store, card: CardRow): Promise<unknown[]> {
  const { database, native } = card.dataset_query as { database: number; native: { query: string } };
  const { details } = need(store.databases, database);
  return withClient(details, async (client) => (await client.query<Body>(native.query)).rows);
}

function addDashboard(store: Store, body: Body): DashboardRow {
  require(body, "name");
  const dashboard: DashboardRow = {
    id: store.id(),
    name: String(body["name"]),
    description: (body["description"] as string | undefined) ?? null,
    archived: false,
    collection_id: (body["collection_id"] as number | undefined) ?? null,
    dashcards: [],
    tabs: [],
  };
  store.dashboards.push(dashboard);
  return dashboard;
}

/** The whole array is replaced; a negative id is a new row. */
function changeDashboard(store: Store, dashboard: DashboardRow, body: Body): DashboardRow {
  const sent = body["dashcards"] as DashcardRow[] | undefined;
  const dashcards = sent?.map((row) => {
    if (row.card_id !== null) need(store.cards, row.card_id);
    if (row.id < 0) return { ...row, id: store.id() };
    return { ...need(dashboard.dashcards, row.id), ...row };
  });
  return Object.assign(dashboard, only(body, "name", "description", "archived", "tabs"), dashcards && { dashcards });
}

const shownDashboard = (store: Store, dashboard: DashboardRow): Body => ({
  ...dashboard,
  creator_id: 1,
  entity_id: `dash-entity-id-${String(dashboard.id).padStart(6, "0")}`,
  width: "fixed",
  auto_apply_filters: true,
  enable_embedding: false,
  public_uuid: null,
  cache_ttl: null,
  parameters: [],
  dashcards: dashboard.dashcards.map((row) => ({
    inline_parameters: [],
    ...row,
    entity_id: `row-entity-id-${String(row.id).padStart(7, "0")}`,
    dashboard_id: dashboard.id,
    dashboard_tab_id: null,
    action_id: null,
    card: row.card_id === null ? null : shownCard(need(store.cards, row.card_id)),
  })),
});
