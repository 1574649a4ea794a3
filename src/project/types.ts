/** What stands on disk, read and checked, before anything is made of it. Jinja in YAML values is rendered already. */
import type { SourceFile, Span } from "../diagnostics/diagnostic.ts";
import type { Connection } from "../postgres/database.ts";
import type { QueryComment } from "./query-comment.ts";

/** Values as YAML and JSON give them. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Mapping = { [key: string]: Value };

export interface Project {
  readonly root: string;
  readonly name: string;
  readonly profile: Profile;
  readonly target: Target;
  /** Root package first, then the installed ones, in order of installation. Sluice's own package is not among them. */
  readonly packages: readonly Package[];
  /** `--vars`. */
  readonly cliVars: Mapping;
  /** Absolute. */
  readonly targetPath: string;
  /** `selectors.yml`, in order. */
  readonly selectors: readonly SelectorProperties[];
}

export interface SelectorProperties {
  readonly name: string;
  readonly description?: string;
  readonly isDefault: boolean;
  /** As written, rendered. */
  readonly definition: Value;
  readonly at: Span;
}

export interface Profile {
  readonly name: string;
  readonly file?: SourceFile;
  readonly targets: readonly string[];
}

/** One output of `profiles.yml`: an address and what dbt calls the target. */
export interface Target {
  readonly name: string;
  readonly schema: string;
  readonly threads: number;
  readonly connection: Connection;
}

export interface Package {
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  readonly config: ProjectConfig;
  readonly files: PackageFiles;
  readonly properties: Properties;
}

/** `.sql` and `.csv` files by what their folder means. Macro and docs files keep their package's order. */
export interface PackageFiles {
  readonly models: readonly SourceFile[];
  readonly seeds: readonly SeedFile[];
  readonly snapshots: readonly SourceFile[];
  readonly analyses: readonly SourceFile[];
  readonly macros: readonly SourceFile[];
  /** Singular tests: `tests/**.sql` outside `generic/`. */
  readonly tests: readonly SourceFile[];
  /** `tests/generic/**.sql`: files of `{% test %}` blocks. */
  readonly genericTests: readonly SourceFile[];
  readonly docs: readonly SourceFile[];
  /** `tests/fixtures/**.{csv,sql}`: rows of unit tests. */
  readonly fixtures: readonly SourceFile[];
  /** `functions/**.{sql,py,js}`: user-defined functions; only those in SQL can be made. */
  readonly functions: readonly SourceFile[];
}

/** A seed is read when it is loaded, not before: `file.text` is empty. */
export interface SeedFile {
  readonly file: SourceFile;
  readonly bytes: number;
  /** Of the file's bytes. */
  readonly sha256: string;
  /**
   * As dbt's manifest has it: the sha256 of the text without white space around it, or, beyond 1 MiB, the path in the
   * place of a hash.
   */
  readonly checksum: { readonly name: "sha256" | "path"; readonly checksum: string };
}

/** `dbt_project.yml`. */
export interface ProjectConfig {
  readonly name: string;
  readonly version?: string;
  readonly profile?: string;
  readonly file: SourceFile;
  readonly paths: {
    readonly models: readonly string[];
    readonly seeds: readonly string[];
    readonly snapshots: readonly string[];
    readonly analyses: readonly string[];
    readonly macros: readonly string[];
    readonly tests: readonly string[];
    readonly docs: readonly string[];
    readonly functions: readonly string[];
    /** Pictures and the like, for descriptions. */
    readonly assets: readonly string[];
    readonly target: string;
    readonly packages: string;
    readonly clean: readonly string[];
  };
  readonly vars: Mapping;
  readonly quoting: { readonly database?: boolean; readonly schema?: boolean; readonly identifier?: boolean };
  readonly onRunStart: readonly Hook[];
  readonly onRunEnd: readonly Hook[];
  readonly dispatch: readonly { readonly namespace: string; readonly searchOrder: readonly string[] }[];
  /** Config trees as written: `+key` and folder names mixed; keys of a resource type. */
  readonly configs: {
    readonly models: Mapping;
    readonly seeds: Mapping;
    readonly snapshots: Mapping;
    readonly sources: Mapping;
    readonly tests: Mapping;
    readonly unit_tests: Mapping;
    readonly exposures: Mapping;
    readonly analyses: Mapping;
    readonly functions: Mapping;
  };
  readonly flags: Mapping;
  /** Absent where no comment is wanted. */
  readonly queryComment?: QueryComment;
  /** Other packages may read its public models only. */
  readonly restrictAccess: boolean;
  /** The place of a key of this file: `["models", "bank", "+schema"]`. */
  locate(path: readonly (string | number)[]): Span | undefined;
}

