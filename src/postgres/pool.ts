import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Address, type Connected } from "./connect.ts";
import type { Database, ServerInfo, Session } from "./database.ts";
import { PooledSession } from "./session.ts";

/** Between two rounds of cancelling, in milliseconds: a request may overtake the statement that it is meant for. */
const CANCEL_AGAIN = 100;
/** Rounds until the sockets are cut instead. */
const CANCEL_ROUNDS = 50;

interface Waiter {
  lend(session: PooledSession): void;
  refuse(reason: unknown): void;
}

/** At most `most` connections, opened when first needed, lent in the order asked for. */
export class PooledDatabase implements Database {
  readonly info: ServerInfo;
  readonly #address: Address;
  readonly #most: number;
  readonly #signal: AbortSignal | undefined;
  readonly #all = new Set<PooledSession>();
  readonly #idle: PooledSession[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #holder = new AsyncLocalStorage<true>();
  #opening = 0;
  #closed = false;
  #cancelling: Promise<void> = Promise.resolve();
  readonly #onAbort = (): void => {
    this.#refuseWaiting(this.#signal?.reason);
    this.#cancelling = this.#cancelRunning();
  };

  constructor(first: Connected, address: Address, most: number, signal?: AbortSignal) {
    const { host, port, user, database, embedded } = address.connection;
    this.info = { host, port, user, database, version: first.version, embedded, pooled: first.pooled };
    this.#address = address;
    this.#most = Math.max(1, most);
    this.#signal = signal;
    this.#idle.push(this.#adopt(first));
    signal?.addEventListener("abort", this.#onAbort);
  }

  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    // With every session lent to steps that wait for a second one, nothing would move any more.
    if (this.#holder.getStore()) throw new Error("Internal error: a step that holds a session asks for a second one");
    const session = await this.#borrow();
    try {
      return await this.#holder.run(true, () => work(session));
    } finally {
      await this.#giveBack(session);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#refuseWaiting(new Error("The database was closed"));
    await this.#cancelling;
    await this.#cancelRunning();
    await Promise.all([...this.#all].map((session) => session.close()));
    this.#all.clear();
  }

  async #borrow(): Promise<PooledSession> {
    this.#signal?.throwIfAborted();
    if (this.#closed) throw new Error("Internal error: a session was asked for after the database was closed");
    const idle = this.#takeIdle();
    if (idle && this.#waiting.length === 0) return idle;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lend: resolve, refuse: reject });
      if (idle) this.#idle.push(idle);
      this.#serve();
    });
  }

  async #giveBack(session: PooledSession): Promise<void> {
    await session.clean();
    if (session.lost || this.#closed) {
      this.#all.delete(session);
      await session.close();
    } else {
      this.#idle.push(session);
    }
    this.#serve();
  }

  /** Hands idle sessions to those who wait, and opens more while it is allowed and somebody still waits. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const idle = this.#takeIdle();
      if (!idle) break;
      this.#waiting.shift()!.lend(idle);
    }
    while (this.#opening < this.#waiting.length && this.#all.size + this.#opening < this.#most) void this.#open();
  }

  async #open(): Promise<void> {
    this.#opening++;
    try {
      const session = this.#adopt(await connect(this.#address, this.#signal));
      if (this.#closed) await session.close();
      else this.#idle.push(session);
    } catch (thrown) {
      // With other sessions at work the one who waits may still be served; alone, nobody else will.
      if (this.#all.size === 0 || this.#signal?.aborted) this.#refuseWaiting(thrown);
      else this.#waiting.shift()?.refuse(thrown);
    } finally {
      this.#opening--;
    }
    this.#serve();
  }

  #adopt(connected: Connected): PooledSession {
    const session = new PooledSession(connected, this.#address, this.#all, this.#signal);
    this.#all.add(session);
    return session;
  }

  /** An idle session whose connection still stands; the others are forgotten. */
  #takeIdle(): PooledSession | undefined {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      if (!session.lost) return session;
      this.#all.delete(session);
    }
    return undefined;
  }

  #refuseWaiting(reason: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(reason);
  }

  /**
   * Stops what runs on the server, through a connection of its own: the others are busy with what is to be stopped. What
   * cannot be stopped within seconds loses its connection.
   */
  async #cancelRunning(): Promise<void> {
    const running = (): PooledSession[] => [...this.#all].filter((session) => session.busy && !session.lost);
    if (running().length === 0) return;
    try {
      const { client } = await connect({ ...this.#address, connection: { ...this.#address.connection, retries: 0 } });
      try {
        for (let round = 0; round < CANCEL_ROUNDS && running().length > 0; round++) {
          const pids = running().map((session) => session.pid);
          await client.query("select pg_cancel_backend(pid) from unnest($1::int[]) as pid", [pids]);
          await sleep(round === 0 ? 10 : CANCEL_AGAIN);
        }
      } finally {
        await client.end();
      }
    } catch {
      // No connection to be had (too many, or the server is gone): the sockets are cut below.
    }
    await Promise.all(running().map((session) => session.close()));
  }
}
