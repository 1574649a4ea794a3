/** How many terminal cells a text takes, and cutting text to cells. Colours (SGR sequences) take none. */

// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const SGR = /(\x1b\[[0-9;]*m)/g;
// oxlint-disable-next-line no-control-regex -- as above
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;
// Marks sit on the letter before them; format characters (joiners, direction marks) are not drawn at all.
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Cc}\u115f-\u11ff]+$/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const ASCII = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | undefined;

/** Loading its tables takes ten milliseconds, and most lines are plain. */
const graphemes = (text: string): Intl.Segments =>
  (segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })).segment(text);

export const withoutColour = (text: string): string => text.replace(SGR, "");

export function textWidth(text: string): number {
  const bare = withoutColour(text);
  if (ASCII.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes(bare)) width += cellsOf(segment);
  return width;
}

function cellsOf(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Data from outside made harmless for one line of a terminal: `\n`, `\t` and other control characters are spelt out. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, (c) => {
    if (c === "\n") return "\\n";
    if (c === "\t") return "\\t";
    if (c === "\r") return "\\r";
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

export const padEnd = (text: string, width: number, fill = " "): string =>
  text + fill.repeat(Math.max(0, width - textWidth(text)));

export const padStart = (text: string, width: number): string =>
  " ".repeat(Math.max(0, width - textWidth(text))) + text;

/** Lines of at most `width` cells, broken between words; a word that is longer stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** At most `width` cells, the end replaced by `…`. For text without colours. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return width < 1 ? "" : `${head(text, width - 1)}…`;
}

/** At most `width` cells, the middle replaced by `…`: names often differ at their end. For text without colours. */
export function cutMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 5) return cut(text, width);
  const tail = Math.floor((width - 1) / 2);
  return `${head(text, width - 1 - tail)}…${lastCells(text, tail)}`;
}

function head(text: string, width: number): string {
  let used = 0;
  let kept = "";
  for (const { segment } of graphemes(text)) {
    used += cellsOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
}

function lastCells(text: string, width: number): string {
  const all = [...graphemes(text)].map((s) => s.segment);
  let used = 0;
  let from = all.length;
  while (from > 0 && used + cellsOf(all[from - 1]!) <= width) used += cellsOf(all[--from]!);
  return all.slice(from).join("");
}

/** Cuts a coloured line to `width` cells and ends its colours. */
export function cutColoured(line: string, width: number): string {
  if (textWidth(line) <= width) return line;
  let used = 0;
  let kept = "";
  for (const part of line.split(SGR)) {
    if (part.startsWith("\x1b[")) {
      kept += part;
      continue;
    }
    const piece = head(part, width - used);
    used += textWidth(piece);
    kept += piece;
    if (piece !== part) break;
  }
  return kept.includes("\x1b[") ? `${kept}\x1b[0m` : kept;
}
