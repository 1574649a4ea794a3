/** `--help`, written by hand so that it needs neither yargs nor the engine. */
import { plain, type Palette } from "../lib/palette.ts";
import type { Command } from "./command.ts";
import { commandGroups, nameOf } from "./index.ts";
import { globalOptions, type Option } from "./options.ts";

export interface HelpOptions {
  /** Cells of the terminal. */
  readonly width?: number;
  readonly palette?: Palette;
}

const ABOUT = "SQL-first transformations for PostgreSQL: loads CSV files, builds dbt projects, tests the data.";
const EXAMPLES = [
  "sluice init shop && cd shop && sluice build",
  "sluice build --select +customer_summary",
  "sluice plan",
];
const EXIT_CODES = "Exit codes: 0 all is well, 1 a node or a test failed, 2 it could not run.";

export function generalHelp(options: HelpOptions = {}): string {
  const { bold } = options.palette ?? plain;
  const groups = commandGroups.map(([title, commands]) => {
    const rows = commands.map((command) => [command.command, command.describe] as const);
    return [bold(title), ...aligned(rows, options)];
  });
  return joined([
    [`${bold("sluice")} <command> [options]`, "", ABOUT],
    ...groups,
    [bold("Options of all commands"), ...aligned([...optionRows(globalOptions), ...OWN], options)],
    [bold("Examples"), ...EXAMPLES.map((line) => `  ${line}`)],
    [EXIT_CODES, "sluice <command> --help tells the options of a command, with examples."],
  ]);
}

export function commandHelp(command: Command, options: HelpOptions = {}): string {
  const { bold } = options.palette ?? plain;
  const own = optionRows(command.builder);
  const rest = command.command.slice(nameOf(command).length);
  const aliases = command.aliases?.length ? [`Also: sluice ${command.aliases.join(", sluice ")}`] : [];
  return joined([
    [`${bold(`sluice ${nameOf(command)}`)}${rest} [options]`, "", command.describe, ...aliases],
    ...(own.length > 0 ? [[bold("Options"), ...aligned(own, options)]] : []),
    [bold("Options of all commands"), ...aligned([...optionRows(globalOptions), ...OWN], options)],
    [bold("Examples"), ...command.examples.map((line) => `  ${line}`)],
    [EXIT_CODES],
  ]);
}

const OWN = [
  ["-v, --version", "Print the version"],
  ["-h, --help", "Print this"],
] as const;

type Row = readonly [left: string, right: string];

function optionRows(options: Readonly<Record<string, Option>>): Row[] {
  return Object.entries(options)
    .filter(([, option]) => !option.hidden)
    .map(([name, option]) => [optionName(name, option), `${option.describe || ""}${defaultOf(option)}`]);
}

/** `-s, --select <nodes…>`; a name for a switch that is only worth naming when it is turned off. */
function optionName(name: string, option: Option): string {
  const [short] = [option.alias ?? []].flat().filter((alias) => alias.length === 1);
  const shown = name === "use-colors" ? `no-${name}` : name;
  const value = option.value ?? (option.choices ? "word" : option.type === "number" ? "n" : "text");
  const takes = option.type === "boolean" ? "" : ` <${value}>`;
  return `${short ? `-${short}, ` : "    "}--${shown}${takes}`;
}

function defaultOf({ choices, value, default: given, defaultDescription: described, type }: Option): string {
  const words = choices && value === undefined ? `: ${choices.join(", ")}` : "";
  if (type === "boolean" || given === undefined) return words;
  return `${words} (default: ${described ?? String(given)})`;
}

const WIDEST_LEFT = 30;

/** Two columns; what is longer than the first gets a line of its own, and the second is wrapped. */
function aligned(rows: readonly Row[], { width = 100 }: HelpOptions): string[] {
  const left = Math.min(WIDEST_LEFT, Math.max(...rows.map(([name]) => name.length))) + 4;
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, Math.max(24, width - left));
    const first = `  ${name}`;
    const start = first.length <= left - 2 ? [first.padEnd(left) + (lines.shift() ?? "")] : [first];
    return [...start, ...lines.map((line) => " ".repeat(left) + line)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const joined = (blocks: readonly (readonly string[])[]): string => blocks.map((lines) => lines.join("\n")).join("\n\n");
