/** What is to be said about tables and columns. Pure. */
import type { Change } from "./change.ts";
import type { PresentTable } from "./present.ts";
import type { DesiredField, DesiredTable } from "./tables.ts";

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
