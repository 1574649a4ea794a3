/** One step on a session of its own, again where another transaction was in the way. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import type { Step } from "../plan/plan.ts";
import { isNetworkCode, isTransient } from "../postgres/errors.ts";
import type { RunInput } from "./run.ts";
import { runStep } from "./step.ts";
import type { Outcome } from "./step-context.ts";

/** A server that starts again takes its time. */
const TRIES = { contended: 4, lost: 6 };
/** Milliseconds before the second try, doubled each time; at random, so that two runs do not meet again. */
const PAUSE = 150;

/** Never throws. The time counts from when the step has its session. */
export async function runWithRetries(step: Step, input: RunInput): Promise<{ outcome: Outcome; startedAt: Date }> {
  const { name } = input.graph.resource(step.node);
  for (let attempt = 1; ; attempt++) {
    const { outcome, startedAt } = await tryOnce(step, input);
    if (input.signal?.aborted)
      return { outcome: outcome.status === "error" ? withoutDiagnostic(outcome) : outcome, startedAt };
    const { again, ...found } = outcome;
    if (!again || attempt >= TRIES[again]) return { outcome: found, startedAt };
    const text = `${name}: ${found.message}; trying again (${attempt + 1} of ${TRIES[again]})`;
    input.emit({ type: "message", at: new Date(), level: again === "lost" ? "warn" : "debug", node: step.node, text });
    await sleep(PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random()));
  }
}

/** On a session of its own: after a lost connection the pool gives another one. */
async function tryOnce(step: Step, input: RunInput): Promise<{ outcome: Outcome; startedAt: Date }> {
  const { database } = input;
  let startedAt = new Date();
  try {
    const outcome = await database.session((session) => {
      startedAt = new Date();
      return runStep(step, { ...input, session, serverVersion: database.info.version });
    });
    return { outcome, startedAt };
  } catch (thrown) {
    return { outcome: broken(thrown), startedAt };
  }
}

const CANCELLED: Outcome = { status: "error", message: "Cancelled" };

/** What the server says of a cancelled statement is no fault of the model. */
function withoutDiagnostic({ compiled, executed }: Outcome): Outcome {
  return { ...CANCELLED, ...(compiled !== undefined && { compiled }), ...(executed !== undefined && { executed }) };
}

/** The server cannot be reached any more, or a fault of our own: either way the other steps go on. */
function broken(thrown: unknown): Outcome {
  const diagnostic: Diagnostic =
    thrown instanceof Failure && thrown.diagnostics[0]
      ? thrown.diagnostics[0]
      : error("internal", `A fault of Sluice itself: ${String(thrown)}`, undefined, [
          ...(thrown instanceof Error
            ? (thrown.stack ?? "")
                .split("\n")
                .slice(1, 5)
                .map((line) => line.trim())
            : []),
          "please report it, with these lines",
        ]);
  const code = thrown instanceof Failure ? (thrown.cause as { code?: string } | undefined)?.code : undefined;
  const again = code !== undefined && (isNetworkCode(code) || isTransient(code));
  return { status: "error", message: diagnostic.message, diagnostic, ...(again && { again: "lost" }) };
}
