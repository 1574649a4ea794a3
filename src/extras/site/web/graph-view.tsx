/** A part of the lineage as a drawing that can be moved, zoomed, and walked through with the keyboard. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { plural } from "./format.ts";
import { Icon } from "./icons.tsx";
import { layout, NODE_HEIGHT, NODE_WIDTH } from "./layout.ts";
import { toneOf } from "./parts.tsx";
import { children, nodeAt } from "./store.ts";
import { type Camera, type Detail, fit, keepInSight, useCamera } from "./camera.ts";

export interface GraphViewProps {
  /** Indexes of the nodes to draw. */
  readonly nodes: readonly number[];
  readonly selected: number | undefined;
  readonly colourOf: (node: number) => string;
  readonly onSelect: (node: number | undefined) => void;
  readonly onOpen: (node: number) => void;
  readonly class: string;
  /** In pixels; without it the style sheet says. */
  readonly height?: number;
}

export function GraphView(props: GraphViewProps): JSX.Element {
  const { nodes, selected, onSelect, onOpen } = props;
  const drawn = useMemo(() => placed(nodes, props.class === "small" ? 1 : 1.4), [nodes.join()]);
  const box = useRef<HTMLDivElement>(null);
  const group = useRef<SVGGElement>(null);
  // Of many, the first look is from afar: their names need not be made.
  const [detail, setDetail] = useState<Detail>(nodes.length > 150 ? "far" : "mid");
  const camera = useCamera(box, group, setDetail);
  const [tip, setTip] = useState<{ name: string; x: number; y: number }>();
  useEffect(() => camera.set(fit(drawn, box.current!)), [drawn]);
  useEffect(() => {
    const at = selected === undefined ? undefined : drawn.at.get(selected);
    if (at) camera.set(keepInSight(camera.now(), at, box.current!));
  }, [selected, drawn]);
  const near = useMemo(() => (selected === undefined ? undefined : related(selected)), [selected]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const done = key(event.key, { ...props, drawn, camera, box: box.current! });
    if (done) event.preventDefault();
  };
  return (
    <div
      ref={box}
      class={`graph ${props.class}`}
      style={props.height === undefined ? {} : { height: `${props.height}px` }}
      tabIndex={0}
      role="application"
      aria-label={`Lineage of ${plural(nodes.length, "node")}. Arrow keys go from node to node, Enter opens one, plus and minus zoom, 0 shows all, Escape lets go.`}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (!camera.moved() && (event.target as Element).closest("svg.drawing")) onSelect(nodeUnder(event));
      }}
      onDblClick={(event) => {
        const node = nodeUnder(event);
        if (node !== undefined) onOpen(node);
      }}
      onPointerMove={(event) => {
        const node = nodeUnder(event);
        const { left, top } = box.current!.getBoundingClientRect();
        const shown = node !== undefined && detail === "far";
        setTip(
          shown ? { name: nodeAt(node).name, x: event.clientX - left + 12, y: event.clientY - top + 12 } : undefined,
        );
      }}
    >
      <svg class="drawing" aria-hidden="true">
        <g ref={group}>
          {drawn.edges.map(({ from, to, path }) => {
            const lit = near?.has(from) && near.has(to);
            return <path key={`${from}-${to}`} class={`edge ${lit ? "lit" : near ? "dim" : ""}`} d={path} />;
          })}
          {nodes.map((node) => (
            <NodeBox
              key={node}
              node={node}
              at={drawn.at.get(node)!}
              tint={props.colourOf(node)}
              detail={detail}
              state={node === selected ? "selected" : near && !near.has(node) ? "dim" : ""}
            />
          ))}
        </g>
      </svg>
      <div class="graph-corner">
        <button class="button icon" aria-label="Zoom in" onClick={() => camera.zoom(1.35)}>
          <Icon name="plus" />
        </button>
        <button class="button icon" aria-label="Zoom out" onClick={() => camera.zoom(1 / 1.35)}>
          <Icon name="minus" />
        </button>
        <button class="button icon" aria-label="Show all" onClick={() => camera.set(fit(drawn, box.current!))}>
          <Icon name="fit" />
        </button>
      </div>
      {tip && (
        <div class="graph-tip" style={{ left: `${tip.x}px`, top: `${tip.y}px` }}>
          {tip.name}
        </div>
      )}
      <div class="hidden-visually" aria-live="polite">
        {selected !== undefined && spoken(selected)}
      </div>
    </div>
  );
}

