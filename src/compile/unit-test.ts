/** A unit test as SQL: the model over given rows, compared with the rows expected. */
import type { TemplateQuery } from "../context/phase.ts";
import { makeProjectContext } from "../context/context.ts";
import { Relation } from "../context/relation.ts";
import { error, Failure } from "../diagnostics/diagnostic.ts";
import { toPython } from "../jinja/index.ts";
import { didYouMean } from "../lib/nearest.ts";
import type { ModelNode, NodeId, Resource, UnitTestNode } from "../parse/manifest.ts";
import { Linker } from "../parse/link.ts";
import { readCall } from "../parse/sources.ts";
import { listColumns } from "../postgres/catalog.ts";
import { quoteIdent, quoteLiteral } from "../postgres/relation.ts";
import type { Mapping, UnitTestInput, UnitTestRows, Value } from "../project/types.ts";
import { assemble, type Compiled, withCtes } from "./assemble.ts";
import type { Compiler } from "./compiler.ts";
import { parseCsvRows } from "./csv-rows.ts";

interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * SQL whose rows are the differences: `actual_or_expected`, then the columns the test names. No row: the test passes.
 * Column types come from the relations the model reads, so these must exist (`build` makes them first).
 */
export async function compileUnitTest(compiler: Compiler, test: UnitTestNode, query: TemplateQuery): Promise<Compiled> {
  const { manifest, project } = compiler.input;
  const model = manifest.nodes.get(test.model) as ModelNode;
  const linker = new Linker([...manifest.nodes.values(), ...manifest.sources.values()], [], manifest.projectName);
  const fixtures = new Map<NodeId | "this", { name: string; body: string }>();
  for (const [i, input] of test.unit.given.entries()) {
    const target = targetOf(input, test, model, linker);
    // A seed given without rows is read as it is.
    if (target !== "this" && target.kind === "seed" && input.rows === undefined && input.fixture === undefined)
      continue;
    const columns =
      target === "this" ? await columnsOfThis(compiler, model, query) : await columnsOf(compiler, target, query);
    const name = `__dbt__cte__${target === "this" ? `this_${model.alias}` : `${i}_${target.name}`}`.slice(0, 60);
    fixtures.set(target === "this" ? "this" : target.id, { name, body: fixtureSql(input, columns, test) });
  }
  const cte = (key: NodeId | "this"): Relation | undefined => {
    const fixture = fixtures.get(key);
    return fixture && new Relation({ identifier: fixture.name, type: "cte", text: fixture.name });
  };

  const { overrides } = test.unit;
  const names = new Map<string, unknown>(Object.entries(overrides.macros).map(([k, v]) => [k, () => toPython(v)]));
  const self = cte("this");
  if (self) names.set("this", self);
  const given = stringly(overrides.env_vars);
  const { facts: own } = compiler.input;
  const facts = Object.keys(given).length > 0 ? { ...own, env: { ...own.env, ...given } } : own;
  const varred = { ...project, cliVars: { ...project.cliVars, ...overrides.vars } };
  const incremental = overrides.macros["is_incremental"];
  const sql = await compiler.compile(model, query, {
    ref: (target) => cte(target.id),
    isIncremental: incremental === true,
    overrides: names,
    shared: makeProjectContext(varred, compiler.input.macros, facts),
  });
  const actual = withCtes(sql, [...fixtures.values()]);
  return compare(test, actual, await typesOf(actual.sql, query));
}

function compare(test: UnitTestNode, actual: Compiled, types: readonly TypedColumn[]): Compiled {
  const { expect } = test.unit;
  const rows = rowsOf(expect, test);
  const named = rows ? namesIn(rows) : types.map((t) => t.name);
  const columns = named.map((name) => {
    const type = types.find((t) => t.name.toLowerCase() === name.toLowerCase());
    if (!type) {
      const known = types.map((t) => t.name);
      throw new Failure(
        error(
          "unit-test-column",
          `Invalid column name: '${name}' in unit test fixture for expected output. "${test.unit.model}" does not give it.`,
          test.at,
          [...didYouMean(name, known), `its columns: ${known.join(", ")}`],
        ),
      );
    }
    return type;
  });
  const expected = rows ? valuesSql(rows, columns) : String(expect.rows);
  // json has no equality; its text has.
  const list = columns.map((c) => (c.type === "json" ? `${quoteIdent(c.name)}::text` : quoteIdent(c.name))).join(", ");
  return assemble(
    "with dbt_internal_unit_test_actual as (\nselect ",
    `${list} from (\n`,
    actual,
    `\n) as model\n), dbt_internal_unit_test_expected as (\nselect ${list} from (\n${expected}\n) as expected\n)\n`,
    "select 'actual' as actual_or_expected, * from (table dbt_internal_unit_test_actual except all table dbt_internal_unit_test_expected) as surplus\n",
    "union all\n",
    "select 'expected' as actual_or_expected, * from (table dbt_internal_unit_test_expected except all table dbt_internal_unit_test_actual) as missing",
  );
}

