/** Filters on numbers, defaults, and the conversions dbt adds. */
import { attribute } from "./access.ts";
import { bind, integer } from "./arguments.ts";
import { raise, TemplateError } from "./errors.ts";
import type { Filter, Filters } from "./filter-types.ts";
import { round, toFloat, toInteger } from "./numbers.ts";
import { truth } from "./ops.ts";
import { str } from "./text.ts";
import {
  isNumeric,
  isUndefined,
  num,
  PyFloat,
  PyRange,
  PyTuple,
  PyView,
  toInt,
  typeName,
  Undefined,
} from "./values.ts";

function abs(v: unknown): unknown {
  if (v instanceof PyFloat) return new PyFloat(Math.abs(v.value));
  if (!isNumeric(v)) return raise("TypeError", `bad operand type for abs(): '${typeName(v)}'`);
  const n = num(v);
  return typeof n === "bigint" ? toInt(n < 0n ? -n : n) : Math.abs(n);
}

/** What Python's `int` and `float` refuse gives the default; an undefined value is an error all the same. */
function converted(v: unknown, convert: () => unknown, otherwise: () => unknown): unknown {
  if (v instanceof Undefined) v.fail();
  try {
    return convert();
  } catch (thrown) {
    if (thrown instanceof TemplateError) return otherwise();
    throw thrown;
  }
}

const int: Filter = (v, args, kwargs) => {
  const { default: fallback = 0, base } = bind("do_int", args, kwargs, ["default", "base"]);
  return converted(
    v,
    () => toInteger(v, integer(base, 10)),
    () =>
      converted(
        v,
        () => toInteger(toFloat(v)),
        () => fallback,
      ),
  );
};

const float: Filter = (v, args, kwargs) => {
  const { default: fallback = new PyFloat(0) } = bind("do_float", args, kwargs, ["default"]);
  return converted(
    v,
    () => toFloat(v),
    () => fallback,
  );
};

const rounded: Filter = (v, args, kwargs) => {
  const { precision, method = "common" } = bind("do_round", args, kwargs, ["precision", "method"]);
  if (method !== "common" && method !== "ceil" && method !== "floor")
    raise("FilterArgumentError", "method must be common, ceil or floor");
  if (!isNumeric(v)) return raise("TypeError", `type ${typeName(v)} doesn't define __round__ method`);
  const places = integer(precision, 0);
  const n = num(v);
  if (method === "common") {
    if (v instanceof PyFloat) return new PyFloat(round(v.value, places));
    return places >= 0 || typeof n === "bigint" ? n : round(n, places);
  }
  const scaled = Number(n) * 10 ** places;
  return new PyFloat((method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / 10 ** places);
};

const defaulted: Filter = (v, args, kwargs) => {
  const { default_value: fallback = "", boolean } = bind("do_default", args, kwargs, ["default_value", "boolean"]);
  return isUndefined(v) || (truth(boolean) && !truth(v)) ? fallback : v;
};

/** Only native rendering converts; in text, dbt's markers do nothing. */
const unchanged: Filter = (v) => v;

export const numberFilters: Filters = {
  abs,
  int,
  float,
  round: rounded,
  default: defaulted,
  d: defaulted,
  attr: (v, args, kwargs) => attribute(v, str(bind("do_attr", args, kwargs, ["name!"]).name)),
  as_text: unchanged,
  as_bool: unchanged,
  as_native: unchanged,
  as_number: unchanged,
  is_list: (v) => Array.isArray(v) && !(v instanceof PyTuple) && !(v instanceof PyView) && !(v instanceof PyRange),
};
