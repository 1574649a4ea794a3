/** What a run will need and does not have, all at once and before anything is done. */
import { type Diagnostic, error, Failure } from "../diagnostics/diagnostic.ts";
import type { Graph } from "../graph/graph.ts";
import type { FunctionNode, NodeId, Resource } from "../parse/manifest.ts";
import type { Plan, World } from "../plan/plan.ts";
import { relationKey } from "../plan/plan.ts";
import {
  listRights,
  type RelationRight,
  type SchemaRight,
  schemaRights,
  SERVER_STATE,
  type ServerState,
} from "../postgres/catalog.ts";
import type { Database, Session } from "../postgres/database.ts";
import { listArgumentTypes, type RoutineInfo } from "../postgres/routines.ts";
import { byteLength, fitName, MAX_NAME_BYTES, quote, quoteIdent, type RelationName } from "../postgres/relation.ts";

export interface PreflightInput {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly world: World;
  /** Schemas that exist already. */
  readonly schemas: ReadonlySet<string>;
}

/** The oldest that publishing works with: transaction ids of 64 bits, hashes of rows. */
const OLDEST = 140_000;

/** Throws `Failure`. Nothing is changed. */
export async function preflight(database: Database, input: PreflightInput): Promise<void> {
  const problems = await database.session((session) => findProblems(session, database.info.user, input));
  if (problems.length) throw new Failure(problems);
}

async function findProblems(session: Session, login: string, input: PreflightInput): Promise<Diagnostic[]> {
  const { rows } = await session.query<ServerState>(SERVER_STATE);
  const state = rows[0]!;
  const server = serverProblems(state, input.plan);
  if (server.length) return server;
  const user = state.user ?? login;
  return [
    ...nameProblems(input),
    ...(await schemaProblems(session, state, user, input)),
    ...(await relationProblems(session, user, input)),
    ...(await functionProblems(session, user, input)),
  ];
}

function serverProblems(state: ServerState, plan: Plan): Diagnostic[] {
  if (state.recovery)
    return [
      error(
        "server-in-recovery",
        "This server is a standby, or still recovering: nothing can be built on it.",
        undefined,
        ["connect to the primary server, or wait until the recovery has ended"],
      ),
    ];
  if (state.readOnly)
    return [
      error("server-read-only", `Transactions of "${state.user}" are read-only: nothing can be built.`, undefined, [
        "default_transaction_read_only is on for this server, database or role: use another role, or turn it off",
      ]),
    ];
  if (plan.mode === "publish" && state.version < OLDEST)
    return [
      error(
        "server-too-old",
        `Publishing all together needs PostgreSQL ${OLDEST / 10_000} or later; this server is version ${Math.floor(state.version / 10_000)}.`,
        undefined,
        ["build with --direct, or upgrade the server"],
      ),
    ];
  return [];
}

interface Target<T = Resource> {
  readonly resource: T;
  readonly name: RelationName;
}

const isFunction = (target: Target): target is Target<FunctionNode> => target.resource.kind === "function";

const builds = ({ plan, graph }: PreflightInput): Target[] =>
  plan.steps
    .filter((step) => step.action === "build")
    .map((step) => ({ resource: graph.resource(step.node), name: plan.relations.published(step.node) }));

const nameProblems = (input: PreflightInput): Diagnostic[] =>
  builds(input).flatMap(({ resource, name }) =>
    [name.identifier, name.schema]
      .filter((part) => byteLength(part) > MAX_NAME_BYTES)
      .map((part) =>
        error(
          "name-too-long",
          `The name "${part}" of "${resource.name}" has ${byteLength(part)} bytes; PostgreSQL keeps ${MAX_NAME_BYTES}.`,
          resource.at,
          [`give it a shorter one with the config \`alias\` or \`schema\`, such as "${fitName(part)}"`],
        ),
      ),
  );

/** Work schemas and those of what is replaced are made for each publication, which needs a right on the database. */
async function schemaProblems(
  session: Session,
  state: ServerState,
  user: string,
  { plan, schemas }: PreflightInput,
): Promise<Diagnostic[]> {
  const problems: Diagnostic[] = [];
  const lacking = plan.schemas.filter((name) => !schemas.has(name));
  if (!state.mayCreate && (plan.mode === "publish" || lacking.length)) {
    const why = lacking.length
      ? `the schema ${lacking.map((name) => quoteIdent(name)).join(", ")}`
      : "the schemas in which relations are prepared and kept";
    problems.push(
      error("may-not-create", `"${user}" may not create ${why} in database "${state.database}".`, undefined, [
        `as its owner: \`grant create on database ${quoteIdent(state.database)} to ${quoteIdent(user)}\``,
        ...(plan.mode === "publish" && !lacking.length
          ? ["or build with --direct, which needs no schemas of its own"]
          : []),
      ]),
    );
  }
  const existing = plan.schemas.filter((name) => schemas.has(name));
  if (existing.length === 0) return problems;
  const { rows } = await session.query<SchemaRight>(schemaRights(existing));
  for (const { name, usage, create } of rows) {
    const missing = [...(usage ? [] : ["usage"]), ...(create ? [] : ["create"])];
    if (missing.length)
      problems.push(
        error("may-not-build", `"${user}" has no ${missing.join(" and ")} on schema "${name}".`, undefined, [
          `as its owner: \`grant ${missing.join(", ")} on schema ${quoteIdent(name)} to ${quoteIdent(user)}\``,
        ]),
      );
  }
  return problems;
}

