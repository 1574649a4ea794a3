/** Data tests and unit tests; one that passed on the same data is not asked again. */
import type { TemplateQuery } from "../context/phase.ts";
import { compileUnitTest } from "../compile/unit-test.ts";
import { readTestConfig } from "../materialize/config.ts";
import { runTest, type TestVerdict } from "../materialize/test.ts";
import type { DataTestNode, UnitTestNode } from "../parse/manifest.ts";
import { drive } from "./drive.ts";
import { drivingFor, type Outcome, type StepContext, type Trace } from "./step-context.ts";

export async function runTests(
  test: DataTestNode | UnitTestNode,
  context: StepContext,
  trace: Trace,
): Promise<Outcome> {
  const { session, compiler } = context;
  const query: TemplateQuery = (sql) => {
    // A unit test only asks for the types of what its model reads.
    if (test.kind === "test") context.publishing?.asked();
    return session.queryText(sql);
  };
  const compiled =
    test.kind === "unit_test" ? await compileUnitTest(compiler, test, query) : await compiler.compile(test, query);
  trace.compiled = context.publishing?.published(compiled.sql) ?? compiled.sql;
  const shown = compiler.seeingAside(compiled);
  const driving = drivingFor(session, test.at, shown, trace);
  const verdict = await context.publishing?.judgeTest(session, test, compiled.sql);
  if (verdict?.reuse) return { status: "pass", message: verdict.reason.text, reused: true };
  const run = (): Promise<TestVerdict> => drive(runTest({ node: test, sql: shown.sql }), driving);
  // A query by itself is a transaction.
  const found = readTestConfig(test).storeAs ? await session.transaction(run) : await run();
  if (found.status === "pass") verdict?.passed();
  return found;
}
