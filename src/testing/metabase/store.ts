/** What the stub of Metabase remembers. */
import { type ConnectionDetails, sync } from "./sync.ts";

export interface DatabaseRow {
  id: number;
  name: string;
  engine: string;
  details: ConnectionDetails & Record<string, unknown>;
  initial_sync_status: "incomplete" | "complete";
}
export interface FieldRow {
  id: number;
  table_id: number;
  name: string;
  display_name: string;
  description: string | null;
  base_type: string;
  semantic_type: string | null;
  fk_target_field_id: number | null;
}
export interface TableRow {
  id: number;
  db_id: number;
  schema: string;
  name: string;
  display_name: string;
  description: string | null;
  fields: FieldRow[];
}
export interface CollectionRow {
  id: number;
  name: string;
  description: string | null;
  archived: boolean;
  location: string;
}
export interface CardRow {
  id: number;
  name: string;
  description: string | null;
  display: string;
  type: string;
  archived: boolean;
  collection_id: number | null;
  visualization_settings: Record<string, unknown>;
  /** In the form that was sent. */
  dataset_query: Record<string, unknown>;
}
export interface DashcardRow extends Record<string, unknown> {
  id: number;
  card_id: number | null;
}
export interface DashboardRow {
  id: number;
  name: string;
  description: string | null;
  archived: boolean;
  collection_id: number | null;
  dashcards: DashcardRow[];
  tabs: unknown[];
}

export class Store {
  #last = 0;
  readonly databases: DatabaseRow[] = [];
  readonly tables: TableRow[] = [];
  readonly collections: CollectionRow[] = [];
  readonly cards: CardRow[] = [];
  readonly dashboards: DashboardRow[] = [];

  id(): number {
    return ++this.#last;
  }

  /** Ids and what people wrote stay; comments arrive with the first sight of a table; the special table's words every time. */
  async sync(database: DatabaseRow): Promise<void> {
    const patterns = database.details["schema-filters-patterns"];
    const only = database.details["schema-filters-type"] === "inclusion" ? String(patterns).split(",") : undefined;
    const { tables, metadata } = await sync(database.details, only);
    const mine = this.tables.filter((table) => table.db_id === database.id);
    for (const found of tables) {
      let table = mine.find(({ schema, name }) => schema === found.schema && name === found.name);
      if (!table) {
        const { schema, name, comment } = found;
        table = {
          id: this.id(),
          db_id: database.id,
          schema,
          name,
          display_name: name,
          description: comment,
          fields: [],
        };
        this.tables.push(table);
        mine.push(table);
      }
      for (const field of found.fields) {
        let row = table.fields.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
        if (!row) {
          row = {
            id: this.id(),
            table_id: table.id,
            name: field.name,
            display_name: field.name,
            description: field.comment,
            base_type: "type/*",
            semantic_type: null,
            fk_target_field_id: null,
          };
          table.fields.push(row);
        }
        if (field.isPrimary) row.semantic_type ??= "type/PK";
      }
    }
    const all = mine.flatMap((table) =>
      table.fields.map((field) => ({ path: `${table.schema}.${table.name}.${field.name}`, field })),
    );
    for (const table of tables) {
      for (const { name, refersTo } of table.fields) {
        const from = all.find(({ path }) => path === `${table.schema}.${table.name}.${name}`);
        const to = all.find(({ path }) => path === refersTo);
        if (from && to) Object.assign(from.field, { semantic_type: "type/FK", fk_target_field_id: to.field.id });
      }
    }
    for (const { keypath, value } of metadata) applyMetadata(mine, keypath, value);
    database.initial_sync_status = "complete";
  }
}

/** `table.key` or `table.column.key`; names are not told apart by schema. */
function applyMetadata(tables: readonly TableRow[], keypath: string, value: string): void {
  const [first, second, third] = keypath.split(".");
  const table = tables.find(({ name }) => name === first);
  if (!table || !second) return;
  const field = third === undefined ? undefined : table.fields.find(({ name }) => name === second);
  const key = third ?? second;
  const settable = [
    "description",
    "display_name",
    "caveats",
    "points_of_interest",
    ...(field ? ["semantic_type"] : []),
  ];
  if (settable.includes(key) && (third === undefined || field)) Object.assign(field ?? table, { [key]: value });
}
