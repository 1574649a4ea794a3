/** One line that is redrawn in place, for commands that do one long thing. */
import { plain } from "../lib/palette.ts";
import { bar, duration } from "./progress.ts";
import { canRedraw } from "./terminal.ts";
import { grouped } from "./wording.ts";

/** Milliseconds between two drawings. */
const PAUSE = 100;

export interface ProgressLine {
  show(done: number, of: number, unit: string): void;
  /** Takes the line away and says `text`. */
  done(text: string): void;
}

export function progressLine(out: NodeJS.WriteStream, wanted: boolean): ProgressLine {
  const draws = wanted && canRedraw(out, process.env);
  const started = Date.now();
  let drawn = 0;
  return {
    show(done, of, unit) {
      const now = Date.now();
      if (!draws || now - drawn < PAUSE) return;
      drawn = now;
      const seconds = (now - started) / 1000;
      const left = done > 0 ? duration((seconds / done) * (of - done)) : "?";
      out.write(`\r\x1b[2K${bar(done / of, 24, plain)} ${grouped(done)} of ${grouped(of)} ${unit}, ${left} left`);
    },
    done(text) {
      if (draws) out.write("\r\x1b[2K");
      if (wanted) out.write(`${text}\n`);
    },
  };
}
