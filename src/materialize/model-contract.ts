/** Model contracts: names and types are checked before anything is made, constraints are the table's own. */
import { Failure, error } from "../diagnostics/diagnostic.ts";
import type { ColumnProperties, ConstraintProperties } from "../project/types.ts";
import { fitName, foldName, workName, type RelationName } from "../postgres/relation.ts";
import * as constraint from "../postgres/sql/constraints.ts";
import { createTable, describeQuery, insertFromQuery, type TableOptions } from "../postgres/sql/table.ts";
import { ask, run } from "./ask.ts";
import { broken, type Difference, typeName } from "./contract-broken.ts";
import { renameWorkIndex } from "./indexes.ts";
import { type Reference, referenceOf } from "./foreign-keys.ts";
import type { Site, Statements } from "./materialization.ts";

/** A table as its contract describes it. */
export interface PromisedTable {
  readonly columns: readonly { readonly name: string; readonly type: string; readonly clauses: readonly string[] }[];
  /** Checks, and constraints in the user's own words. */
  readonly lines: readonly string[];
  /** Primary and unique keys: their indexes need names of their own, so they are made under a work name. */
  readonly keys: readonly { readonly name: string; readonly sql: (name: string) => string }[];
  /** Added last, behind the swap lock: adding one locks the referenced table. */
  readonly references: readonly Reference[];
}

/** Reads the contract and checks the query's columns against it; throws `Failure` with every difference. */
export function* promise(input: Site): Statements<PromisedTable> {
  yield* checkContract(input);
  return describe(input);
}

/** Names and types alone, which is all that a view can promise. */
export function* checkContract(input: Site): Statements {
  const { node } = input;
  const untyped = node.columns.filter((column) => !column.dataType);
  if (node.columns.length === 0 || untyped.length)
    throw new Failure(
      node.columns.length
        ? untyped.map((column) =>
            error(
              "contract-without-type",
              `The column "${column.name}" of "${node.name}" has no data_type, which an enforced contract needs.`,
              column.at,
            ),
          )
        : error(
            "contract-without-columns",
            `"${node.name}" has an enforced contract, but its columns are not described.`,
            node.at,
            ["list its columns with their data_type in a property file"],
          ),
    );
  yield* compare(input);
}

function* compare(input: Site): Statements {
  const { node } = input;
  const { fields } = yield* run("check contract", describeQuery(input.sql), { reads: true });
  const types = node.columns.map((column) => column.dataType!);
  const resolved = yield* ask<{ type: string; oid: string | number | null }>(
    "types",
    constraint.resolveTypes(types.map(plainType)),
  );
  const unknown = node.columns.filter((_, i) => resolved[i]?.oid === null);
  if (unknown.length)
    throw new Failure(
      unknown.map((column) =>
        error("type-unknown", `PostgreSQL knows no type "${column.dataType}" (column "${column.name}").`, column.at),
      ),
    );
  const names = new Map(
    (yield* ask<{ oid: string | number; type: string }>("types", constraint.nameTypes(fields.map((f) => f.type)))).map(
      (row) => [Number(row.oid), row.type],
    ),
  );
  const differences: Difference[] = [];
  for (const [i, column] of node.columns.entries()) {
    const field = fields.find((f) => f.name === columnName(column));
    const contract = typeName(Number(resolved[i]!.oid), column.dataType!);
    if (!field)
      differences.push({
        column: column.name,
        promised: column.dataType!,
        found: "missing",
        definition: "",
        contract,
      });
    else if (family(field.type) !== family(Number(resolved[i]!.oid)))
      differences.push({
        column: column.name,
        promised: column.dataType!,
        found: names.get(field.type) ?? "another type",
        definition: typeName(field.type, names.get(field.type)),
        contract,
      });
  }
  const promised = node.columns.map(columnName);
  for (const field of fields.filter((f) => !promised.includes(f.name)))
    differences.push({
      column: field.name,
      promised: "missing",
      found: names.get(field.type) ?? "of some type",
      definition: typeName(field.type, names.get(field.type)),
      contract: "",
    });
  if (differences.length)
    throw new Failure(
      broken(
        input,
        differences,
        fields.map((f) => f.name),
      ),
    );
}

/** dbt compares what its driver calls a type: all text types are one, and so on. */
const FAMILIES: readonly (readonly number[])[] = [
  [25, 18, 19, 1042, 1043, 705],
  [21, 23],
  [700, 701],
];
const family = (oid: number): number => FAMILIES.find((members) => members.includes(oid))?.[0] ?? oid;

