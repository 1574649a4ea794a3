/**
 * Foreign keys of and to what is exchanged. They hold on to tables, not to names:
 *
 * - Of a table that stays, or comes, to one that is replaced: a key to the new table takes its place. It is made beside
 *   the old one, and its rows are checked, before any lock that readers could feel.
 * - Of a table that comes to one that rows are added to: made unchecked when the table was built, and checked once they are.
 * - Of a table that goes to one that stays: dropped, so that what is kept for a rollback does not bind what is published;
 *   written down, so that the rollback can make it again.
 */
import { error, Failure, type Note } from "../diagnostics/diagnostic.ts";
import type { Session } from "../postgres/database.ts";
import { SQLSTATE } from "../postgres/errors.ts";
import { type ForeignKey, keysAcross } from "../postgres/sql/keys.ts";
import { quote, quoteIdent, type RelationName, workName } from "../postgres/relation.ts";
import { orphans } from "../postgres/sql/constraints.ts";
import type { KeptKey } from "../state/publications.ts";
import { attempt } from "./attempt.ts";
import type { Move, SwapPlan } from "./swap-plan.ts";

/** Of a publication, in the order of the comment above. */
export interface Keys {
  readonly turned: readonly (ForeignKey & { readonly towards: RelationName | undefined })[];
  readonly pending: readonly ForeignKey[];
  readonly left: readonly ForeignKey[];
}

export async function listKeys(session: Session, { moves }: SwapPlan): Promise<Keys> {
  const going = new Map(moves.flatMap((move) => (move.live ? [[Number(move.live.oid), move] as const] : [])));
  const coming = moves.flatMap(({ incoming }) => incoming?.oid ?? []);
  if (going.size + coming.length === 0) return { turned: [], pending: [], left: [] };
  const { rows } = await session.query<ForeignKey>(keysAcross([...going.keys()], coming));
  return {
    turned: rows.flatMap((key) => {
      const move = going.get(Number(key.to));
      if (move) return { ...key, towards: standing(move) };
      const home = key.pending ? undefined : homeOf(key);
      if (!home || going.has(Number(key.oid))) return [];
      const its = moves.find(({ published }) => quote(published) === quote(home));
      return { ...key, towards: its ? standing(its) : home };
    }),
    pending: rows.filter((key) => key.pending),
    left: rows.filter((key) => going.has(Number(key.oid)) && !going.has(Number(key.to))),
  };
}

/** Of what was put aside by a publication: where it stood. */
function homeOf({ schema, identifier }: ForeignKey): RelationName | undefined {
  const home = schema.replace(/__sluice_prev_\d+$/, "");
  return home === schema ? undefined : { schema: home, identifier };
}

/** Before it is moved. */
const standing = ({ published, incoming }: Move): RelationName | undefined =>
  incoming && { schema: incoming.schema, identifier: published.identifier };

const idOf = ({ oid, name }: ForeignKey): string => `${oid} ${name}`;

const alter = ({ table }: Pick<ForeignKey, "table">, what: string): string => `alter table ${table} ${what}`;

const dropKey = (key: ForeignKey): string => alter(key, `drop constraint ${quoteIdent(key.name)}`);

/**
 * Makes and checks what can be before the locks: others can read all the while, and only writing to these tables waits.
 * Returns what was done, for `turnKeys`. Throws `Failure`.
 */
export async function turnEarly(session: Session, { turned, pending }: Keys): Promise<ReadonlySet<string>> {
  const misfits = new Misfits(session);
  for (const key of turned) await misfits.attempt(key, addTurned(key, workName(key.name)), key.towards);
  for (const key of pending) await misfits.attempt(key, check(key), key);
  misfits.refuse();
  return new Set([...turned, ...pending].map(idOf));
}

