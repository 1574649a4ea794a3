/** From a folder to an open project: read, parsed, linked, all mistakes gathered. */
import { randomUUID } from "node:crypto";
import { customMaterialization } from "./compile/custom-materialization.ts";
import { QueryComments } from "./compile/query-comment.ts";
import { makeProjectContext } from "./context/context.ts";
import type { RunFacts } from "./context/globals.ts";
import { hasErrors } from "./diagnostics/diagnostic.ts";
import { type Chosen, Sluice } from "./engine.ts";
import { Connections } from "./execute/connections.ts";
import { watchedEnvironment } from "./execute/rest.ts";
import { buildGraph } from "./graph/graph.ts";
import { parseSelectors } from "./graph/selectors.ts";
import { Jinja } from "./jinja/index.ts";
import { configProblems } from "./materialize/config.ts";
import { materializationProblem } from "./materialize/index.ts";
import { parseProject } from "./parse/parse.ts";
import { publishSettings } from "./project/publish-settings.ts";
import { readProject, type ReadOptions } from "./project/read.ts";
import type { Mapping } from "./project/types.ts";
import { nativeRenderer } from "./project/render.ts";

export interface OpenOptions extends Omit<ReadOptions, "projectDir" | "render" | "env"> {
  readonly fullRefresh?: boolean;
  /** Parents are read without their rows. */
  readonly empty?: boolean;
  /** Tests that do not say keep their failing rows. */
  readonly storeFailures?: boolean;
  /** False: `compile` asks the database nothing for templates. */
  readonly introspect?: boolean;
  /** Warnings about nodes are errors: those of templates, and those found while building. */
  readonly warningsFail?: boolean;
  /** Which batches of microbatch models are built; absent: those that are due. */
  readonly window?: RunFacts["window"];
  /** Models read their parents for this stretch of time only. */
  readonly sample?: RunFacts["sample"];
  /** Models are not read, and mistakes in them do not matter: for commands on what was built before. */
  readonly withoutModels?: boolean;
  /** The command line, by dbt's names: templates see it as `invocation_args_dict`. */
  readonly args?: Mapping;
  /** The verb: templates see it as `flags.WHICH`. */
  readonly command?: string;
  /** Called before the embedded server is started, which takes seconds the first time. */
  readonly onServerStart?: () => void;
  readonly effects?: Partial<Effects>;
}

/** The world outside, which tests may replace. */
export interface Effects {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly id: () => string;
}

const realEffects: Effects = { env: process.env, now: () => new Date(), id: randomUUID };

/** Reads and parses a project. Mistakes of the user are in `diagnostics`; with errors there, nothing else may be asked. */
export async function open(dir: string, options: OpenOptions = {}): Promise<Sluice> {
  const effects = { ...realEffects, ...options.effects };
  const jinja = new Jinja();
  const { effects: _, onServerStart, fullRefresh = false, command = "run", args, ...more } = options;
  const {
    empty = false,
    storeFailures = false,
    warningsFail = false,
    introspect = true,
    window,
    sample,
    withoutModels,
    ...reading
  } = more;
  const chosen: Chosen = { ids: [] };
  const times = { ...(window && { window }), ...(sample && { sample }) };
  const { env, read: variables } = watchedEnvironment(effects.env);
  const facts: RunFacts = {
    invocationId: effects.id(),
    startedAt: effects.now(),
    env,
    fullRefresh,
    command,
    selected: () => chosen.ids,
    empty,
    storeFailures,
    ...(args && { args }),
    warningsFail,
    ...times,
  };
  const render = nativeRenderer(jinja);
  const { project, diagnostics } = await readProject({
    ...reading,
    projectDir: dir,
    env,
    render,
    ...(withoutModels && { withoutModels }),
  });
  if (project && withoutModels) {
    const connections = new Connections(project, onServerStart);
    return new Sluice({ facts, jinja, diagnostics: publishSettings(project).diagnostics, project, connections });
  }
  if (!project || hasErrors(diagnostics)) return new Sluice({ facts, jinja, diagnostics });
  const parsed = parseProject(project, jinja, facts);
  const { graph, diagnostics: cycles } = buildGraph(parsed.manifest);
  // What a block of the project builds is configured as that block reads it.
  const own = [...parsed.manifest.nodes.values()].filter((node) => !customMaterialization(node, parsed.macros));
  const nodeProblems = new Map(
    own.flatMap((node) => {
      const unknown = node.kind === "model" ? materializationProblem(node) : undefined;
      const found = [...(unknown ? [unknown] : []), ...configProblems(node)];
      return found.length > 0 ? [[node.id, found] as const] : [];
    }),
  );
  const selectors = parseSelectors(project.selectors);
  const all = [
    ...selectors.diagnostics,
    ...diagnostics,
    ...publishSettings(project).diagnostics,
    ...parsed.manifest.diagnostics,
    ...cycles,
    ...new QueryComments(makeProjectContext(project, parsed.macros, facts), jinja).problems(),
  ];
  const connections = new Connections(project, onServerStart);
  return new Sluice({
    facts,
    variables,
    jinja,
    diagnostics: all,
    nodeProblems,
    project,
    parsed,
    selectors,
    connections,
    chosen,
    introspect,
    ...(graph && { graph }),
  });
}
