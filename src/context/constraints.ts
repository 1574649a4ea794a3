/** Columns and constraints of an enforced contract as SQL, for templates that make their tables themselves. */
import { iter, str, truth } from "../jinja/index.ts";
import { quoteIdent } from "../postgres/relation.ts";

const field = (of: unknown, key: string): unknown => {
  const value = of instanceof Map ? of.get(key) : undefined;
  return value === null ? undefined : value;
};
const text = (of: unknown, key: string): string => {
  const value = field(of, key);
  return value === undefined ? "" : str(value);
};
const texts = (of: unknown, key: string): string[] => [...iter(field(of, key) ?? [])].map(str);

/** One text for each column: name, type and its own constraints. `columns` is the `columns` of `model`. */
export function columnConstraints(columns: unknown): string[] {
  const all = columns instanceof Map ? [...columns.values()] : [...iter(columns)];
  return all.map((column: unknown) => {
    const quoted = field(column, "quote") !== undefined && truth(field(column, "quote"));
    const name = quoted ? quoteIdent(text(column, "name")) : text(column, "name");
    const own = [...iter(field(column, "constraints") ?? [])].map((one) => clause(one, ""));
    return [name, text(column, "data_type"), ...own].join(" ");
  });
}

/** One text for each constraint of the table. */
export function modelConstraints(constraints: unknown): string[] {
  return [...iter(constraints)].map((one) => {
    const name = text(one, "name");
    return `${name ? `constraint ${name} ` : ""}${clause(one, texts(one, "columns").join(", "))}`;
  });
}

/** With the columns in parentheses where the constraint is the table's. */
function clause(constraint: unknown, columns: string): string {
  const expression = text(constraint, "expression");
  const list = columns ? ` (${columns})` : "";
  const then = expression ? ` ${expression}` : "";
  switch (text(constraint, "type")) {
    case "check":
      return `check (${expression})`;
    case "not_null":
      return `not null${then}`;
    case "unique":
      return `unique${list}${then}`;
    case "primary_key":
      return `primary key${list}${then}`;
    case "foreign_key": {
      const to = text(constraint, "to");
      const toColumns = texts(constraint, "to_columns").join(", ");
      const target = to && toColumns ? `${to} (${toColumns})` : expression || to;
      return `${columns ? `foreign key${list} ` : ""}references ${target}`;
    }
    default:
      return expression;
  }
}
