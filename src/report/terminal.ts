/** What the terminal can do and what the user asked for: colours, redrawing, width. */
import { coloured, plain, type Palette } from "../lib/palette.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal. */
export type MaybeTerminal = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "";
const isDumb = (env: Env): boolean => env["TERM"] === "dumb";

/**
 * `--use-colors` and `--no-use-colors` win. Then FORCE_COLOR, before NO_COLOR (any value but the empty one) as Node has it,
 * and at last whether a terminal is there to show them.
 */
export function palette(wanted: boolean | "auto", out: MaybeTerminal, env: Env): Palette {
  if (wanted !== "auto") return wanted ? coloured : plain;
  if (isSet(env["FORCE_COLOR"])) return env["FORCE_COLOR"] === "0" || env["FORCE_COLOR"] === "false" ? plain : coloured;
  if (isSet(env["NO_COLOR"])) return plain;
  return out.isTTY && !isDumb(env) ? coloured : plain;
}

/** Whether lines may be drawn over. CI services often show a terminal and record every redraw. */
export const canRedraw = (out: MaybeTerminal, env: Env): boolean =>
  out.isTTY === true && !isDumb(env) && (!isSet(env["CI"]) || env["CI"] === "false");
