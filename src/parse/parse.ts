/** Project → Manifest: every template rendered once with `execute = false`, every name linked, every mistake gathered. */
import { effectiveConfig, nodeConfig } from "./config.ts";
import { type RunFacts } from "../context/globals.ts";
import { makeProjectContext } from "../context/context.ts";
import { type MacroNode, MacroSet } from "../context/macros.ts";
import { type Diagnostic, error, type Note } from "../diagnostics/diagnostic.ts";
import { sortDiagnostics } from "../diagnostics/format.ts";
import type { Jinja } from "../jinja/index.ts";
import type { NodeProperties, Package, Project } from "../project/types.ts";
import { accessProblems } from "./access.ts";
import { deprecations } from "./deprecations.ts";
import { checkDashboard } from "./check-dashboard.ts";
import { keyTargets } from "./foreign-keys.ts";
import { parseGenericTests, type Tested } from "./generic-tests.ts";
import { parseFunctions } from "./functions.ts";
import { link, Linker } from "./link.ts";
import { adoptedBy, type Adoption, type Described, findAdoptions, type ParsedPackage } from "./adopt.ts";
import { collectDocs, collectMacros } from "./macros.ts";
import type { ExposureNode, HookNode, Manifest, Node, NodeId, Resource, SourceNode } from "./manifest.ts";
import { nodeId } from "./manifest.ts";
import { isDescribed, parseFileNodes, unusedProperties, versionedName } from "./nodes.ts";
import { parseExposures, parseSources } from "./sources.ts";
import type { ParseState } from "./state.ts";
import { parseUnitTests, unitInputProblems } from "./unit-tests.ts";
import { unusedConfig } from "./unused-config.ts";

export interface Parsed {
  readonly manifest: Manifest;
  readonly macros: MacroSet;
}

export function parseProject(project: Project, jinja: Jinja, facts: RunFacts): Parsed {
  const root = project.packages[0];
  if (!root) throw new Error("Internal error: a project without a package");
  const { macros, diagnostics: macroProblems } = collectMacros(project.packages);
  const { docs, diagnostics: docsProblems } = collectDocs(project.packages);
  const searchOrders = new Map(root.config.dispatch.map((d) => [d.namespace, d.searchOrder]));
  const macroSet = new MacroSet(macros.values(), root.name, searchOrders, jinja);
  const state: ParseState = {
    project,
    root,
    jinja,
    docs,
    shared: makeProjectContext(project, macroSet, facts),
    diagnostics: [...macroProblems, ...docsProblems],
  };

  const all: Resource[] = [];
  const { parsed, adoptions } = parsePackages(state);
  for (const { pkg, nodes } of parsed) {
    const sources = parseSources(state, pkg);
    const models = nodes.filter((n) => n.kind === "model");
    all.push(...sources, ...nodes);
    const { properties } = pkg;
    // Tests count in whatever section they stand. The rest is heeded only in the node's own: nodes.ts warns of it.
    const described = new Map<string, NodeProperties[]>();
    for (const entry of [...properties.models, ...properties.seeds, ...properties.snapshots]) {
      described.set(entry.name, [...(described.get(entry.name) ?? []), entry]);
    }
    for (const node of nodes) {
      if (node.kind === "test" || node.kind === "analysis" || !node.config.enabled) continue;
      for (const entry of described.get(node.name) ?? []) {
        if (entry.version && !isDescribed(node, entry)) continue;
        const { tests, columns } = entry;
        all.push(...parseGenericTests(state, pkg, node satisfies Tested, { tests, columns }));
      }
    }
    for (const { from, entry, node } of adoptions)
      if (from === pkg) all.push(...parseGenericTests(state, pkg, node, entry));
    for (const source of sources) {
      if (source.config.enabled)
        all.push(...parseGenericTests(state, pkg, source, { tests: source.source.tests, columns: source.columns }));
    }
    all.push(...parseFunctions(state, pkg));
    all.push(...parseUnitTests(state, pkg, models));
    all.push(...parseExposures(state, pkg));
  }

  const { enabled, disabled } = sortOut(all, state.diagnostics);
  disabled.push(...linkAll(enabled, disabled, root.name, macros, state.diagnostics));
  state.diagnostics.push(...unitInputProblems(enabled.values(), disabled, root.name));
  state.diagnostics.push(...accessProblems(enabled, project.packages));
  state.diagnostics.push(...deprecations(enabled, facts.startedAt));
  state.diagnostics.push(...unusedConfig(root, all));
  const manifest: Manifest = {
    projectName: project.name,
    nodes: ofKind(enabled, (r): r is Node => r.kind !== "source" && r.kind !== "exposure"),
    sources: ofKind(enabled, (r): r is SourceNode => r.kind === "source"),
    exposures: ofKind(enabled, (r): r is ExposureNode => r.kind === "exposure"),
    macros,
    docs,
    groups: project.packages.flatMap((pkg) =>
      pkg.properties.groups.map((group) => ({ id: nodeId("group", pkg.name, group.name), package: pkg.name, group })),
    ),
    disabled: new Map([...disabled].map((r) => [r.id, r])) as Manifest["disabled"],
    onRunStart: hooksOf(project, "on-run-start"),
    onRunEnd: hooksOf(project, "on-run-end"),
    diagnostics: sortDiagnostics(state.diagnostics),
  };
  return { manifest, macros: macroSet };
}

