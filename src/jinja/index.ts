/** The Jinja dialect dbt projects are written in: templates, Python's values, and nothing of dbt's names. */
export { type Block, splitBlocks } from "./blocks.ts";
export { call, callMethod, getattr, getitem, isCallable } from "./access.ts";
export { callArgs } from "./arguments.ts";
export { fromPython, toPython } from "./convert.ts";
export { PyDict } from "./dict.ts";
export { Jinja } from "./environment.ts";
export { type Frame, framesOf, MacroReturn, TemplateError } from "./errors.ts";
export { jsonDumps, type JsonOptions } from "./json.ts";
export { literalEval } from "./literal.ts";
export { MacroValue } from "./macro.ts";
export { isMapping } from "./methods-dict.ts";
export { modules } from "./modules/index.ts";
export { renderNative } from "./native.ts";
export { compare, contains, eq, iter, len, order, truth } from "./ops.ts";
export type { SourceMap } from "./source-map.ts";
export type { Rendered, Scope, Template } from "./template.ts";
export { repr, str } from "./text.ts";
export {
  type HostObject,
  isUndefined,
  Kwargs,
  Namespace,
  PyDecimal,
  PyFloat,
  PyIterator,
  PyRange,
  PySet,
  PyTuple,
  typeName,
  Undefined,
} from "./values.ts";
