/** One node of the drawing. */
import type { JSX } from "preact";
import type { Detail } from "./camera.ts";
import type { Point } from "./drawn.ts";
import { NODE_HEIGHT, NODE_WIDTH } from "./layout.ts";
import { toneOf } from "./parts.tsx";
import { nodeAt } from "./store.ts";

export function NodeBox(props: { node: number; at: Point; tint: string; detail: Detail; state: string }): JSX.Element {
  const { name, kind, materialized, status, tests } = nodeAt(props.node);
  const left = props.at.x - NODE_WIDTH / 2;
  const top = props.at.y - NODE_HEIGHT / 2;
  const bad = tests.fail > 0 || toneOf(status) === "bad";
  return (
    <g class={`graph-node ${props.state}`} data-node={props.node} data-name={name} style={{ "--tint": props.tint }}>
      <rect class="node-shape" x={left} y={top} width={NODE_WIDTH} height={NODE_HEIGHT} rx="7" />
      <rect x={left} y={top} width="5" height={NODE_HEIGHT} rx="2.5" style={{ fill: props.tint }} />
      {props.detail !== "far" && (
        <Name
          name={name}
          of={materialized === undefined ? kind : `${kind} · ${materialized}`}
          left={left}
          top={top}
          large={props.detail === "mid"}
        />
      )}
      {bad && <circle cx={left + NODE_WIDTH - 12} cy={top + 12} r="5" style={{ fill: "var(--bad)" }} />}
    </g>
  );
}

/** A name in some lines; in small print with what the node is. */
function Name(props: { name: string; of: string; left: number; top: number; large: boolean }): JSX.Element {
  const { name, of, left, top, large } = props;
  const lines = large ? inLines(name, 13, 3) : [...inLines(name, 17, 2), of];
  const [height, drop] = large ? [17.5, 6] : [15, 4.5];
  return (
    <>
      {lines.map((text, i) => (
        <text
          key={i}
          class={large ? "large" : text === of ? "small kind" : "small"}
          x={left + 13}
          y={top + NODE_HEIGHT / 2 + (i - (lines.length - 1) / 2) * height + drop}
        >
          {text}
        </text>
      ))}
    </>
  );
}

/** Broken after `_` or `.` where that fits; what does not fit into the lines is cut. */
export function inLines(name: string, width: number, most: number): string[] {
  const lines: string[] = [];
  for (const piece of name.split(/(?<=[_.])(?![_.])/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + piece.length <= width) lines[lines.length - 1] = last + piece;
    else lines.push(piece);
  }
  const shown = lines.slice(0, most);
  if (lines.length > most) shown[most - 1] += lines[most]!;
  return shown.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}
