/** The manifest: everything the project declares, linked by name but not yet ordered. */
import type { MacroNode } from "../context/macros.ts";
import type { FunctionCall, RefCall, SourceCall } from "../context/phase.ts";
import type { Diagnostic, SourceFile, Span } from "../diagnostics/diagnostic.ts";
import type {
  ColumnProperties,
  ConstraintProperties,
  ExposureProperties,
  FunctionArgument,
  FunctionReturns,
  GroupProperties,
  Hook,
  Mapping,
  SeedFile,
  SourceProperties,
  UnitTestProperties,
  Value,
} from "../project/types.ts";
import type { Dashboard } from "./dashboard.ts";
import type { KeyCall, KeyTarget } from "./foreign-keys.ts";

export type { FunctionCall, MacroNode, RefCall, SourceCall };

/** dbt's unique id, such as `model.bank.customer_summary`. */
export type NodeId = string & { readonly __node: never };

// The one place where a string becomes an id.
export const nodeId = (kind: string, ...parts: readonly string[]): NodeId => [kind, ...parts].join(".") as NodeId;

export interface Manifest {
  readonly projectName: string;
  readonly nodes: ReadonlyMap<NodeId, Node>;
  readonly sources: ReadonlyMap<NodeId, SourceNode>;
  readonly exposures: ReadonlyMap<NodeId, ExposureNode>;
  readonly macros: ReadonlyMap<string, MacroNode>;
  readonly docs: ReadonlyMap<string, DocsBlock>;
  readonly groups: readonly GroupNode[];
  /** Enabled false: kept to explain why a ref does not resolve. */
  readonly disabled: ReadonlyMap<NodeId, Node | SourceNode | ExposureNode>;
  readonly onRunStart: readonly HookNode[];
  readonly onRunEnd: readonly HookNode[];
  readonly diagnostics: readonly Diagnostic[];
}

export type Node = ModelNode | SeedNode | SnapshotNode | DataTestNode | UnitTestNode | AnalysisNode | FunctionNode;
/** Everything that stands in the graph. */
export type Resource = Node | SourceNode | ExposureNode;

export interface ResourceBase {
  readonly id: NodeId;
  readonly name: string;
  /** Package name. */
  readonly package: string;
  /** `[package, folder, …, name]`, as dbt. */
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  readonly meta: Mapping;
  readonly description: string;
  /** Ids of the docs blocks that the description quotes. */
  readonly docBlocks: readonly string[];
  /** Where the resource is declared. */
  readonly file: SourceFile;
  readonly at: Span;
}

export interface NodeBase extends ResourceBase {
  /** Unrendered SQL (or test SQL); empty for seeds. */
  readonly raw: string;
  readonly config: NodeConfig;
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
  /** Nodes and sources read, functions called: what `ref()`, `source()` and `function()` named, plus `depends_on` of macros. */
  readonly dependsOn: readonly NodeId[];
  readonly refs: readonly RefCall[];
  readonly sourceCalls: readonly SourceCall[];
  readonly functionCalls: readonly FunctionCall[];
  /** Unique ids of the macros named while parsing, by the node and by what it calls. */
  readonly macros: readonly string[];
  /** Unique ids of the macros that the node itself calls, in order: as artifacts list them. */
  readonly calls: readonly string[];
  readonly columns: readonly DescribedColumn[];
  readonly constraints: readonly ConstraintProperties[];
  /** What foreign keys among them, and among those of columns, name in `to`. */
  readonly keyCalls?: readonly KeyCall[];
  /** Once linked: what that is, by `to` as it is written. */
  readonly keyTargets?: ReadonlyMap<string, KeyTarget>;
  /** The layers of configuration, each over those before it and none merged: what artifacts call unrendered. */
  readonly writtenConfig: Mapping;
  /** The entry in a property file, if there is one. */
  readonly propertiesAt?: Span;
  /** The package of that place, where it is another one. */
  readonly propertiesFrom?: string;
}

