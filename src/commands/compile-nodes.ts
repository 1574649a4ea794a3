/** Compiling many nodes without running them: for `compile` and `docs generate`. */
import { compiledFile, type CompiledTexts, writeCompiled } from "../artifacts/run-files.ts";
import type { PlainResult } from "../artifacts/run-results.ts";
import type { CompileRequest, DataTestNode, ModelNode, Selection, SnapshotNode, Sluice } from "../index.ts";
import type { Reporter } from "../report/reporter.ts";
import { failedOnly } from "./command.ts";
import { ExitCode } from "./exit-code.ts";

export const COMPILED_KINDS = ["model", "test", "snapshot", "analysis", "function"];

export interface CompiledNodes {
  readonly texts: CompiledTexts;
  readonly results: readonly PlainResult[];
  readonly code: number;
}

interface CompileOptions extends CompileRequest {
  readonly onText?: (node: Compilable, text: string) => void;
}

type Compilable = ModelNode | DataTestNode | SnapshotNode;

/** Writes each text to `target/compiled`; what cannot be compiled is reported, and the others go on. */
export async function compileNodes(
  sluice: Sluice,
  selection: Selection,
  reporter: Reporter,
  options: CompileOptions = {},
): Promise<CompiledNodes> {
  const texts = new Map<ModelNode["id"], { sql: string; path: string }>();
  const results: PlainResult[] = [];
  let code: number = ExitCode.ok;
  for (const id of selection) {
    const resource = sluice.graph.resource(id);
    if (!COMPILED_KINDS.includes(resource.kind)) continue;
    const node = resource as Compilable; // of the kinds just listed
    const startedAt = new Date();
    const found = await failedOnly(reporter, async () => {
      const { sql } = await sluice.compile(node, selection, options);
      await writeCompiled(node, sql, sluice.project.targetPath);
      texts.set(id, { sql, path: compiledFile(node, sluice.project) });
      options.onText?.(node, sql.trim());
      return ExitCode.ok;
    });
    const ok = found === ExitCode.ok;
    const compiled = texts.get(id)?.sql;
    results.push({
      id,
      status: ok ? "success" : "error",
      startedAt,
      finishedAt: new Date(),
      ...(compiled && { compiled }),
    });
    code = Math.max(code, found);
  }
  return { texts, results, code };
}
