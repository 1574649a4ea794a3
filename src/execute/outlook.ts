/** What a publishing run would find out step by step, foretold: which nodes need no building, and why the others do. */
import type { Compiler } from "../compile/compiler.ts";
import { compileUnitTest } from "../compile/unit-test.ts";
import { Failure } from "../diagnostics/diagnostic.ts";
import type { Graph } from "../graph/graph.ts";
import type { DataTestNode, FunctionNode, UnitTestNode } from "../parse/manifest.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Session } from "../postgres/database.ts";
import { QueryError } from "../postgres/errors.ts";
import type { Built } from "./build-step.ts";
import type { Publishing } from "./publishing.ts";
import { compileFunction } from "./function-step.ts";
import { examineFunction, versionOf as versionOfFunction } from "./stage-function.ts";
import { knownBy } from "./stage-step.ts";
import { versionOf } from "./staged-build.ts";

/** The plan with the steps of what is there already as `reuse`. Asks the database, as compiling does, and changes nothing. */
export async function foretell(
  session: Session,
  plan: Plan,
  graph: Graph,
  compiler: Compiler,
  publishing: Publishing,
): Promise<Plan> {
  const steps: Step[] = [];
  for (const step of plan.steps) steps.push(await foretellStep(session, step, graph, compiler, publishing));
  return { ...plan, steps };
}

/** Equals no version that was ever recorded. */
const NEW = "to be built";

async function foretellStep(
  session: Session,
  step: Step,
  graph: Graph,
  compiler: Compiler,
  publishing: Publishing,
): Promise<Step> {
  const resource = graph.resource(step.node);
  if (step.action === "load" && step.reason.code !== "files-unchanged") publishing.versions.set(step.node, NEW);
  if (step.action !== "build" && step.action !== "test") return step;
  if (resource.kind === "source" || resource.kind === "exposure" || resource.kind === "analysis") return step;
  try {
    const isTest = resource.kind === "test" || resource.kind === "unit_test";
    const found = isTest
      ? await publishing.judgeTest(session, resource, (await compiledTest(resource, compiler, session)).sql)
      : resource.kind === "function"
        ? await lookAtFunction(session, resource, compiler, publishing)
        : await examineBuild(session, resource, compiler, publishing);
    return {
      ...step,
      action: found.reuse ? "reuse" : step.action,
      reason: isTest && !found.reuse ? step.reason : found.reason,
    };
  } catch (thrown) {
    if (!(thrown instanceof Failure) && !(thrown instanceof QueryError)) throw thrown;
    publishing.versions.set(step.node, NEW);
    const text = `${step.reason.text}; its SQL is known when what it asks for is there`;
    return { ...step, reason: { ...step.reason, text } };
  }
}

const compiledTest = (test: DataTestNode | UnitTestNode, compiler: Compiler, session: Session) =>
  test.kind === "unit_test"
    ? compileUnitTest(compiler, test, (sql) => session.queryText(sql))
    : compiler.compile(test, (sql) => session.queryText(sql));

async function lookAtFunction(session: Session, node: FunctionNode, compiler: Compiler, publishing: Publishing) {
  const compiled = await compileFunction(node, compiler, (text) => session.queryText(text));
  const found = await examineFunction(session, node, compiler, publishing, compiled);
  const version = found.reuse ? await versionOfFunction(node, publishing, session, found) : NEW;
  publishing.versions.set(node.id, version);
  return found;
}

async function examineBuild(session: Session, node: Built, compiler: Compiler, publishing: Publishing) {
  const { sql } = await compiler.compile(node, (text) => session.queryText(text));
  const found = await publishing.examineBuild(session, node, compiler, sql, knownBy(node, compiler, sql));
  publishing.versions.set(node.id, found.reuse ? await versionOf(node, publishing, session, found, undefined) : NEW);
  return found;
}