/** `serial` is not a type, but may stand where one does. */
const SERIAL = new Map([
  ["serial", "integer"],
  ["serial4", "integer"],
  ["bigserial", "bigint"],
  ["serial8", "bigint"],
  ["smallserial", "smallint"],
  ["serial2", "smallint"],
]);
const plainType = (type: string): string => SERIAL.get(type.trim().toLowerCase()) ?? type;

/** Unless quoted, a column's name is as Postgres folds it. */
export const columnName = (column: Pick<ColumnProperties, "name" | "quote">): string =>
  column.quote ? column.name : foldName(column.name);

// A primary key means not null; said aloud, PostgreSQL 18 gives that constraint the table's own name.
const isRequired = (c: ConstraintProperties): boolean => c.type === "not_null" || c.type === "primary_key";

function describe(input: Site): PromisedTable {
  const table = input.target.identifier;
  const lines: string[] = [];
  const keys: { name: string; sql: (name: string) => string }[] = [];
  const references: Reference[] = [];
  const taken = new Set<string>();
  const nameFor = (given: string | undefined, columns: readonly string[], suffix: string): string => {
    let name = given ?? fitName([table, ...columns].join("_"), suffix);
    for (let i = 1; taken.has(name); i++) name = fitName([table, ...columns].join("_"), `${suffix}${i}`);
    taken.add(name);
    return name;
  };
  const addLine = (c: ConstraintProperties, columns: readonly string[]): void => {
    switch (c.type) {
      case "primary_key":
        keys.push({
          name: nameFor(c.name, [], "_pkey"),
          sql: (name) => constraint.primaryKey(name, columns, c.expression),
        });
        break;
      case "unique":
        keys.push({
          name: nameFor(c.name, columns, "_key"),
          sql: (name) => constraint.unique(name, columns, c.expression),
        });
        break;
      case "foreign_key":
        references.push(
          referenceOf(input, c, nameFor(c.name, columns, "_fkey"), columns, () => expressionOf(input, c)),
        );
        break;
      case "check":
        lines.push(constraint.check(nameFor(c.name, columns, "_check"), expressionOf(input, c)));
        break;
      case "not_null":
      case "custom":
        lines.push(expressionOf(input, c));
        break;
    }
  };
  const required = new Set([
    ...input.node.constraints.filter(isRequired).flatMap((c) => c.columns.map((name) => ownName(input, name))),
    ...input.node.columns.filter((column) => column.constraints.some(isRequired)).map(columnName),
  ]);
  const columns = input.node.columns.map((column) => {
    const name = columnName(column);
    const clauses: string[] = [];
    for (const c of column.constraints) {
      if (c.type === "not_null") required.delete(name);
      if (c.type === "not_null") clauses.push(constraint.notNull(nameFor(c.name, [name], "_not_null"), c.expression));
      else if (c.type === "custom") clauses.push(expressionOf(input, c));
      else addLine(c, [name]);
    }
    if (required.has(name)) clauses.push(constraint.notNull(nameFor(undefined, [name], "_not_null")));
    return { name, type: column.dataType!, clauses };
  });
  for (const c of input.node.constraints)
    if (c.type !== "not_null")
      addLine(
        c,
        c.columns.map((name) => ownName(input, name)),
      );
  return { columns, lines, keys, references };
}

const ownName = (input: Site, name: string): string => {
  const column = input.node.columns.find((c) => c.name === name);
  return columnName(column ?? { name });
};

function expressionOf(input: Site, c: ConstraintProperties): string {
  if (c.expression) return c.expression;
  throw new Failure(
    error("constraint-incomplete", `A ${c.type} constraint of "${input.node.name}" has no expression.`, c.at, [
      c.type === "check" ? "for example `expression: amount >= 0`" : "write the constraint's SQL in `expression`",
    ]),
  );
}

export function* createPromised(
  input: Site,
  into: RelationName,
  options: TableOptions,
  promised: PromisedTable,
): Statements {
  const building = into.identifier !== input.target.identifier;
  const columns = promised.columns.map((c) => constraint.columnDefinition(c.name, c.type, c.clauses));
  const keys = promised.keys.map((key) => key.sql(building ? workName(key.name) : key.name));
  yield* run("create table", createTable(into, [...columns, ...promised.lines, ...keys], options));
  const names = promised.columns.map((c) => c.name);
  yield* run("fill table", insertFromQuery(into, names, input.sql), { main: true });
}

export function* renamePromised(target: RelationName, promised: PromisedTable): Statements {
  for (const key of promised.keys) yield* renameWorkIndex(target.schema, key.name);
}
