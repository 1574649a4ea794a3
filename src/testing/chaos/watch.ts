/** A reader that looks all the time, and notes every state that is neither the old nor the new one. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { BYSTANDER } from "./order.ts";
import { differences } from "./state.ts";

export interface States {
  readonly query: string;
  readonly old: string;
  readonly new: string;
}

export interface Watch {
  /** Stops, and tells what was seen that should not have been. */
  end(): Promise<string[]>;
}

/** Milliseconds between two readings, so that the build is not kept from its work. */
const PAUSE = 10;

export async function watch(url: string, states: States): Promise<Watch> {
  const client = new Client({ connectionString: url, application_name: BYSTANDER });
  client.on("error", () => {});
  await client.connect();
  const problems: string[] = [];
  const until = { ended: false };
  const looking = (async () => {
    let wasNew = false;
    while (!until.ended && problems.length < 2) {
      try {
        const { state } = (await client.query<{ state: string }>(states.query)).rows[0]!;
        const isNew = state === states.new;
        if (!isNew && state !== states.old) problems.push(`a reader saw ${neither(state, states)}`);
        if (wasNew && !isNew) problems.push("a reader saw the new state and then the old one");
        wasNew ||= isNew;
      } catch (thrown) {
        problems.push(`a reader met ${String(thrown)}`);
      }
      await sleep(PAUSE);
    }
  })();
  return {
    async end() {
      until.ended = true;
      await looking;
      await client.end();
      return problems;
    },
  };
}

export const neither = (state: string, states: States): string =>
  `neither state: ${differences(state, states.old).join(", ")} differ from the old one, ${differences(state, states.new).join(", ")} from the new one`;
