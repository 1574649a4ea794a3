import { expect, test } from "vitest";
import { readArguments } from "../index.ts";
import { parse } from "./arguments.ts";
import { findCommand } from "./index.ts";
import { invocationArgs } from "./invocation-args.ts";

test("the command line is told by dbt's names, with what was not given, and without other names for the same", async () => {
  const words = "build -s a b --resource-type model -f --vars {n:\\ 1} --log-format json --no-print".split(/(?<!\\) /);
  const given = await parse(
    findCommand("build")!,
    words.map((word) => word.replace("\\ ", " ")),
  );
  const told = invocationArgs("build", given, readArguments);
  expect(told).toMatchObject({
    which: "build",
    invocation_command: expect.stringMatching(/^sluice /),
    select: ["a", "b"],
    exclude: [],
    resource_types: ["model"],
    full_refresh: true,
    vars: { n: 1 },
    log_format: "json",
    print: false,
    fail_fast: false,
    indirect_selection: "eager",
  });
  for (const name of ["s", "m", "models", "f", "resource_type", "$0", "_", "direct"])
    expect(told).not.toHaveProperty(name);
});

test("a text that is no YAML is told as it is: the mistake is another's to tell", () => {
  expect(invocationArgs("build", { vars: "[a]" }, readArguments)).toMatchObject({ vars: "[a]" });
});

test("secrets are not told", () => {
  const given = { metabasePassword: "x", apiKey: "y", token: "z", url: "u" };
  expect(invocationArgs("metabase", given, readArguments)).toEqual({
    which: "metabase",
    invocation_command: expect.any(String),
    vars: {},
    url: "u",
  });
});
