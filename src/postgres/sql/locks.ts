/** Taking all locks of a replacement at once, or none. */
import { lockStatements } from "../kept.ts";

/** One lock for all swaps of ours in a database: steps that share dependants take turns. */
export const SWAP_LOCK = 7_316_180_426_013;

/** A lock is waited for this long; well below Postgres's `deadlock_timeout` of one second, so that no reader is killed. */
export const LOCK_WAIT_MS = 50;
/** Attempts, each followed by a rest of 20 to 270 ms: about five minutes in all. */
const ATTEMPTS = 1500;

/**
 * Takes the swap lock and then what `lockStatements` lists. A reader that already holds one of them and wants another
 * would deadlock with us, and one that comes later queues behind us; so when a lock does not come at once, all are given
 * back (the inner block is a subtransaction) and tried again after a rest. Fails with 55P03 when the attempts are used up.
 */
export const takeLocks = (oid: number, options: { dependants: boolean; drops: boolean }): string => `do $sluice$
declare
  item record;
  usual text := current_setting('lock_timeout');
begin
  for attempt in 1..${ATTEMPTS} loop
    begin
      perform set_config('lock_timeout', '${LOCK_WAIT_MS}ms', true);
      perform pg_advisory_xact_lock(${SWAP_LOCK});
      for item in ${lockStatements(oid, options).trim().replaceAll("\n", "\n        ")}
      loop
        execute item.sql;
      end loop;
      perform set_config('lock_timeout', usual, true);
      return;
    exception when lock_not_available or deadlock_detected then
      null;
    end;
    perform pg_sleep(0.02 + 0.25 * random() * least(attempt, 20) / 20);
  end loop;
  raise exception 'the locks could not be had' using errcode = 'lock_not_available';
end
$sluice$`;

/** Before foreign keys are added: no two of our transactions lock referenced tables at the same time. */
export const takeSwapLock = `select pg_advisory_xact_lock(${SWAP_LOCK})`;
