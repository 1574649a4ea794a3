/** A dashboard and its layout, among what other people put there. Pure. */
import type { Place } from "./card.ts";
import type { Change, Ids } from "./change.ts";
import type { DesiredCard, DesiredDashboard } from "./desired.ts";
import type { Request } from "./http.ts";
import type { Dashcard, Present, PresentCard, PresentDashboard } from "./present.ts";

/** Ours is the one that shows our questions, else the one that is called so. */
export function findDashboard(
  { key, name }: DesiredDashboard,
  { dashboards, cards }: Omit<Present, "connection">,
): PresentDashboard | undefined {
  const ours = new Set(cards.filter((card) => card.key.startsWith(`${key}/`)).map((card) => card.id));
  const shows = dashboards.find(({ dashcards }) =>
    dashcards.some(({ card_id }) => card_id !== null && ours.has(card_id)),
  );
  return shows ?? dashboards.find((dashboard) => dashboard.name === name);
}

export function planDashboard(
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
