/** What `adapter.…` asks of the database and does in it, while a template runs. */
import { callArgs, iter, PyDict, PyTuple, str, TemplateError, truth } from "../jinja/index.ts";
import { findRelation, listColumns, listRelations, listTemporaryColumns } from "../postgres/catalog.ts";
import { findRoutines, listRoutineNames } from "../postgres/routines.ts";
import { quoteLiteral, type RelationName } from "../postgres/relation.ts";
import type { AdapterInput } from "./adapter.ts";
import { Column } from "./column.ts";
import type { TemplateQuery } from "./phase.ts";
import { Relation, type RelationType } from "./relation.ts";
import { ResultTable } from "./results.ts";
import { responseOf } from "./statements.ts";

type Method = (...args: unknown[]) => Promise<unknown>;

export function databaseMethods(input: AdapterInput, query: TemplateQuery): Record<string, Method> {
  const { call, phase } = input;
  const rows = async (sql: string, own = true): Promise<Record<string, string>[]> => {
    const result = await query(sql, { own });
    return result.rows.map((row) => Object.fromEntries(result.fields.map((f, i) => [f.name, row[i] ?? ""])));
  };
  const relationOf = (row: Record<string, string>): Relation =>
    new Relation({
      database: input.database,
      schema: row["schema"],
      identifier: row["name"],
      type: (row["kind"] === "partitioned_table" ? "table" : row["kind"]) as RelationType,
    });
  const standing = (name: RelationName): RelationName => phase.standing?.(name) ?? name;
  const find = async (relation: unknown): Promise<Relation | null> => {
    const named = nameOf(relation);
    const place = standing(named.place);
    const isFunction = named.parts.type === "function";
    const [one] = await rows(isFunction ? findRoutines([place]) : findRelation(place));
    const found = one && (isFunction ? { ...one, kind: "function" } : one);
    if (!found) return null;
    const schema = named.parts.schema ?? place.schema;
    // It goes by the name that it will be published under.
    return schema === place.schema
      ? relationOf(found)
      : relationOf({ ...found, schema }).with({ standsIn: place.schema });
  };
  const columns = async (relation: unknown): Promise<Column[]> => {
    if (!(relation instanceof Relation)) throw notARelation(relation);
    const { schema, identifier = "" } = relation.parts;
    const sql = schema === undefined ? listTemporaryColumns(identifier) : listColumns(standing(relation.place));
    return (await rows(sql)).map((row) => new Column(row["name"] ?? "", row["type"] ?? ""));
  };
  const run = async (sql: unknown, begins: unknown): Promise<PyTuple> => {
    const result = await query(str(sql), { begins: begins !== undefined && truth(begins) });
    return PyTuple.of([responseOf(result), ResultTable.of(result, (text) => phase.message("print", text))]);
  };
  /** By the macro of that name, which a project may have overridden. */
  const byMacro =
    (name: string): Method =>
    async (...args) => {
      await call(name, args);
      return null;
    };
  const inSchema = async (schema: unknown): Promise<Relation[]> => {
    const functions = (await rows(listRoutineNames([str(schema)]))).map((row) => ({ ...row, kind: "function" }));
    return [...(await rows(listRelations([str(schema)]), false)), ...functions].map(relationOf);
  };

  /** What a project has a macro for in the place of dbt's is asked of that. */
  const overridable = (name: string, own: Method): Method =>
    input.macros.isOverridden(name) ? async (...args) => call(name, args) : own;

  return {
    get_relation: async (...args) => {
      const given = callArgs(args, ["database", "schema", "identifier"]);
      return find(new Relation({ schema: str(given["schema"]), identifier: str(given["identifier"]) }));
    },
    load_relation: find,
    already_exists: async (schema, name) =>
      (await find(new Relation({ schema: str(schema), identifier: str(name) }))) !== null,
    get_columns_in_relation: overridable("get_columns_in_relation", columns),
    /** What the macro of that name is made of. */
    columns_in_catalog: columns,
    get_columns_in_table: (...args) => {
      const given = callArgs(args, ["schema_name", "table_name"]);
      return columns(new Relation({ schema: str(given["schema_name"]), identifier: str(given["table_name"]) }));
    },
    get_column_schema_from_query: async (sql) => {
      const { fields } = await query(str(sql));
      if (fields.length === 0) return [];
      const named = await query(`select ${fields.map((f) => `format_type(${f.type}, null)`).join(", ")}`);
      return fields.map((f, i) => new Column(f.name, named.rows[0]?.[i] ?? ""));
    },
    get_missing_columns: async (...args) => {
      const { from_relation, to_relation } = callArgs(args, ["from_relation", "to_relation"]);
      const have = new Set((await columns(to_relation)).map((c) => c.name));
      return (await columns(from_relation)).filter((c) => !have.has(c.name));
    },
    expand_target_column_types: async (...args) => {
      const { from_relation, to_relation } = callArgs(args, ["from_relation", "to_relation"]);
      const wider = new Map((await columns(from_relation)).map((c) => [c.name, c]));
      for (const column of await columns(to_relation)) {
        const other = wider.get(column.name);
        if (other && column.canExpandTo(other))
          await call("alter_column_type", [to_relation, column.name, other.dataType]);
      }
      return null;
    },
    list_relations: (...args) => inSchema(callArgs(args, ["database", "schema"])["schema"]),
    list_relations_without_caching: (relation) => inSchema(nameOf(relation).place.schema),
    list_schemas: async () =>
      (await rows("select nspname as name from pg_namespace order by 1")).map((row) => row["name"]),
    check_schema_exists: async (...args) => {
      const given = callArgs(args, ["database", "schema"]);
      const wanted = quoteLiteral(str(given["schema"]));
      return (await rows(`select 1 as one from pg_namespace where nspname = ${wanted}`)).length > 0;
    },
    execute: (...args) => {
      const given = callArgs(args, ["sql", "auto_begin", "fetch", "limit"]);
      return run(given["sql"], given["auto_begin"]);
    },
    add_query: (...args) => {
      const given = callArgs(args, ["sql", "auto_begin", "bindings", "abridge_sql_log"]);
      return run(bound(str(given["sql"]), given["bindings"]), given["auto_begin"] ?? true);
    },
    validate_sql: async (sql) => (await run(`explain ${str(sql)}`, false)).at(0),
    commit: async () => {
      await phase.commit?.();
      return "";
    },
    commit_if_has_connection: async () => {
      await phase.commit?.();
      return "";
    },
    create_schema: byMacro("create_schema"),
    drop_schema: byMacro("drop_schema"),
    drop_relation: byMacro("drop_relation"),
    truncate_relation: byMacro("truncate_relation"),
    rename_relation: byMacro("rename_relation"),
    valid_snapshot_target: async (relation) => {
      const names = (await columns(relation)).map((c) => c.name.toLowerCase());
      const lacking = ["dbt_scd_id", "dbt_valid_from", "dbt_valid_to"].filter((name) => !names.includes(name));
      if (lacking.length > 0)
        throw new TemplateError(
          "CompilationError",
          `${str(relation)} lacks the snapshot columns ${lacking.join(", ")}`,
        );
      return null;
    },
    get_rows_different_sql: async (...args) => {
      const given = callArgs(args, ["relation_a", "relation_b", "column_names", "except_operator"]);
      const [a, b] = [given["relation_a"], given["relation_b"]];
      const names = given["column_names"] ? [...iter(given["column_names"])] : (await columns(a)).map((c) => c.name);
      const list = names.map((name) => input.quote(str(name))).join(", ");
      const except = (one: unknown, other: unknown): string =>
        `(select ${list} from ${str(one)} except select ${list} from ${str(other)})`;
      return `select (select count(*) from ${str(a)}) - (select count(*) from ${str(b)}) as row_count_difference,
  (select count(*) from (${except(a, b)} union all ${except(b, a)}) as different) as num_mismatched`;
    },
  };
}

/** dbt's `%s` for values, as psycopg2 has it. */
function bound(sql: string, bindings: unknown): string {
  if (bindings === undefined || bindings === null) return sql;
  const values = [...iter(bindings)];
  let next = 0;
  return sql.replace(/%s|%%/g, (found) => {
    if (found === "%%") return "%";
    const value = values[next++];
    return value === null || value === undefined ? "null" : quoteLiteral(str(value)).trim();
  });
}

const notARelation = (found: unknown): TemplateError =>
  new TemplateError("TypeError", `expected a relation, got ${str(found)}`);

function nameOf(relation: unknown): Relation {
  if (!(relation instanceof Relation)) throw notARelation(relation);
  return relation;
}

/** Rows of grants as `{privilege: [grantee, …]}`. */
export function grantsOf(table: unknown): PyDict {
  const grants = new PyDict();
  if (!(table instanceof ResultTable)) return grants;
  for (const row of table.rows) {
    const privilege = str(row.__getitem__("privilege_type")).toLowerCase();
    const before = (grants.get(privilege) as unknown[] | undefined) ?? [];
    grants.set(privilege, [...before, row.__getitem__("grantee")]);
  }
  return grants;
}
