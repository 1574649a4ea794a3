/** A statement around a model's own SQL; `bodyAt` is where that starts, in UTF-16 units. */
export interface WithBody {
  readonly sql: string;
  readonly bodyAt: number;
}

export const withBody = (before: string, body: string, after: string): WithBody => ({
  sql: before + body + after,
  bodyAt: before.length,
});