export interface ModelNode extends NodeBase {
  readonly kind: "model";
  /** Of a model that has versions. */
  readonly version?: Value;
  readonly latestVersion?: Value;
  /** `2024-01-31T00:00:00+00:00` */
  readonly deprecationDate?: string;
  readonly timeSpine?: Value;
}
export interface SeedNode extends NodeBase {
  readonly kind: "seed";
  readonly seed: SeedFile;
}
export interface SnapshotNode extends NodeBase {
  readonly kind: "snapshot";
}
export interface AnalysisNode extends NodeBase {
  readonly kind: "analysis";
}
/** A user-defined function; `raw` is its body. */
export interface FunctionNode extends NodeBase {
  readonly kind: "function";
  readonly language: FunctionLanguage;
  readonly arguments: readonly FunctionArgument[];
  readonly returns: FunctionReturns;
  /** Others of the same name, made with it. */
  readonly overloads: readonly Overload[];
}
/** Only those in SQL can be made. */
export type FunctionLanguage = "sql" | "python" | "javascript";
export interface Overload {
  /** The name of its file, without ending. */
  readonly definedIn: string;
  readonly arguments: readonly FunctionArgument[];
  readonly returns: FunctionReturns;
  readonly saysReturns: boolean;
  readonly description?: string;
  /** Its body, unrendered: the whole of `file`. */
  readonly raw: string;
  readonly file: SourceFile;
}
export interface DataTestNode extends NodeBase {
  readonly kind: "test";
  /** Generic tests only. */
  readonly generic?: {
    /** `unique`, with its namespace if it has one: `dbt_utils.equality`. */
    readonly test: string;
    readonly column?: string;
    readonly args: Mapping;
    /** The arguments and `model`, as the test's hash and artifacts have them. */
    readonly kwargs: Mapping;
    /** What the use in YAML configures, with the alias it is given for a long name; in dbt's order. */
    readonly configured: Mapping;
    /** The file that dbt makes up for it. */
    readonly path: string;
    /** Where it is declared: `models.dim`, `sources.raw`. */
    readonly on: string;
  };
  /** The node or source whose test it is (generic tests: the one it is declared on; singular: none unless one parent). */
  readonly attached?: NodeId;
}
export interface UnitTestNode extends NodeBase {
  readonly kind: "unit_test";
  readonly model: NodeId;
  readonly unit: UnitTestProperties;
}

export interface SourceNode extends ResourceBase {
  readonly kind: "source";
  readonly source: SourceProperties;
  readonly database: string;
  readonly schema: string;
  readonly identifier: string;
  /** The source whose load fills this table: that of `x` fills `x__rejected`. */
  readonly filledBy?: NodeId;
  readonly config: NodeConfig;
  readonly columns: readonly DescribedColumn[];
}

/** A column whose description is rendered. */
export interface DescribedColumn extends ColumnProperties {
  readonly docBlocks: readonly string[];
}

export interface ExposureNode extends ResourceBase {
  readonly kind: "exposure";
  readonly exposure: ExposureProperties;
  /** What it shows, where its meta says so. */
  readonly dashboard?: Dashboard;
  readonly refs: readonly RefCall[];
  readonly sourceCalls: readonly SourceCall[];
  readonly dependsOn: readonly NodeId[];
  readonly config: NodeConfig;
}

/** Not in the graph: run before or after everything. */
export interface HookNode {
  readonly kind: "operation";
  readonly id: NodeId;
  readonly name: string;
  readonly package: string;
  /** `[package, "hooks", name]` */
  readonly fqn: readonly string[];
  /** As of a model of that fqn. */
  readonly config: Mapping;
  readonly index: number;
  readonly hook: Hook;
}

/** Not in the graph: a name that nodes belong to. */
export interface GroupNode {
  readonly id: NodeId;
  readonly package: string;
  readonly group: GroupProperties;
}

export interface DocsBlock {
  readonly name: string;
  readonly package: string;
  readonly text: string;
  readonly file: SourceFile;
}

/** Configuration after merging; keys as in dbt. Unknown keys are kept for `config.get`. */
export interface NodeConfig {
  readonly enabled: boolean;
  readonly materialized: string;
  readonly tags: readonly string[];
  readonly meta: Mapping;
  readonly pre_hook: readonly Hook[];
  readonly post_hook: readonly Hook[];
  /** Everything, these included, as merged: what `config.get()` reads and artifacts print. */
  readonly all: Mapping;
}
