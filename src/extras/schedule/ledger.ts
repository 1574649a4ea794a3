import type { Sluice, Session } from "../../index.ts";
import { ensureState } from "../../state/ensure.ts";

export type Ledger = <T>(work: (session: Session) => Promise<T>) => Promise<T>;

/**
 * The ledger of the project's target, made or upgraded first. Each question gets a connection of its own: they are rare,
 * and a server that was restarted in the meantime does no harm.
 */
export async function openLedger(sluice: Sluice): Promise<Ledger> {
  const first = await sluice.connections.beside();
  await ensureState(first).finally(() => first.close());
  return async (work) => {
    const database = await sluice.connections.beside();
    try {
      return await database.session(work);
    } finally {
      await database.close();
    }
  };
}
