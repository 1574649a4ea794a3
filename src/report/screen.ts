/** A terminal with finished lines scrolling up and, below them, a few lines drawn over again and again. */
import type { MaybeTerminal } from "./terminal.ts";
import { cutColoured, textWidth } from "./text-width.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_BELOW = "\x1b[0J";

/** Nobody reads any more: a closed pipe, or (EIO) a terminal that was closed. */
const UNREAD = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "EIO"]);

/** A stream that forgets its text once nobody reads it: `sluice build | head` ends the output, not the build. */
export function makeSink(stream: NodeJS.WritableStream): (text: string) => void {
  let broken = false;
  const onError = (problem: NodeJS.ErrnoException) => {
    if (!UNREAD.has(problem.code ?? "")) throw problem;
    broken = true;
  };
  // Never removed: the error of the last write comes after it, and unheard it would end the process.
  stream.on("error", onError);
  return (text) => {
    if (!broken && text !== "") stream.write(text);
  };
}

export class Screen {
  readonly #out: MaybeTerminal;
  readonly #write: (text: string) => void;
  readonly #fixedColumns: number | undefined;
  /** Cells of each line now drawn below the log. */
  #drawn: number[] = [];
  #hidden = false;
  readonly #restore = () => this.close();

  constructor(out: MaybeTerminal, write: (text: string) => void, columns?: number) {
    this.#out = out;
    this.#write = write;
    this.#fixedColumns = columns;
  }

  get columns(): number {
    return this.#fixedColumns ?? (this.#out.columns || 80);
  }

  get rows(): number {
    return this.#out.rows || 24;
  }

  /** Log text goes above the drawn lines, `below` is drawn again under it; one write, so that nothing flickers. */
  update(log: string, below: readonly string[]): void {
    const lines = below.map((line) => cutColoured(line, this.columns - 1));
    const drawing = lines.map((line) => `${line}\n`).join("");
    if (lines.length && !this.#hidden) {
      this.#hidden = true;
      process.once("exit", this.#restore);
      this.#write(HIDE_CURSOR);
    }
    this.#write(this.#erase() + log + drawing);
    this.#drawn = lines.map(textWidth);
  }

  /** Takes the drawn lines away and gives the cursor back. */
  close(): void {
    const shown = this.#hidden ? SHOW_CURSOR : "";
    this.#write(this.#erase() + shown);
    this.#drawn = [];
    this.#hidden = false;
    process.removeListener("exit", this.#restore);
  }

  /** After the window became narrower, terminals wrap what was drawn: such lines now take several rows. */
  #erase(): string {
    if (!this.#drawn.length) return "";
    const rows = this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / this.columns)), 0);
    return `\r\x1b[${Math.min(rows, this.rows)}A${CLEAR_BELOW}`;
  }
}
