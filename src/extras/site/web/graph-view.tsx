/** A part of the lineage as a drawing that can be moved, zoomed, and walked through with the keyboard. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { plural } from "./format.ts";
import { Icon } from "./icons.tsx";
import { type Detail, fit, keepInSight, useCamera } from "./camera.ts";
import { placed, related } from "./drawn.ts";
import { key } from "./graph-keys.ts";
import { NodeBox } from "./graph-node.tsx";
import { children, nodeAt } from "./store.ts";

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

/** The node whose box an event happened in. */
function nodeUnder(event: Event): number | undefined {
  const found = (event.target as Element).closest("[data-node]")?.getAttribute("data-node");
  return found === null || found === undefined ? undefined : Number(found);
}

function spoken(node: number): string {
  const { name, kind, parents, status } = nodeAt(node);
  return `${kind} ${name}, ${status}, reads ${plural(parents.length, "node")}, read by ${plural(children[node]!.length, "node")}`;
}
