/** `query-comment:` of dbt_project.yml: text, or a mapping of `comment`, `append` and, for BigQuery only, `job-label`. */
import { error } from "../diagnostics/diagnostic.ts";
import { describe, isMapping, Shape } from "./shape.ts";

/** What is written into every statement that is run for the project. */
export interface QueryComment {
  /** A template, not empty; absent: the comment that dbt writes unasked. */
  readonly template?: string;
  /** Behind the statement, not before it. */
  readonly append: boolean;
}

/** Undefined where no comment is wanted, which an empty value says. */
export function readQueryComment(shape: Shape): QueryComment | undefined {
  const written = shape.value["query-comment"];
  if (!Object.hasOwn(shape.value, "query-comment")) return { append: false };
  if (written === null || written === undefined) return undefined;
  if (!isMapping(written)) return withTemplate(written, false, shape);
  const inner = new Shape(written, '"query-comment"', shape.span("query-comment"), shape.problems);
  inner.warnUnknown(["comment", "append", "job-label", "job_label"]);
  const append = inner.flag("append") ?? false;
  return Object.hasOwn(written, "comment") ? withTemplate(written["comment"]!, append, inner, "comment") : { append };
}

function withTemplate(value: unknown, append: boolean, shape: Shape, key = "query-comment"): QueryComment | undefined {
  if (typeof value === "string") return value === "" ? undefined : { template: value, append };
  const found = describe(shape.value[key]);
  const notes = ["write the text, a template, or leave it empty for no comment"];
  shape.problems.push(error("yaml-shape", `"${key}" must be text, but it is ${found}.`, shape.span(key), notes));
  return undefined;
}
