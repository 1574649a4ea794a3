import type { Arguments, Expression } from "./nodes.ts";

/** The filters of native rendering, whose results Jinja2 does not compute beforehand. */
const nativeFilters: ReadonlySet<string> = new Set(["as_bool", "as_native", "as_number", "as_text", "random"]);

/** Whether Jinja2 computes an expression while compiling. Native rendering shows it: constants become text. */
export function isConstant(node: Expression): boolean {
  switch (node.kind) {
    case "literal":
    case "float":
      return true;
    case "tuple":
    case "list":
      return node.items.every(isConstant);
    case "dict":
      return node.entries.every(([key, value]) => isConstant(key) && isConstant(value));
    case "and":
    case "or":
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "floordiv":
    case "mod":
    case "pow":
      return isConstant(node.left) && isConstant(node.right);
    case "not":
    case "neg":
    case "pos":
      return isConstant(node.operand);
    case "concat":
      return node.parts.every(isConstant);
    case "compare":
      return isConstant(node.first) && node.rest.every((step) => isConstant(step.operand));
    case "conditional":
      return isConstant(node.condition) && isConstant(node.value) && (!node.otherwise || isConstant(node.otherwise));
    case "filter":
      return (
        !nativeFilters.has(node.name) && node.input !== undefined && isConstant(node.input) && areConstant(node.args)
      );
    case "test":
      return isConstant(node.target) && areConstant(node.args);
    default:
      return false;
  }
}

const areConstant = (args: Arguments): boolean =>
  [...args.positional, ...args.keywords].every((argument) => isConstant(argument.value));