/** Unrendered SQL of a hook, with its place. */
export interface Hook {
  readonly sql: string;
  readonly transaction: boolean;
  readonly at: Span;
}

/** All entries of a package's property YAML files. */
export interface Properties {
  readonly models: readonly NodeProperties[];
  readonly seeds: readonly NodeProperties[];
  readonly snapshots: readonly NodeProperties[];
  readonly analyses: readonly NodeProperties[];
  /** `data_tests:` at the top level: properties of singular tests. */
  readonly singularTests: readonly NodeProperties[];
  readonly sources: readonly SourceProperties[];
  readonly macros: readonly MacroProperties[];
  readonly exposures: readonly ExposureProperties[];
  readonly unitTests: readonly UnitTestProperties[];
  readonly groups: readonly GroupProperties[];
  readonly functions: readonly FunctionProperties[];
}

export interface GroupProperties {
  readonly name: string;
  readonly description: string;
  readonly owner: Mapping;
  readonly config: Mapping;
  readonly at: Span;
}

export interface NodeProperties {
  readonly name: string;
  /** Unrendered: may hold `{{ doc('…') }}`. */
  readonly description: string;
  /** `config:` plus the top-level keys dbt treats as config (meta, tags, docs, access, group, contract …). */
  readonly config: Mapping;
  readonly columns: readonly ColumnProperties[];
  readonly tests: readonly TestProperties[];
  readonly constraints: readonly ConstraintProperties[];
  /** Of a model that has versions: the one that this entry describes. */
  readonly version?: VersionProperties;
  /** As written; for packages that look at it. */
  readonly timeSpine?: Value;
  /** Snapshots defined in YAML: `ref('…')` or `source(…)`. */
  readonly relation?: string;
  /** `2024-01-31T00:00:00+00:00` */
  readonly deprecationDate?: string;
  /** The package whose file it stands in, where that is another one than the node's. */
  readonly from?: string;
  readonly at: Span;
}

/** A function's signature: what stands in its file is only its body. */
export interface FunctionProperties extends NodeProperties {
  readonly arguments: readonly FunctionArgument[];
  readonly returns: FunctionReturns;
  readonly overloads: readonly FunctionOverload[];
}

/** The same name for other arguments; its body stands in another file of `functions/`. */
export interface FunctionOverload {
  readonly definedIn: string;
  readonly arguments: readonly FunctionArgument[];
  readonly returns: FunctionReturns;
  /** Whether these are its own, or the function's. */
  readonly saysReturns: boolean;
  readonly description?: string;
  readonly at: Span;
}

export interface FunctionArgument {
  readonly name: string;
  readonly dataType: string;
  readonly description?: string;
  /** SQL: `100`, `'EUR'`. */
  readonly defaultValue?: Value;
  readonly at: Span;
}

export interface FunctionReturns {
  readonly dataType: string;
  readonly description?: string;
}

export interface VersionProperties {
  /** `v:` as YAML has it, and as written. */
  readonly value: Value;
  readonly text: string;
  /** The version that `ref()` means when it names none. */
  readonly latest: Value;
  readonly isLatest: boolean;
  /** The name of its file, without ending. */
  readonly definedIn: string;
}

export interface ColumnProperties {
  readonly name: string;
  readonly description: string;
  readonly dataType?: string;
  readonly quote?: boolean;
  readonly constraints: readonly ConstraintProperties[];
  readonly tests: readonly TestProperties[];
  readonly tags: readonly string[];
  readonly meta: Mapping;
  readonly at: Span;
}

