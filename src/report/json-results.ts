/** Results of steps in dbt's structured log: which event, which level, which fields. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { errorMessage } from "../diagnostics/dbt-wording.ts";
import { positionAt } from "../diagnostics/format.ts";
import type { StepFinished, StepResult } from "../execute/events.ts";
import type { Resource } from "../parse/manifest.ts";
import { description, displayName } from "./wording.ts";

export type Level = "debug" | "info" | "warn" | "error";
export type Data = Readonly<Record<string, unknown>>;

/** One line of the log before time, thread and ids are added. */
export interface Line {
  readonly name: string;
  readonly code: string;
  /** `info` if not given. */
  readonly level?: Level;
  readonly msg: string;
  readonly data?: Data;
  readonly at?: Date;
  readonly thread?: string | undefined;
}

/** Which of dbt's result events a finished step is. */
export function resultLine({ resource, result }: StepFinished): { name: string; code: string; level: Level } {
  const bad = result.status === "error" || result.status === "fail";
  const level = bad ? "error" : result.status === "warn" ? "warn" : "info";
  if (result.status === "skipped") return { name: "SkippingDetails", code: "Q034", level: "info" };
  switch (resource.kind) {
    case "test":
    case "unit_test":
      return { name: "LogTestResult", code: "Q007", level };
    case "seed":
    case "source":
      return { name: "LogSeedResult", code: "Q016", level };
    case "snapshot":
      return { name: "LogSnapshotResult", code: "Q015", level };
    case "exposure":
      return { name: "LogNodeNoOpResult", code: "Q019", level };
    case "function":
      return { name: "LogFunctionResult", code: "Q047", level };
    default:
      return { name: "LogModelResult", code: "Q012", level };
  }
}

export function resultData({ resource, result, of }: StepFinished, status: string): Data {
  if (result.status === "skipped") {
    const schema = "schema" in resource ? resource.schema : "";
    return {
      resource_type: resource.kind,
      schema,
      node_name: resource.name,
      ...(result.because ? { because: result.because } : {}),
    };
  }
  switch (resource.kind) {
    case "test":
    case "unit_test":
      return {
        name: resource.kind === "unit_test" ? displayName(resource) : resource.name,
        status: result.status,
        num_models: of,
        num_failures: result.failures ?? 0,
        attached_node: (resource.kind === "test" && resource.attached) || "",
      };
    case "seed":
      return { status: result.status, result_message: status, schema: resource.schema, relation: resource.alias };
    case "source":
      return {
        status: result.status,
        result_message: status,
        schema: resource.schema,
        relation: resource.identifier,
        rows: result.rows ?? 0,
        rejected: result.rejected ?? 0,
      };
    case "exposure":
      return { description: description(resource) };
    default:
      return { description: description(resource), status: result.status === "error" ? "error" : status };
  }
}

export function diagnosticData(d: Diagnostic): Data {
  const place = d.at ? { path: d.at.file.path, ...positionAt(d.at.file, d.at.start) } : {};
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    ...place,
    notes: d.notes.map((note) => note.message),
  };
}

/** At the end of the run: what failed or warned, and why. Nothing for other results. */
export function failureLines(result: StepResult, resource: Resource, about: Data): Line[] {
  const { status } = result;
  if (status !== "error" && status !== "fail" && status !== "warn") return [];
  const { kind, name, file } = resource;
  const title = `${kind} ${name} (${file.path})`;
  const where = { ...about, resource_type: kind, node_name: name, path: file.path };
  const why =
    status === "error" && result.diagnostic
      ? errorMessage(result.diagnostic, resource)
      : (result.diagnostic?.message ?? result.message ?? status);
  const told = { ...about, msg: why, ...(result.diagnostic ? { diagnostic: diagnosticData(result.diagnostic) } : {}) };
  if (status === "warn") {
    return [
      { name: "RunResultWarning", code: "Z021", level: "warn", msg: `Warning in ${title}`, data: where },
      { name: "RunResultWarningMessage", code: "Z046", level: "warn", msg: why, data: told },
    ];
  }
  return [
    { name: "RunResultFailure", code: "Z022", level: "error", msg: `Failure in ${title}`, data: where },
    { name: "RunResultError", code: "Z024", level: "error", msg: why, data: told },
  ];
}
