/** Errors of nodes as dbt words them in its results and log, where tools look for `Database Error in model …`. */
import type { Diagnostic, SourceFile } from "./diagnostic.ts";

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly file: SourceFile;
}

/** dbt's name for the kind of error: said by Postgres, a fault of ours, or something wrong with what was written. */
export function errorKind({ code }: Diagnostic): "Database Error" | "Runtime Error" | "Compilation Error" {
  if (code.startsWith("sql-")) return "Database Error";
  return RUNTIME.has(code) ? "Runtime Error" : "Compilation Error";
}

const RUNTIME = new Set(["cancelled", "internal", "name-too-long"]);

/** `Database Error in model stg_orders (models/staging/stg_orders.sql)` */
export const errorTitle = (diagnostic: Diagnostic, { kind, name, file }: Named): string =>
  `${errorKind(diagnostic)} in ${kind} ${name} (${file.path})`;

/** The title, and indented below it what was wrong and what is known beside. */
export function errorMessage(diagnostic: Diagnostic, node: Named): string {
  const said = [diagnostic.message, ...diagnostic.notes.map((note) => note.message)];
  return [errorTitle(diagnostic, node), ...said.join("\n").split("\n")].join("\n  ");
}
