/** What a server said of a statement, in the parts that dbt's readers know: `SELECT 195` → code and rows. */

export interface Answer {
  readonly _message?: string;
  readonly code?: string;
  /** -1 where the server counts none. */
  readonly rows_affected?: number;
}

/** `said` may be another sentence, which has no parts. */
export function answerOf(said: string | undefined, rows: number | undefined): Answer {
  if (said === undefined) return rows === undefined ? {} : { rows_affected: rows };
  const [, code, counted] = /^([A-Z][A-Z ]*?)(?: (\d+))?(?:, unchanged)?$/.exec(said) ?? [];
  if (code === undefined) return { _message: said, ...(rows === undefined ? {} : { rows_affected: rows }) };
  return { _message: said, code, rows_affected: rows ?? Number(counted ?? -1) };
}
