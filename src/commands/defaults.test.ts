import { expect, test } from "vitest";
import { fromEnvironment } from "./defaults.ts";

const flag = { type: "boolean" } as const;
const text = { type: "string" } as const;

test("dbt's variables count where dbt reads them, ours before them", () => {
  const env = { DBT_TARGET: "dbt", DBT_ENGINE_TARGET: "engine", SLUICE_TARGET: "ours" };
  expect(fromEnvironment("target", text, env)).toBe("ours");
  expect(fromEnvironment("target", text, { ...env, SLUICE_TARGET: undefined })).toBe("engine");
  expect(fromEnvironment("target", text, { DBT_TARGET: "dbt" })).toBe("dbt");
  expect(fromEnvironment("resource-type", { ...text, array: true }, { DBT_RESOURCE_TYPES: "model seed" })).toEqual([
    "model",
    "seed",
  ]);
  expect(
    fromEnvironment("maximum-seed-size-mib", { type: "number" }, { DBT_MAXIMUM_SEED_SIZE_MIB: "2" }),
  ).toBeUndefined();
  expect(fromEnvironment("maximum-seed-size-mib", { type: "number" }, { DBT_ENGINE_MAXIMUM_SEED_SIZE_MIB: "2" })).toBe(
    2,
  );
});

test("variables that dbt does not read are the user's own, as for profiles.yml", () => {
  for (const name of ["port", "host", "user", "password", "vars", "rows"]) {
    const variable = name.toUpperCase();
    expect(fromEnvironment(name, text, { [`DBT_${variable}`]: "mine" })).toBeUndefined();
    expect(fromEnvironment(name, text, { [`SLUICE_${variable}`]: "asked" })).toBe("asked");
  }
});

test("the old names of variables still count", () => {
  expect(fromEnvironment("state", text, { DBT_ARTIFACT_STATE_PATH: "old" })).toBe("old");
  expect(fromEnvironment("defer", flag, { DBT_DEFER_TO_STATE: "1" })).toBe(true);
  expect(fromEnvironment("print", flag, { DBT_NO_PRINT: "true" })).toBe(false);
  expect(fromEnvironment("print", flag, { DBT_PRINT: "true", DBT_NO_PRINT: "true" })).toBe(true);
});
