/** What the project wants Metabase to hold. */
import { type Dashboard, type NodeId, type Panel, SIZES, type Sluice } from "../../index.ts";
import { cardLook, placesOf, type CardLook, type Place } from "./card.ts";
import { withMark } from "./queries.ts";
import { desiredTables, type DesiredTable, isRelation } from "./tables.ts";
import { visibleTo } from "./visible.ts";

export interface Desired {
  readonly connection: DesiredConnection;
  readonly collection: string;
  readonly dashboards: readonly DesiredDashboard[];
  readonly tables: readonly DesiredTable[];
  /** All keys of the project's questions begin so: `bank/`. */
  readonly prefix: string;
  /** What dashboards read and the connection's user may not, for people. */
  readonly hidden: readonly string[];
}

export interface DesiredConnection {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
  /** Needed to make the connection; Metabase never tells it again. */
  readonly password: string | undefined;
  readonly ssl: boolean;
  readonly schemas: readonly string[];
}

export interface DesiredDashboard {
  /** `bank/customer_transaction_analytics`. */
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly cards: readonly DesiredCard[];
}

export interface DesiredCard extends CardLook {
  /** `bank/customer_transaction_analytics/top_customers`. */
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly sql: string;
  readonly place: Place;
}

export interface DesiredOptions {
  readonly connection: Omit<DesiredConnection, "schemas">;
  readonly collection: string;
}

/** Asks the database for the queries of panels, as far as their templates do. Throws `Failure`. */
export async function desiredState(sluice: Sluice, options: DesiredOptions): Promise<Desired> {
  const { manifest, project } = sluice;
  const prefix = `${project.name}/`;
  const dashboards: DesiredDashboard[] = [];
  for (const { dashboard } of manifest.exposures.values()) {
    if (dashboard) dashboards.push(await desiredDashboard(sluice, dashboard, prefix));
  }
  const visible = await visibleTo(sluice, options.connection.user);
  const tables = desiredTables(manifest, visible);
  return {
    connection: { ...options.connection, schemas: [...new Set(tables.map((table) => table.schema))].toSorted() },
    collection: options.collection,
    dashboards,
    tables,
    prefix,
    hidden: hiddenReads(sluice, visible),
  };
}

/** What dashboards read and the reader may not: their questions will fail. `bank/board: marts.dim_customers` */
function hiddenReads({ manifest }: Sluice, visible: ReadonlySet<NodeId>): string[] {
  return [...manifest.exposures.values()].flatMap(({ dashboard, name, dependsOn }) =>
    dependsOn.flatMap((id) => {
      const node = manifest.nodes.get(id);
      const isHidden = dashboard && node && isRelation(node) && !visible.has(id);
      return isHidden ? [`${name} reads ${node.schema}.${node.alias}`] : [];
    }),
  );
}

async function desiredDashboard(sluice: Sluice, dashboard: Dashboard, prefix: string): Promise<DesiredDashboard> {
  const key = prefix + dashboard.name;
  const places = placesOf(dashboard.panels.map((panel) => ({ ...panel, share: SIZES[panel.size] })));
  const cards: DesiredCard[] = [];
  for (const [i, panel] of dashboard.panels.entries()) {
    const { sql } = await sluice.compilePanel(panel);
    cards.push({
      key: `${key}/${panel.name}`,
      name: panel.title,
      description: describe(panel),
      sql: withMark(`${key}/${panel.name}`, sql.trim()),
      place: places[i]!,
      ...cardLook(panel),
    });
  }
  return { key, name: dashboard.title, description: dashboard.description || null, cards };
}

/** The grain stands with every figure: an average is another one at each. */
const describe = ({ description, grain }: Panel): string =>
  [description.trim(), `Grain: ${grain}.`].filter(Boolean).join(" ");