function NodeBox(props: { node: number; at: Point; tint: string; detail: Detail; state: string }): JSX.Element {
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

/** The node whose box an event happened in. */
function nodeUnder(event: Event): number | undefined {
  const found = (event.target as Element).closest("[data-node]")?.getAttribute("data-node");
  return found === null || found === undefined ? undefined : Number(found);
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

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Drawn {
  readonly at: ReadonlyMap<number, Point>;
  readonly edges: readonly { readonly from: number; readonly to: number; readonly path: string }[];
  readonly width: number;
  readonly height: number;
}

function placed(nodes: readonly number[], shape: number): Drawn {
  const place = new Map(nodes.map((node, i) => [node, i]));
  const edges = nodes.flatMap((to) => nodeAt(to).parents.flatMap((from) => (place.has(from) ? [{ from, to }] : [])));
  const found = layout(
    nodes.length,
    edges.map(({ from, to }) => [place.get(from)!, place.get(to)!] as const),
    shape,
  );
  return {
    at: new Map(nodes.map((node, i) => [node, found.nodes[i]!])),
    edges: edges.map((edge, i) => ({ ...edge, path: found.edges[i]! })),
    width: found.width,
    height: found.height,
  };
}

/** The node, everything it is made of, and everything made of it. */
export function related(node: number, up = Infinity, down = Infinity): Set<number> {
  const found = new Set([node]);
  for (const [next, levels] of [
    [(n: number) => nodeAt(n).parents, up],
    [(n: number) => children[n]!, down],
  ] as const) {
    let edge = [node];
    const seen = new Set(edge);
    for (let level = 0; level < levels && edge.length > 0; level++) {
      edge = edge.flatMap((n) => next(n)).filter((n) => !seen.has(n) && seen.add(n));
      for (const n of edge) found.add(n);
    }
  }
  return found;
}

function spoken(node: number): string {
  const { name, kind, parents, status } = nodeAt(node);
  return `${kind} ${name}, ${status}, reads ${plural(parents.length, "node")}, read by ${plural(children[node]!.length, "node")}`;
}

/** Left and right along edges, to the neighbour that stands most level; up and down within a rank. */
function key(pressed: string, view: GraphViewProps & { drawn: Drawn; camera: Camera; box: HTMLElement }): boolean {
  const { drawn, selected, onSelect, onOpen, camera } = view;
  const from = selected === undefined ? undefined : drawn.at.get(selected);
  const nearest = (candidates: Iterable<number>, distance: (at: Point) => number): number | undefined =>
    [...candidates]
      .filter((node) => drawn.at.has(node))
      .toSorted((a, b) => distance(drawn.at.get(a)!) - distance(drawn.at.get(b)!))[0];
  const level = (at: Point): number => Math.abs(at.y - from!.y);
  const beside = (direction: 1 | -1): number | undefined =>
    nearest(
      [...drawn.at]
        .filter(([, at]) => Math.abs(at.x - from!.x) < 1 && (at.y - from!.y) * direction > 1)
        .map(([n]) => n),
      level,
    );
  const arrow = /^Arrow(Left|Right|Up|Down)$/.exec(pressed)?.[1];
  if (arrow) {
    if (from === undefined || selected === undefined) {
      onSelect(nearest(drawn.at.keys(), (at) => at.x * 1000 + at.y));
      return true;
    }
    const next =
      arrow === "Left"
        ? nearest(nodeAt(selected).parents, level)
        : arrow === "Right"
          ? nearest(children[selected]!, level)
          : beside(arrow === "Down" ? 1 : -1);
    if (next !== undefined) onSelect(next);
    return true;
  }
  if (pressed === "Enter" && selected !== undefined) onOpen(selected);
  else if (pressed === "Escape") onSelect(undefined);
  else if (pressed === "+" || pressed === "=") camera.zoom(1.35);
  else if (pressed === "-") camera.zoom(1 / 1.35);
  else if (pressed === "0") camera.set(fit(drawn, view.box));
  else return false;
  return true;
}
