/** A comment in a statement, for those who look at the server: pg_stat_activity, its logs. */

export interface StatementComment {
  /** Without the signs around it. */
  readonly text: string;
  readonly append: boolean;
}

/** The statement as it is sent, and by how many characters what it says is moved. */
export function commented(sql: string, comment: StatementComment | undefined): { text: string; moved: number } {
  if (!comment) return { text: sql, moved: 0 };
  if (!comment.append) {
    const before = `/* ${comment.text} */\n`;
    return { text: before + sql, moved: Array.from(before).length };
  }
  const bare = sql.trimEnd();
  const end = bare.endsWith(";") ? ";" : "";
  return { text: `${end ? bare.slice(0, -1) : bare}\n/* ${comment.text} */${end}`, moved: 0 };
}
