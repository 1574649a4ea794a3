/** One step on one session: which kind it is, and what its failures mean. */
import { Failure } from "../diagnostics/diagnostic.ts";
import { loadSource } from "../load/load.ts";
import type { Resource, SourceNode } from "../parse/manifest.ts";
import type { Step } from "../plan/plan.ts";
import { QueryError, SQLSTATE } from "../postgres/errors.ts";
import { build } from "./build-step.ts";
import { StatementFailure } from "./drive.ts";
import { explainQueryError } from "./explain.ts";
import { buildFunction } from "./function-step.ts";
import { loadRequest } from "./load-request.ts";
import { buildStaged } from "./stage-step.ts";
import { stageFunction } from "./stage-function.ts";
import { type Again, type Outcome, type StepContext, Trace } from "./step-context.ts";
import { runTests } from "./test-step.ts";

const CONTENDED: ReadonlySet<string> = new Set([
  SQLSTATE.serializationFailure,
  SQLSTATE.deadlock,
  // Another run made the relation between our look and our statement.
  SQLSTATE.duplicateTable,
  SQLSTATE.duplicateObject,
  SQLSTATE.duplicateSchema,
]);

/** Another transaction was in the way: a lock, or the same relation made, replaced or granted at the same moment. */
function isContended({ sqlstate, schema, message }: QueryError): boolean {
  if (CONTENDED.has(sqlstate)) return true;
  if (sqlstate === SQLSTATE.uniqueViolation) return schema === "pg_catalog";
  return sqlstate === "XX000" && /concurrently (updated|deleted)|could not open relation/.test(message);
}

/**
 * Whether the same step may well succeed a moment later. Where a node is built in place, a commit whose answer was lost may
 * have been one, and adding its rows again would double them; out of sight, what is there is dropped first.
 */
function whyAgain(query: QueryError, { publishing }: StepContext): Again | undefined {
  if (isContended(query)) return "contended";
  if (!query.transient || query.sqlstate === SQLSTATE.lockNotAvailable) return undefined;
  return query.sql === "commit" && !publishing ? undefined : "lost";
}

export async function runStep(step: Step, context: StepContext): Promise<Outcome> {
  const resource = context.graph.resource(step.node);
  const trace = new Trace(step.node, (event) => context.emit(event));
  try {
    context.session.comment = context.compiler.comments.of({ node: resource });
    return { ...(await work(step, resource, context, trace)), ...trace.texts };
  } catch (thrown) {
    if (thrown instanceof Failure) {
      const [diagnostic, ...further] = thrown.diagnostics;
      const message = diagnostic?.message ?? thrown.message;
      const query = thrown instanceof StatementFailure ? thrown.query : thrown.cause;
      const again = query instanceof QueryError ? whyAgain(query, context) : undefined;
      return {
        status: "error",
        message,
        ...trace.texts,
        ...(diagnostic && { diagnostic }),
        ...(further.length > 0 && { further }),
        ...(again && { again }),
      };
    }
    if (thrown instanceof QueryError) {
      const diagnostic = explainQueryError(thrown, { at: resource.at, label: "template query" });
      const again = whyAgain(thrown, context);
      return { status: "error", message: thrown.message, ...trace.texts, diagnostic, ...(again && { again }) };
    }
    throw thrown;
  }
}

function work(step: Step, resource: Resource, context: StepContext, trace: Trace): Promise<Outcome> {
  switch (resource.kind) {
    case "source":
      return load(resource, context);
    case "test":
    case "unit_test":
      return runTests(resource, context, trace);
    case "function":
      return context.publishing
        ? stageFunction(resource, context, context.publishing, trace)
        : buildFunction(resource, context, trace);
    case "model":
    case "seed":
    case "snapshot":
      return context.publishing
        ? buildStaged(resource, step, context, context.publishing, trace)
        : build(resource, context, trace);
    default:
      throw new Error(`Internal error: nothing to run for ${resource.id}`);
  }
}

async function load(source: SourceNode, context: StepContext): Promise<Outcome> {
  const { session, plan } = context;
  const target = plan.relations.writeTo(source.id);
  const request = loadRequest(source, target, { root: context.root, id: plan.id, fullRefresh: plan.fullRefresh });
  const result = await loadSource(
    session,
    request,
    (p) => context.emit({ type: "step-progress", at: new Date(), node: source.id, ...p }),
    context.signal,
  );
  const loaded = result.files.filter((f) => f.status !== "unchanged");
  return {
    status: "success",
    rows: result.rows,
    rejected: result.rejected,
    message: loaded.length === 0 ? "unchanged" : `COPY ${result.rows}`,
  };
}