/** The nodes of files. What the files of other packages say of a node is known when all were parsed: then once more. */
function parsePackages(state: ParseState): { parsed: ParsedPackage[]; adoptions: Adoption[] } {
  const { packages } = state.project;
  const parse = (pkg: Package, adopted?: Described) => {
    const own = { ...state, diagnostics: [] };
    return { pkg, nodes: parseFileNodes(own, pkg, adopted), diagnostics: own.diagnostics };
  };
  const first = packages.map((pkg) => parse(pkg));
  const { adoptions, diagnostics } = findAdoptions(first);
  const parsed = first.map((done) => {
    const adopted = adoptedBy(adoptions, done.pkg);
    return adopted ? parse(done.pkg, adopted) : done;
  });
  const elsewhere = new Map(adoptions.map(({ entry, node }) => [entry, node]));
  for (const { pkg, nodes, diagnostics: own } of parsed)
    state.diagnostics.push(...own, ...unusedProperties(pkg, nodes, elsewhere));
  state.diagnostics.push(...diagnostics);
  return { parsed, adoptions };
}

function ofKind<T extends Resource>(all: ReadonlyMap<NodeId, Resource>, is: (r: Resource) => r is T): Map<NodeId, T> {
  const found = new Map<NodeId, T>();
  for (const [id, resource] of all) if (is(resource)) found.set(id, resource);
  return found;
}

/** Sorts out disabled resources, and reports what exists twice: ids, and relations two nodes would both write. */
function sortOut(
  all: readonly Resource[],
  diagnostics: Diagnostic[],
): { enabled: Map<NodeId, Resource>; disabled: Resource[] } {
  const enabled = new Map<NodeId, Resource>();
  const disabled: Resource[] = [];
  const names = new Map<string, Resource>();
  const relations = new Map<string, Resource>();
  const functions = new Map<string, Resource>();
  for (const resource of all) {
    if (!resource.config.enabled) {
      disabled.push(resource);
      continue;
    }
    const same = resource.kind === "test" ? enabled.get(resource.id) : undefined;
    if (same) {
      // Of two models with one name, both have the tests of the one description: the model's name is the mistake.
      if (same.at.file === resource.at.file && same.at.start === resource.at.start) continue;
      diagnostics.push(
        error("duplicate-test", `Two tests are named "${resource.name}", and have the same arguments.`, resource.at, [
          { message: "the first one is here", at: same.at },
          "remove one of them, or give it a name of its own (name: beside arguments:)",
        ]),
      );
      continue;
    }
    const twin =
      enabled.get(resource.id) ??
      (resource.kind === "model" || resource.kind === "seed" || resource.kind === "snapshot"
        ? names.get(`${resource.package}.${versionedName(resource)}`)
        : undefined);
    if (twin) {
      diagnostics.push(
        error("duplicate-name", bothNamed(twin, resource), resource.at, [
          { message: "the other one is here", at: twin.at },
          "names of models, seeds and snapshots are unique in a project: rename one (alias: sets the table's name)",
        ]),
      );
      continue;
    }
    enabled.set(resource.id, resource);
    // A function may have the name of a relation.
    const place = resource.kind === "function" ? functions : relations;
    if (
      resource.kind !== "function" &&
      resource.kind !== "model" &&
      resource.kind !== "seed" &&
      resource.kind !== "snapshot"
    )
      continue;
    if (resource.kind !== "function") names.set(`${resource.package}.${versionedName(resource)}`, resource);
    if (resource.config.materialized === "ephemeral") continue;
    const relation = `"${resource.schema}"."${resource.alias}"`;
    const other = place.get(relation);
    if (other) {
      diagnostics.push(
        error("ambiguous-alias", `"${resource.name}" and "${other.name}" would both be ${relation}.`, resource.at, [
          { message: "the other one is here", at: other.at },
          resource.kind === "function"
            ? "give one of them another alias or schema, or make it one of the `overloads` of the other"
            : "give one of them another alias or schema",
        ]),
      );
    } else place.set(relation, resource);
  }
  return { enabled, disabled };
}

