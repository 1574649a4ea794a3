/** Entries of `functions:`: a function's signature, beside what any node may be said to be. */
import type { Entry } from "./node-properties.ts";
import { readConfig } from "./node-properties.ts";
import type { Shape } from "./shape.ts";
import type { FunctionArgument, FunctionOverload, FunctionProperties, FunctionReturns } from "./types.ts";

const KNOWN = ["name", "description", "config", "arguments", "returns", "overloads", "meta", "tags", "docs", "group"];

export function readFunction(entry: Entry): FunctionProperties[] {
  entry.warnUnknown(KNOWN);
  const returns = readReturns(entry);
  const properties = {
    name: entry.name,
    description: entry.text("description") ?? "",
    config: readConfig(entry),
    columns: [],
    tests: [],
    constraints: [],
    arguments: readArguments(entry),
    overloads: entry.shapes("overloads", "overload").flatMap((overload) => readOverload(overload, returns)),
    at: entry.at,
  };
  return returns ? [{ ...properties, returns }] : [];
}

/** Absent where it is missing or has no type, which is reported. */
function readReturns(owner: Shape): FunctionReturns | undefined {
  const returns = owner.child("returns", `"returns" of ${owner.what}`);
  if (!returns) {
    if (!owner.has("returns")) owner.required("returns", "{data_type: numeric}");
    return undefined;
  }
  returns.warnUnknown(["data_type", "description"]);
  const dataType = returns.required("data_type", "numeric");
  const description = returns.text("description");
  return dataType === undefined ? undefined : { dataType, ...(description !== undefined && { description }) };
}

function readArguments(owner: Shape): FunctionArgument[] {
  return owner.entries("arguments", "argument").flatMap((argument) => {
    argument.warnUnknown(["name", "data_type", "description", "default_value"]);
    const dataType = argument.required("data_type", "numeric");
    if (dataType === undefined) return [];
    const description = argument.text("description");
    const defaultValue = argument.get("default_value");
    return [
      {
        name: argument.name,
        dataType,
        ...(description !== undefined && { description }),
        ...(defaultValue !== undefined && { defaultValue }),
        at: argument.at,
      },
    ];
  });
}

/** What it does not say of what it returns is as the function's. */
function readOverload(overload: Shape, standard: FunctionReturns | undefined): FunctionOverload[] {
  overload.warnUnknown(["defined_in", "arguments", "returns", "description"]);
  const definedIn = overload.required("defined_in", "another_file_of_functions");
  const returns = overload.has("returns") ? readReturns(overload) : standard;
  const args = readArguments(overload);
  const description = overload.text("description");
  if (definedIn === undefined || !returns) return [];
  return [
    {
      definedIn,
      arguments: args,
      returns,
      saysReturns: overload.has("returns"),
      ...(description !== undefined && { description }),
      at: overload.at,
    },
  ];
}