async function relationProblems(session: Session, user: string, input: PreflightInput): Promise<Diagnostic[]> {
  const { plan, graph, world } = input;
  const relations = builds(input).filter((target) => !isFunction(target));
  const targets = new Map(relations.map((target) => [relationKey(target.name), target]));
  const read = new Map<string, { resource: Resource; name: RelationName }>();
  for (const { node } of plan.steps) {
    for (const parent of graph.parents(node)) {
      const name = relationRead(graph, parent, plan);
      if (name && !targets.has(relationKey(name)) && world.relations.has(relationKey(name)))
        read.set(relationKey(name), { resource: graph.resource(node), name });
    }
  }
  const standing = [...targets].filter(([key]) => world.relations.has(key)).map(([, target]) => target);
  const asked = [...standing, ...read.values()];
  if (asked.length === 0) return [];
  const { rows } = await session.query<RelationRight>(listRights(asked.map(({ name }) => name)));
  return rows.flatMap((right): Diagnostic[] => {
    const key = `${right.schema}.${right.name}`;
    const target = targets.get(key);
    if (target) return targetProblem(target, right, user);
    const reader = read.get(key);
    if (!reader || right.reads) return [];
    return [
      error(
        "may-not-read",
        `"${user}" may not read ${quote(reader.name)}, which "${reader.resource.name}" reads.`,
        reader.resource.at,
        [`as its owner: \`grant select on ${quote(reader.name)} to ${quoteIdent(user)}\`, and usage on its schema`],
      ),
    ];
  });
}

/** Who makes a function anew must own the one of the same arguments. */
async function functionProblems(session: Session, user: string, input: PreflightInput): Promise<Diagnostic[]> {
  const targets = builds(input).filter(isFunction);
  const problems: Diagnostic[] = [];
  for (const { resource, name } of targets.filter((target) => input.world.functions.has(relationKey(target.name)))) {
    const types = [resource, ...resource.overloads].map((one) => one.arguments.map(({ dataType }) => dataType));
    const { rows } = await session.query<RoutineInfo>(listArgumentTypes(name, types));
    for (const { owner } of rows.filter(({ owns }) => !owns))
      problems.push(
        error(
          "not-owner",
          `The function ${quote(name)} belongs to "${owner}", so "${user}" cannot replace it.`,
          resource.at,
          [
            `as a superuser: \`grant ${quoteIdent(owner)} to ${quoteIdent(user)}\``,
            "or give it another name with the config `alias`, if the function is somebody else's",
          ],
        ),
      );
  }
  return problems;
}

function relationRead(graph: Graph, id: NodeId, plan: Plan): RelationName | undefined {
  const resource = graph.resource(id);
  const isInlined = resource.kind === "model" && resource.config.materialized === "ephemeral";
  return isInlined || resource.kind === "exposure" || resource.kind === "function"
    ? undefined
    : plan.relations.published(id);
}

function targetProblem(
  target: { resource: Resource; name: RelationName },
  right: RelationRight,
  user: string,
): Diagnostic[] {
  const { resource, name } = target;
  if (right.kind === "foreign_table" || right.kind === "partitioned_table")
    return [
      error(
        "relation-in-the-way",
        `${quote(name)} is a ${right.kind.replace("_", " ")}, which Sluice does not make; it will not be replaced.`,
        resource.at,
        ["drop or rename it, or give this node another name with the config `alias`"],
      ),
    ];
  if (right.owns) return [];
  return [
    error("not-owner", `${quote(name)} belongs to "${right.owner}", so "${user}" cannot replace it.`, resource.at, [
      `as a superuser: \`alter table ${quote(name)} owner to ${quoteIdent(user)}\`, or \`grant ${quoteIdent(right.owner)} to ${quoteIdent(user)}\``,
      "or give this node another name with the config `alias`, if the relation is somebody else's",
    ]),
  ];
}
