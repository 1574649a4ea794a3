/** `external:` of a source table: the files its rows are loaded from, and how they are written. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Entry } from "./node-properties.ts";
import { Shape, isMapping } from "./shape.ts";
import type { External } from "./types.ts";
import { copyPlaces } from "./written.ts";

const OPTIONS = [
  "location",
  "delimiter",
  "quote",
  "escape",
  "header",
  "encoding",
  "null_strings",
  "date_format",
  "timestamp_format",
  "decimal",
  "thousands",
  "on_reject",
];

/** Undefined where `external:` is for other tools, or wrong (then with problems). */
export function readExternal(table: Entry): External | undefined {
  const written = table.get("external");
  if (!isMapping(written)) return undefined;
  const options = written["options"];
  // Settings stand directly under external, or under its options.
  const all = { ...(isMapping(options) ? options : {}), ...written };
  copyPlaces(written, all);
  if (isMapping(options)) copyPlaces(options, all);
  const external = new Shape(all, `"external" of ${table.what}`, table.keySpan("external"), table.problems);
  const location = external.text("location");
  if (location === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(location) || location.startsWith("@")) return undefined;
  new Shape(written, external.what, external.at, table.problems).warnUnknown([
    ...OPTIONS,
    "options",
    "partitions",
    "file_format",
    "row_format",
    "tbl_properties",
    "infer_schema",
    "auto_refresh",
  ]);
  const before = table.problems.length;
  const quote = character(external, "quote", '"', true);
  const onReject = external.text("on_reject") ?? "fail";
  if (onReject !== "fail" && onReject !== "quarantine") {
    const message = `"on_reject" of ${external.what} must be fail or quarantine.`;
    table.problems.push(error("yaml-shape", message, external.span("on_reject")));
  }
  const dateFormat = external.text("date_format");
  const timestampFormat = external.text("timestamp_format");
  const thousands = external.has("thousands") ? character(external, "thousands", "", true) : "";
  const result: External = {
    location,
    delimiter: character(external, "delimiter", ","),
    quote,
    escape: character(external, "escape", quote, true),
    header: external.flag("header") ?? true,
    encoding: encoding(external),
    nullStrings: external.has("null_strings") ? external.texts("null_strings") : [""],
    ...(dateFormat !== undefined && { dateFormat }),
    ...(timestampFormat !== undefined && { timestampFormat }),
    decimal: character(external, "decimal", "."),
    ...(thousands !== "" && { thousands }),
    onReject: onReject === "quarantine" ? "quarantine" : "fail",
    at: external.has("location") ? external.span("location") : external.at,
  };
  return table.problems.slice(before).some((d) => d.severity === "error") ? undefined : result;
}

/** One character; `\t` and `tab` are written for a tabulator. `""` only where none may be wanted. */
function character(external: Shape, key: string, standard: string, orNone = false): string {
  const written = Object.hasOwn(external.value, key) ? (external.text(key) ?? "") : standard;
  const one = written === "\\t" || written === "tab" ? "\t" : written;
  if ([...one].length === 1 || (orNone && one === "")) return one;
  const message = `"${key}" of ${external.what} must be one character.`;
  const at = external.has(key) ? external.span(key) : external.keySpan(key);
  external.problems.push(error("yaml-shape", message, at, ['for a tabulator write  "\\t"']));
  return standard;
}

function encoding(external: Shape): string {
  const written = external.text("encoding") ?? "utf-8";
  try {
    return new TextDecoder(written).encoding;
  } catch {
    const message = `"encoding" of ${external.what} is not known.`;
    const notes = ["for example utf-8, windows-1252, iso-8859-1, utf-16le"];
    external.problems.push(error("yaml-shape", message, external.span("encoding"), notes));
    return "utf-8";
  }
}
