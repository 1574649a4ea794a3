import { styleText } from "node:util";

type Paint = (text: string) => string;

/** The few colours used; `plain` where colour is not wanted. */
export interface Palette {
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const same: Paint = (text) => text;

export const plain: Palette = { red: same, green: same, yellow: same, cyan: same, dim: same, bold: same };

const paint =
  (format: Parameters<typeof styleText>[0]): Paint =>
  (text) =>
    styleText(format, text, { validateStream: false });

export const coloured: Palette = {
  red: paint("red"),
  green: paint("green"),
  yellow: paint("yellow"),
  cyan: paint("cyan"),
  dim: paint("dim"),
  bold: paint("bold"),
};