export interface ConstraintProperties {
  readonly type: "not_null" | "unique" | "primary_key" | "foreign_key" | "check" | "custom";
  readonly name?: string;
  readonly expression?: string;
  readonly columns: readonly string[];
  readonly to?: string;
  readonly toColumns: readonly string[];
  readonly at: Span;
}

/** One use of a generic test. Arguments are unrendered. */
export interface TestProperties {
  /** `unique`, `my_package.my_test`. */
  readonly test: string;
  readonly name?: string;
  readonly description: string;
  readonly args: Mapping;
  /** severity, where, limit, tags, store_failures … */
  readonly config: Mapping;
  readonly at: Span;
}

export interface SourceProperties {
  readonly source: string;
  readonly name: string;
  readonly sourceDescription: string;
  readonly description: string;
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
  readonly loader: string;
  readonly config: Mapping;
  readonly tags: readonly string[];
  readonly meta: Mapping;
  readonly sourceMeta: Mapping;
  readonly columns: readonly ColumnProperties[];
  readonly tests: readonly TestProperties[];
  /** Absent where `external:` is for other tools: without a location, or with one that is no path (`s3://…`). */
  readonly external?: External;
  /** `external:` as written. */
  readonly externalAsWritten?: Value;
  /** Null where it is switched off, by an empty value. */
  readonly freshness?: Mapping | null;
  readonly loadedAtField?: string;
  readonly loadedAtQuery?: string;
  readonly quoting: Mapping;
  readonly at: Span;
}

/**
 * Where a source table's rows come from. `location` is a path or glob relative to the project's root. The rest may stand
 * directly under `external:` or under `external.options:`; unknown keys of the latter are kept by dbt for other tools.
 */
export interface External {
  readonly location: string;
  /** One character. Default ",". */
  readonly delimiter: string;
  /** One character, or "" for none. Default `"`. */
  readonly quote: string;
  /** One character. Default: the quote. */
  readonly escape: string;
  /** Whether the first record names the columns; without it, columns are taken in the order of `columns:`. Default true. */
  readonly header: boolean;
  /** An encoding's WHATWG name: utf-8 (default), windows-1252, iso-8859-1, utf-16le … */
  readonly encoding: string;
  /** Unquoted texts that mean null. Default [""]. */
  readonly nullStrings: readonly string[];
  /** Postgres `to_date` pattern, such as `DD.MM.YYYY`; ISO when absent. */
  readonly dateFormat?: string;
  /** Postgres `to_timestamp` pattern; ISO when absent. */
  readonly timestampFormat?: string;
  /** Decimal separator. Default ".". */
  readonly decimal: string;
  /** Thousands separator to remove. Default none. */
  readonly thousands?: string;
  readonly onReject: "fail" | "quarantine";
  readonly at: Span;
}

export interface MacroProperties {
  readonly name: string;
  readonly description: string;
  readonly meta: Mapping;
  readonly arguments: readonly { readonly name: string; readonly type?: string; readonly description: string }[];
  readonly at: Span;
}

export interface ExposureProperties {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly url?: string;
  readonly maturity?: string;
  readonly description: string;
  readonly owner: Mapping;
  readonly dependsOn: readonly { readonly text: string; readonly at: Span }[];
  readonly config: Mapping;
  readonly tags: readonly string[];
  readonly meta: Mapping;
  readonly at: Span;
}

export interface UnitTestProperties {
  readonly name: string;
  readonly model: string;
  readonly description: string;
  readonly given: readonly UnitTestInput[];
  readonly expect: UnitTestRows;
  readonly overrides: { readonly macros: Mapping; readonly vars: Mapping; readonly env_vars: Mapping };
  /** `{include: […]}` or `{exclude: […]}` of a versioned model, as written. */
  readonly versions?: Value;
  readonly config: Mapping;
  readonly at: Span;
}

export interface UnitTestRows {
  readonly format: "dict" | "csv" | "sql";
  /** dict: a list of mappings; csv: text; sql: text. Absent means no rows. */
  readonly rows: Value | undefined;
  /** Name of a fixture file under `tests/fixtures`. */
  readonly fixture?: string;
}

export interface UnitTestInput extends UnitTestRows {
  /** `ref('…')`, `source('…', '…')` or `this`. */
  readonly input: string;
  readonly at: Span;
}
