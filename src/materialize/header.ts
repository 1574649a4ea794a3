/** `sql_header`, most often set by `{% call set_sql_header(config) %}`: SQL to be run before the node's own statements. */
import type { NodeBase } from "../parse/manifest.ts";
import { run } from "./ask.ts";
import type { Statements } from "./materialization.ts";

type Headed = Pick<NodeBase, "config">;

export function headerOf({ config }: Headed): string | undefined {
  const written = config.all["sql_header"];
  return typeof written === "string" && written.trim() !== "" ? written : undefined;
}

/** On the node's session and in its transaction: settings last until the session is given back. */
export function* sqlHeader(node: Headed): Statements {
  const header = headerOf(node);
  if (header !== undefined) yield* run("sql header", header);
}
