/** SQL that asks whether a text is a value of a type, without failing when it is not. */
import { quoteLiteral } from "../postgres/relation.ts";
import { baseType } from "./convert.ts";

export interface ValueTest {
  /** A condition, true for null. `cell` is an SQL expression of type text. */
  valid(cell: string): string;
  /** Postgres's own message, null for a good value. */
  fault(cell: string): string;
}

export interface ValueTests {
  readonly tests: readonly ValueTest[];
  /** Statements to run before, and after. */
  readonly create: string;
  readonly drop: string;
}

/** PostgreSQL 16 and later can be asked directly. */
export function nativeTests(types: readonly string[]): ValueTests {
  const tests = types.map((type): ValueTest => {
    const name = quoteLiteral(type);
    return {
      valid: (cell) => `(${cell} is null or pg_input_is_valid(${cell}, ${name}))`,
      fault: (cell) =>
        `case when ${cell} is not null and not pg_input_is_valid(${cell}, ${name}) then (select message from pg_input_error_info(${cell}, ${name})) end`,
    };
  });
  return { tests, create: "", drop: "" };
}

/**
 * For every version and type: a function that tries. A caught error costs 20 µs, and so does setting up to catch it; so
 * what surely is a value is not tried.
 */
export function functionTests(types: readonly string[]): ValueTests {
  const distinct = [...new Set(types)];
  const name = (type: string): string => `pg_temp.sluice_fault_${distinct.indexOf(type) + 1}`;
  const create = distinct.map(
    (type) => `create function ${name(type)}(cell text) returns text language plpgsql as $sluice$
declare
  value ${type};
begin
  -- An assignment, not a cast: a cast to varchar(3) cuts what is too long.
  value := cell;
  return null;
exception when others then
  return sqlerrm;
end
$sluice$`,
  );
  const tests = types.map((type): ValueTest => {
    const sure = surely(type);
    const test = (cell: string): string =>
      sure === undefined
        ? `${name(type)}(${cell})`
        : `case when ${cell} !~ ${quoteLiteral(sure)} then ${name(type)}(${cell}) end`;
    return {
      valid: (cell) => `(${cell} is null or ${test(cell)} is null)`,
      fault: (cell) => `case when ${cell} is not null then ${test(cell)} end`,
    };
  });
  return {
    tests,
    create: create.join(";\n"),
    drop: distinct.map((type) => `drop function ${name(type)}(text)`).join("; "),
  };
}

const DAY = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?";

/** A regular expression that only values of the type match, if most of them do. */
function surely(type: string): string | undefined {
  const base = baseType(type);
  switch (base) {
    case "smallint":
    case "int2":
      return "^-?[0-9]{1,4}$";
    case "int":
    case "integer":
    case "int4":
      return "^-?[0-9]{1,9}$";
    case "bigint":
    case "int8":
      return "^-?[0-9]{1,18}$";
    case "numeric":
    case "decimal": {
      const [, precision, scale = "0"] = /\((\d+)(?:\s*,\s*(\d+))?\)/.exec(type) ?? [];
      // One digit less than there is room for: rounding may carry.
      const whole = precision === undefined ? 100 : Number(precision) - Number(scale) - 1;
      return whole > 0 ? `^-?[0-9]{1,${Math.min(whole, 100)}}(\\.[0-9]{1,100})?$` : undefined;
    }
    case "real":
    case "float4":
    case "double precision":
    case "float8":
      return "^-?[0-9]{1,15}(\\.[0-9]{1,15})?$";
    case "boolean":
    case "bool":
      return "^(t|f|true|false|0|1)$";
    case "date":
      return `^${DAY}$`;
    case "timestamp":
    case "timestamp without time zone":
      return `^${DAY}[ T]${TIME}$`;
    case "timestamptz":
    case "timestamp with time zone":
      return `^${DAY}[ T]${TIME}(Z|[+-](0[0-9]|1[0-4])(:?00|:?30)?)?$`;
    default:
      return undefined;
  }
}