/** Names of columns, in whatever case, each once. */
const namesIn = (rows: readonly Mapping[]): string[] => [
  ...new Map(rows.flatMap((row) => Object.keys(row).map((name) => [name.toLowerCase(), name] as const))).values(),
];

function targetOf(input: UnitTestInput, test: UnitTestNode, model: ModelNode, linker: Linker): Resource | "this" {
  if (input.input.trim() === "this") return "this";
  const call = readCall(input.input);
  const target =
    call?.kind === "ref" ? linker.ref(call.ref, test.package) : call ? linker.source(call.source) : undefined;
  if (!target || !model.dependsOn.includes(target.id)) {
    const reads = model.dependsOn.map((id) => id.split(".").at(-1));
    throw new Failure(
      error(
        "unit-test-input",
        `Unit test "${test.name}" gives rows for ${input.input}, which "${model.name}" does not read.`,
        input.at,
        [`it reads: ${reads.join(", ") || "nothing"}`],
      ),
    );
  }
  return target;
}

async function columnsOf(compiler: Compiler, target: Resource, query: TemplateQuery): Promise<TypedColumn[]> {
  if (target.kind === "model" && target.config.materialized === "ephemeral") {
    return typesOf((await compiler.compile(target, query)).sql, query);
  }
  const found = await query(listColumns(compiler.input.relations.readFrom(target.id)));
  return found.rows.map((row) => ({ name: row[0] ?? "", type: unlimited(row[1] ?? "text") }));
}

/** Given texts may be longer than those that are there. */
const unlimited = (type: string): string => type.replace(/^character( varying)?\(\d+\)$/, "character varying");

/** Before a model is built for the first time, its columns are those of its query. */
async function columnsOfThis(compiler: Compiler, model: ModelNode, query: TemplateQuery): Promise<TypedColumn[]> {
  const existing = await columnsOf(compiler, model, query);
  return existing.length > 0
    ? existing
    : typesOf((await compiler.compile(model, query, { isIncremental: false })).sql, query);
}

/** Names and types of a query's columns, without running it. */
async function typesOf(sql: string, query: TemplateQuery): Promise<TypedColumn[]> {
  const { fields } = await query(`select * from (\n${sql}\n) as q limit 0`);
  if (fields.length === 0) return [];
  const types = await query(`select ${fields.map((f) => `format_type(${f.type}, null)`).join(", ")}`);
  return fields.map((f, i) => ({ name: f.name, type: types.rows[0]?.[i] ?? "text" }));
}

/** `orders` of `ref('orders')` and of `source('raw', 'orders')`. */
const fixtureName = ({ input }: UnitTestInput): string => /(['"])([^'"]+)\1\s*[,)][^'"]*$/.exec(input)?.[2] ?? input;

/** A fixture as a query with all columns of the relation it stands for; columns not given are null. */
function fixtureSql(input: UnitTestInput, known: readonly TypedColumn[], test: UnitTestNode): string {
  const rows = rowsOf(input, test);
  if (!rows) return String(input.rows);
  if (known.length === 0) {
    throw new Failure(
      error(
        "unit-test-input-missing",
        `The columns of ${input.input} are not known: it does not exist in the database yet.`,
        input.at,
        ["build it first (`sluice build` does), or give the rows as SQL: format: sql"],
      ),
    );
  }
  for (const name of new Set(rows.flatMap((row) => Object.keys(row)))) {
    if (!known.some((c) => c.name.toLowerCase() === name.toLowerCase())) {
      const names = known.map((c) => c.name);
      throw new Failure(
        error(
          "unit-test-column",
          `Invalid column name: '${name}' in unit test fixture for '${fixtureName(input)}'.`,
          input.at,
          [...didYouMean(name, names), `its columns: ${names.join(", ")}`],
        ),
      );
    }
  }
  return valuesSql(rows, known);
}

function rowsOf(input: UnitTestRows, test: UnitTestNode): Mapping[] | undefined {
  if (input.format === "sql") return undefined;
  if (input.rows === undefined || input.rows === null) return [];
  if (typeof input.rows === "string") return parseCsvRows(input.rows, test.at);
  return input.rows as Mapping[];
}

function valuesSql(rows: readonly Mapping[], columns: readonly TypedColumn[]): string {
  const none = columns.map((c) => `null::${c.type} as ${quoteIdent(c.name)}`).join(", ");
  if (rows.length === 0) return `select ${none} where false`;
  return rows
    .map((row) => {
      const given = new Map(Object.entries(row).map(([k, v]) => [k.toLowerCase(), v]));
      const cells = columns.map(
        (c) => `${literal(given.get(c.name.toLowerCase()))}::${c.type} as ${quoteIdent(c.name)}`,
      );
      return `select ${cells.join(", ")}`;
    })
    .join("\nunion all\n");
}

function literal(value: Value | undefined): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "object") return quoteLiteral(JSON.stringify(value));
  return quoteLiteral(String(value));
}

const stringly = (values: Mapping): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([k, v]) => [k, String(v)]));
