/** Parents read only for a stretch of time: a batch of a microbatch model, or `--sample`. */
import type { Relation } from "../context/relation.ts";
import type { Resource } from "../parse/manifest.ts";
import { quoteIdent } from "../postgres/relation.ts";

/** From `start`, up to but without `end`. */
export interface Stretch {
  readonly start: Date;
  readonly end: Date;
}

/** What both have in common; the later start and the earlier end. */
export function overlap(a: Stretch | undefined, b: Stretch | undefined): Stretch | undefined {
  if (!a || !b) return a ?? b;
  return { start: a.start > b.start ? a.start : b.start, end: a.end < b.end ? a.end : b.end };
}

/** The relation itself where the parent does not say which column tells a row's time. */
export function during(relation: Relation, parent: Resource, stretch: Stretch | undefined): Relation {
  const column = eventTime(parent);
  if (!stretch || column === undefined) return relation;
  const name = String(relation.parts.identifier);
  const condition = `${column} >= '${written(stretch.start)}' and ${column} < '${written(stretch.end)}'`;
  return relation.with({
    text: `(select * from ${relation.__str__()} where ${condition}) _dbt_et_filter_subq_${name}`,
  });
}

/** Named as written, but quoted where its entry says so. */
function eventTime(parent: Resource): string | undefined {
  const name = parent.config.all["event_time"];
  if (typeof name !== "string") return undefined;
  const columns = parent.kind === "exposure" ? [] : parent.columns;
  return columns.some((column) => column.name === name && column.quote) ? quoteIdent(name) : name;
}

/** As Python writes a time with its zone: `2024-01-31 00:00:00+00:00`. */
const written = (time: Date): string => {
  const text = time.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${text.slice(20, 23) === "000" ? "" : `.${text.slice(20, 23)}000`}+00:00`;
};
