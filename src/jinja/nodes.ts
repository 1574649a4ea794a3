/** The syntax tree. Every node knows its place: offsets into the normalised template text. */

export interface Place {
  readonly start: number;
  readonly end: number;
}

export type Expression = Place &
  (
    | { readonly kind: "literal"; readonly value: null | boolean | string | number | bigint }
    | { readonly kind: "float"; readonly value: number }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "tuple" | "list"; readonly items: readonly Expression[] }
    | { readonly kind: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
    | { readonly kind: "attribute"; readonly target: Expression; readonly name: string }
    | { readonly kind: "item"; readonly target: Expression; readonly key: Expression }
    | { readonly kind: "slice"; readonly bounds: readonly (Expression | undefined)[] }
    | CallNode
    | FilterNode
    | { readonly kind: "test"; readonly name: string; readonly target: Expression; readonly args: Arguments }
    | {
        readonly kind: "conditional";
        readonly condition: Expression;
        readonly value: Expression;
        readonly otherwise: Expression | undefined;
      }
    | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
    | { readonly kind: "not" | "neg" | "pos"; readonly operand: Expression }
    | { readonly kind: "compare"; readonly first: Expression; readonly rest: readonly Comparison[] }
    | { readonly kind: "concat"; readonly parts: readonly Expression[] }
    | { readonly kind: BinaryKind; readonly left: Expression; readonly right: Expression }
  );

export type BinaryKind = "add" | "sub" | "mul" | "div" | "floordiv" | "mod" | "pow";
export type Operator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export interface Comparison {
  readonly operator: Operator;
  readonly operand: Expression;
}

export interface CallNode {
  readonly kind: "call";
  readonly callee: Expression;
  readonly args: Arguments;
}

export interface FilterNode {
  readonly kind: "filter";
  readonly name: string;
  /** Undefined: the text of the block the filter belongs to. */
  readonly input: Expression | undefined;
  readonly args: Arguments;
}

export interface Arguments {
  readonly positional: readonly { readonly value: Expression; readonly isSpread: boolean }[];
  /** A name of undefined stands for `**value`. */
  readonly keywords: readonly { readonly name: string | undefined; readonly value: Expression }[];
}

export interface Parameters {
  readonly names: readonly string[];
  /** Of the last parameters. */
  readonly defaults: readonly Expression[];
}

export type Target = Place &
  (
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "tuple"; readonly items: readonly Target[] }
    | { readonly kind: "namespace"; readonly name: string; readonly attribute: string }
  );

export interface Text extends Place {
  readonly kind: "text";
  readonly value: string;
}

export type Body = readonly Statement[];

export type MacroKind = "macro" | "test" | "snapshot" | "docs" | "materialization";

export interface MacroNode extends Place {
  readonly kind: "macro";
  readonly macroKind: MacroKind;
  /** As dbt names it: a test's name starts with `test_`, a materialisation's is `materialization_<name>_<adapter>`. */
  readonly name: string;
  readonly parameters: Parameters;
  readonly body: Body;
}

export interface ForNode extends Place {
  readonly kind: "for";
  readonly target: Target;
  readonly iterable: Expression;
  readonly condition: Expression | undefined;
  readonly isRecursive: boolean;
  readonly body: Body;
  readonly otherwise: Body | undefined;
}

export type Statement =
  | (Place & { readonly kind: "output"; readonly parts: readonly (Text | Expression)[] })
  | (Place & { readonly kind: "do"; readonly value: Expression })
  | (Place & {
      readonly kind: "if";
      readonly condition: Expression;
      readonly body: Body;
      readonly otherwise: Body | undefined;
    })
  | ForNode
  | (Place & { readonly kind: "set"; readonly target: Target; readonly value: Expression })
  | (Place & {
      readonly kind: "setBlock";
      readonly target: Target;
      readonly filter: (Place & FilterNode) | undefined;
      readonly body: Body;
    })
  | MacroNode
  | (Place & {
      readonly kind: "callBlock";
      readonly call: Place & CallNode;
      readonly parameters: Parameters;
      readonly body: Body;
    })
  | (Place & { readonly kind: "filterBlock"; readonly filter: Place & FilterNode; readonly body: Body })
  | (Place & {
      readonly kind: "with";
      readonly bindings: readonly { readonly target: Target; readonly value: Expression }[];
      readonly body: Body;
    })
  | (Place & { readonly kind: "break" | "continue" });
