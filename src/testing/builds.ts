/** One build, or one step back, through the public API. */
import { Failure, open, rollback, type Sluice } from "../index.ts";

export interface Job {
  readonly dir: string;
  readonly what: "build" | "rollback";
  readonly direct?: boolean;
}

export interface JobDone {
  readonly ok: boolean;
  /** What went wrong, for people. */
  readonly problems: readonly string[];
  /** Of `build`: nothing to publish gives none. Seconds. */
  readonly publication?: { readonly relations: number; readonly waited: number; readonly held: number };
  /** Nodes that were built, with why. */
  readonly built: readonly string[];
  readonly reused: number;
}

export async function doJob({ dir, what, direct }: Job): Promise<JobDone> {
  const sluice = await open(dir, { command: "build" });
  try {
    if (!sluice.ok) return failed(sluice.diagnostics.map((d) => d.message));
    if (what === "build") return await build(sluice, direct);
    const [publication] = await rollback(sluice);
    return { ok: true, problems: [], built: [], reused: 0, ...(publication && { publication }) };
  } catch (thrown) {
    if (thrown instanceof Failure)
      return failed(thrown.diagnostics.map((d) => [d.message, ...d.notes.map((n) => n.message)].join("\n")));
    throw thrown;
  } finally {
    await sluice.close();
  }
}

async function build(sluice: Sluice, direct: boolean | undefined): Promise<JobDone> {
  const plan = await sluice.plan({ selection: sluice.select().selection, testsGate: true, direct });
  const reasonOf = (id: string): string => plan.steps.find((step) => step.node === id)?.reason.text ?? "";
  const { ok, results, publication, unpublished } = await sluice.run(plan);
  const problems = results.flatMap((r) =>
    r.status === "error" || r.status === "fail" ? [`${r.node}: ${r.message}`] : [],
  );
  return {
    ok,
    problems: [
      ...problems,
      ...(unpublished ? [[unpublished.message, ...unpublished.notes.map((n) => n.message)].join("\n")] : []),
    ],
    built: results.flatMap((r) =>
      r.status === "success" && !r.reused && !r.node.startsWith("source.") ? [`${r.node}: ${reasonOf(r.node)}`] : [],
    ),
    reused: results.filter((r) => r.reused).length,
    ...(publication && { publication }),
  };
}

const failed = (problems: readonly string[]): JobDone => ({ ok: false, problems, built: [], reused: 0 });