/** With all locks and before anything moves: statements that take the place of the keys there were. */
export const turnedSql = ({ turned, left }: Keys, early: ReadonlySet<string>): string[] => [
  ...[...turned, ...left].map(dropKey),
  ...turned
    .filter((key) => early.has(idOf(key)))
    .map((key) => alter(key, `rename constraint ${quoteIdent(workName(key.name))} to ${quoteIdent(key.name)}`)),
];

export const anyLate = ({ turned, pending }: Keys, early: ReadonlySet<string>): boolean =>
  [...turned, ...pending].some((key) => !early.has(idOf(key)));

/** Then, and when all deltas are applied: what was not done early. Throws `Failure`. */
export async function turnLate(session: Session, keys: Keys, early: ReadonlySet<string>): Promise<void> {
  const misfits = new Misfits(session);
  const isLate = (key: ForeignKey): boolean => !early.has(idOf(key));
  for (const key of keys.turned.filter(isLate)) await misfits.attempt(key, addTurned(key, key.name), key.towards);
  for (const key of keys.pending.filter(isLate)) await misfits.attempt(key, check(key), key);
  misfits.refuse();
}

const addTurned = (key: Keys["turned"][number], name: string): string =>
  alter(key, `add constraint ${quoteIdent(name)} ${key.before}${quote(key.towards ?? key)}${key.after}`);

const check = (key: ForeignKey): string =>
  `${alter(key, `validate constraint ${quoteIdent(key.name)}`)};
   comment on constraint ${quoteIdent(key.name)} on ${key.table} is null`;

/** By the published name of the table that is put aside. */
export function keptKeys({ left }: Keys, { moves }: SwapPlan): ReadonlyMap<RelationName, readonly KeptKey[]> {
  const kept = new Map<RelationName, readonly KeptKey[]>();
  for (const { published, live } of moves) {
    const own = left.filter((key) => Number(key.oid) === Number(live?.oid));
    if (own.length)
      kept.set(
        published,
        own.map((key) => ({ name: key.name, definition: `${key.before}${quote(key)}${key.after}` })),
      );
  }
  return kept;
}

/** When all have moved: what comes back has its keys again. Throws `Failure`. */
export async function restoreKeys(session: Session, moves: readonly Move[]): Promise<void> {
  const misfits = new Misfits(session);
  for (const { published, incoming } of moves)
    for (const { name, definition } of incoming?.keys ?? [])
      await misfits.attempt(
        { name, table: quote(published) },
        `alter table ${quote(published)} add constraint ${quoteIdent(name)} ${definition}`,
      );
  misfits.refuse();
}

/** Keys that do not hold, all of them, and why. */
class Misfits {
  readonly #session: Session;
  readonly #notes: Note[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** `towards`: what it is to refer to; with it, the rows that are in the way are counted. */
  async attempt(
    key: Pick<ForeignKey, "name" | "table"> & Partial<ForeignKey>,
    sql: string,
    towards?: RelationName,
  ): Promise<void> {
    const reason = await attempt(this.#session, sql);
    if (!reason) return;
    const { name, table, columns, toColumns } = key;
    const counted =
      reason.sqlstate === SQLSTATE.foreignKeyViolation && towards && columns && toColumns
        ? await this.#count(orphans(table, columns, towards, toColumns))
        : undefined;
    this.#notes.push({
      message: `${table}, constraint ${name}: ${counted ?? [reason.message, reason.detail].filter(Boolean).join(": ")}`,
    });
  }

  async #count(sql: string): Promise<string | undefined> {
    const { rows } = await this.#session.query<{ n: number; examples: string }>(sql);
    const { n, examples } = rows[0]!;
    return n > 0 ? `${n} ${n === 1 ? "row refers" : "rows refer"} to no row: ${examples}` : undefined;
  }

  refuse(): void {
    if (this.#notes.length === 0) return;
    throw new Failure(
      error(
        "reference-misfit",
        "A foreign key of or to a relation that is to be published would not hold. Nothing was published.",
        undefined,
        [
          ...this.#notes,
          { message: "give the model the unique key and the rows that are referred to, or drop the foreign key" },
        ],
      ),
    );
  }
}
