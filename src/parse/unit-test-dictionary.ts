/** A unit test as artifacts see it, with the checksum by which dbt knows that it changed. */
import { repr, toPython } from "../jinja/index.ts";
import { sha256 } from "../lib/hash.ts";
import type { Mapping, UnitTestRows, Value } from "../project/types.ts";
import { configDictionary } from "./config-dictionary.ts";
import type { UnitTestNode } from "./manifest.ts";

export function unitTestDictionary(node: UnitTestNode, path: string): Mapping {
  const { unit } = node;
  return {
    model: unit.model,
    given: unit.given.map((input) => ({ input: input.input, ...rowsOf(input) })),
    expect: rowsOf(unit.expect),
    name: node.name,
    resource_type: "unit_test",
    package_name: node.package,
    path,
    original_file_path: node.file.path,
    unique_id: node.id,
    fqn: [...node.fqn],
    description: node.description,
    overrides: isEmpty(unit.overrides) ? null : { ...unit.overrides },
    depends_on: { macros: [], nodes: [...node.dependsOn] },
    config: configDictionary("unit_test", node.config.all),
    checksum: checksum(node),
    schema: node.schema,
    versions: unit.versions ?? null,
    version: null,
  };
}

const rowsOf = ({ rows, format, fixture }: UnitTestRows): Mapping => ({
  rows: rows ?? null,
  format,
  fixture: fixture ?? null,
});

const isEmpty = (overrides: UnitTestNode["unit"]["overrides"]): boolean =>
  Object.values(overrides).every((one: Mapping) => Object.keys(one).length === 0);

const python = (value: Value | undefined): string => repr(toPython(value ?? null));

/** Of everything but the description, as Python prints dbt's own objects. */
function checksum({ unit }: UnitTestNode): string {
  const rows = (of: UnitTestRows): string => {
    const format = { dict: "Dict", csv: "CSV", sql: "SQL" }[of.format];
    return `rows=${python(of.rows)}, format=<UnitTestFormat.${format}: '${of.format}'>, fixture=${python(of.fixture)}`;
  };
  const given = unit.given.map((input) => `UnitTestInputFixture(input=${python(input.input)}, ${rows(input)})`);
  const { macros, vars, env_vars } = unit.overrides;
  const overrides = isEmpty(unit.overrides)
    ? "None"
    : `UnitTestOverrides(macros=${python(macros)}, vars=${python(vars)}, env_vars=${python(env_vars)})`;
  const fixtures = unit.given.filter((input) => input.fixture !== undefined).map((input) => `-${String(input.rows)}`);
  const versions = unit.versions === undefined ? "None" : python(unit.versions);
  const told = `${unit.model}-${versions}-[${given.join(", ")}]-UnitTestOutputFixture(${rows(unit.expect)})-${overrides}`;
  return sha256(told + fixtures.join(""));
}
