export const PROFILES = ["published", "original"] as const;
export type Profile = (typeof PROFILES)[number];

/** What a caller may say; everything has a default. The defaults make the committed `data/transactions.csv`. */
export interface GenerateRequest {
  /** Transactions. Default 2,000; 1,000 for `original`. Injected duplicates come on top. */
  readonly rows?: number;
  /** Default one for every 20 rows. */
  readonly customers?: number;
  /** Same seed, same bytes. Default 42. */
  readonly seed?: number;
  /** First day, `YYYY-MM-DD`. Default 2025-01-01. */
  readonly start?: string;
  /** Last day, `YYYY-MM-DD`. Default 2025-12-31. */
  readonly end?: string;
  readonly profile?: Profile;
  /** Share of rows to spoil, from 0 (default) to 1. */
  readonly dirty?: number;
}

export type GenerateOptions = Required<GenerateRequest>;

/** Fills in the defaults. Throws a `RangeError` that names the option and what it should be. */
export function completeOptions(request: GenerateRequest): GenerateOptions {
  const profile = request.profile ?? "published";
  if (!PROFILES.includes(profile))
    throw new RangeError(`profile must be ${PROFILES.join(" or ")}, not ${JSON.stringify(profile)}`);
  const rows = whole("rows", request.rows ?? (profile === "original" ? 1_000 : 2_000), 0);
  const dirty = request.dirty ?? 0;
  if (!(dirty >= 0 && dirty <= 1)) throw new RangeError(`dirty must be a share between 0 and 1, not ${dirty}`);
  return {
    rows,
    customers: whole("customers", request.customers ?? Math.max(1, Math.round(rows / 20)), 1),
    seed: whole("seed", request.seed ?? 42, 0),
    start: request.start ?? "2025-01-01",
    end: request.end ?? "2025-12-31",
    profile,
    dirty,
  };
}

function whole(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${option} must be a whole number of at least ${least}, not ${value}`);
  return value;
}
