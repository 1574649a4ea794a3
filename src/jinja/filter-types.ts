import type { Kwargs } from "./values.ts";

/** A filter or test as generated code calls it: the value, then the arguments written after its name. */
export type Filter = (value: unknown, args: readonly unknown[], kwargs: Kwargs | null) => unknown;
export type Filters = Readonly<Record<string, Filter>>;
