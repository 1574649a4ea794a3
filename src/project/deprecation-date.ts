/** `deprecation_date:`: a day, or a time; without a zone, of the machine's own, as in dbt. */
import { error } from "../diagnostics/diagnostic.ts";
import type { Shape } from "./shape.ts";

const WRITTEN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)? ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** As artifacts have it: `2024-01-31T00:00:00+00:00`. */
export function readDeprecationDate(shape: Shape): string | undefined {
  const text = shape.text("deprecation_date");
  if (text === undefined) return undefined;
  const [, day, time = "00:00:00", zone] = WRITTEN.exec(text.trim()) ?? [];
  const clock = time.length === 5 ? `${time}:00` : time;
  const at = new Date(`${day}T${clock}`);
  if (day === undefined || Number.isNaN(at.getTime())) {
    const notes = ["write a day, such as  2025-12-31"];
    const message = `"deprecation_date" of ${shape.what} must be a day or a time, but it is "${text}".`;
    shape.problems.push(error("yaml-shape", message, shape.span("deprecation_date"), notes));
    return undefined;
  }
  return `${day}T${clock}${zone === undefined ? offset(at) : inMinutes(zone)}`;
}

/** Of the machine's zone at that time: `+02:00`. */
function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

/** `Z`, `+02`, `+0200` → `+02:00`. */
const inMinutes = (zone: string): string =>
  zone === "Z" ? "+00:00" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