function bothNamed(a: Resource, b: Resource): string {
  if (a.kind === b.kind)
    return `Two ${a.kind === "analysis" ? "analyse" : a.kind.replace("_", " ")}s are named "${a.name}".`;
  return `The ${a.kind} and the ${b.kind} here are both named "${a.name}".`;
}

/** Gives those that are disabled by this: tests of what is disabled or, as in dbt, is not there. */
function linkAll(
  enabled: Map<NodeId, Resource>,
  disabled: readonly Resource[],
  root: string,
  macros: ReadonlyMap<string, MacroNode>,
  diagnostics: Diagnostic[],
): Resource[] {
  const linker = new Linker(enabled.values(), disabled, root);
  const idle: Resource[] = [];
  for (const [id, resource] of enabled) {
    if (resource.kind === "source" || resource.kind === "unit_test") continue;
    if (resource.kind === "exposure") {
      const linked = { ...resource, dependsOn: link(linker, resource, diagnostics) };
      if (linked.dashboard) diagnostics.push(...checkDashboard(linked, linked.dashboard, linker));
      enabled.set(id, linked);
    } else {
      const missing: Diagnostic[] = [];
      const dependsOn = link(linker, resource, missing, macros);
      if (resource.kind === "test" && missing.length > 0) {
        const unknown = missing.filter(({ code }) => !code.endsWith("-disabled"));
        diagnostics.push(...unknown.map((found) => warningOf(found, { message: "the test does not run" })));
        enabled.delete(id);
        idle.push({ ...resource, dependsOn });
        continue;
      }
      diagnostics.push(...missing);
      // A singular test of one model stands with that model.
      const attached =
        resource.kind === "test" && !resource.attached && dependsOn.length === 1 ? { attached: dependsOn[0] } : {};
      const keys = resource.keyCalls ? { keyTargets: keyTargets(linker, resource.keyCalls, resource.package) } : {};
      enabled.set(id, { ...resource, ...attached, ...keys, dependsOn } as Node);
    }
  }
  return idle;
}

const warningOf = (found: Diagnostic, note: Note): Diagnostic => ({
  ...found,
  severity: "warning",
  notes: [...found.notes, note],
});

function hooksOf(project: Project, when: "on-run-start" | "on-run-end"): HookNode[] {
  return project.packages.flatMap((pkg) =>
    (when === "on-run-start" ? pkg.config.onRunStart : pkg.config.onRunEnd).map((hook, i) => {
      const name = `${pkg.name}-${when}-${i}`;
      const fqn = [pkg.name, "hooks", name];
      const root = project.packages[0]!;
      const config = nodeConfig(
        effectiveConfig({ section: "models", fqn, package: pkg, root, defaults: {} }),
        hook.at,
      ).all;
      const id = nodeId("operation", pkg.name, name);
      return { kind: "operation" as const, id, name, package: pkg.name, fqn, config, index: i, hook };
    }),
  );
}
