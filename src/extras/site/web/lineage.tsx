/** The lineage of the whole project, or of what lies around one node. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { plural } from "./format.ts";
import { related } from "./drawn.ts";
import { GraphView } from "./graph-view.tsx";
import { layerColour, layers } from "./layers.ts";
import { StatusBadge, TestsBadge, toneOf, useTitle } from "./parts.tsx";
import { go, href, replace } from "./router.ts";
import { children, indexOf, nodeAt, site } from "./store.ts";

/** Analyses and the like have no place in a pipeline. */
const drawable = (index: number): boolean => nodeAt(index).kind !== "analysis";

export function LineagePage({ params }: { params: URLSearchParams }): JSX.Element {
  useTitle(`Lineage · ${site.project}`);
  const focus = indexOf(params.get("focus") ?? "");
  const selected = indexOf(params.get("node") ?? "") ?? focus;
  const level = (name: string): number => Number(params.get(name) ?? 2);
  const [up, down] = [level("up"), level("down")];
  const layer = params.get("layer") ?? "";
  const by = params.get("by") === "status" ? "status" : "layer";
  const change = (next: Readonly<Record<string, string | number | undefined>>): void => {
    const all = { ...Object.fromEntries(params), ...next };
    replace(href("lineage", "", all));
  };
  const nodes = useMemo(() => {
    const wanted = focus === undefined ? site.nodes.map((_, i) => i) : [...related(focus, up, down)];
    const shown = layer === "" ? wanted : wanted.filter((index) => nodeAt(index).layer === layer);
    return shown.filter(drawable).toSorted((a, b) => a - b);
  }, [focus, up, down, layer]);
  const colourOf = (index: number): string => (by === "layer" ? layerColour(nodeAt(index).layer) : statusColour(index));
  return (
    <div class="page wide">
      <div class="page-head">
        <h1>Lineage</h1>
        <span class="muted">{plural(nodes.length, "node")}</span>
      </div>
      <div class="tools">
        <Find
          onFound={(index) =>
            change(
              nodes.includes(index)
                ? { node: nodeAt(index).id }
                : { focus: nodeAt(index).id, node: undefined, layer: undefined },
            )
          }
        />
        <div class="group" role="group" aria-label="Colour">
          <button class="button" aria-pressed={by === "layer"} onClick={() => change({ by: "layer" })}>
            By layer
          </button>
          <button class="button" aria-pressed={by === "status"} onClick={() => change({ by: "status" })}>
            By status
          </button>
        </div>
        <label>
          Layer
          <select value={layer} onChange={(event) => change({ layer: event.currentTarget.value || undefined })}>
            <option value="">all</option>
            {layers().map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {focus !== undefined && (
          <>
            <Levels label="Upstream" value={up} onChange={(value) => change({ up: value })} />
            <Levels label="Downstream" value={down} onChange={(value) => change({ down: value })} />
            <button class="button" onClick={() => change({ focus: undefined, up: undefined, down: undefined })}>
              Show the whole project
            </button>
          </>
        )}
      </div>
      {nodes.length === 0 ? (
        <p class="card empty">There is nothing to draw.</p>
      ) : (
        <div class="graph-frame">
          <GraphView
            class="page-high"
            nodes={nodes}
            selected={selected !== undefined && nodes.includes(selected) ? selected : undefined}
            colourOf={colourOf}
            onSelect={(index) => change({ node: index === undefined ? undefined : nodeAt(index).id })}
            onOpen={(index) => go(href("node", nodeAt(index).id))}
          />
          <Legend by={by} nodes={nodes} />
          {params.get("node") !== null && selected !== undefined && (
            <SelectedCard
              index={selected}
              onClose={() => change({ node: undefined })}
              onFocus={() => change({ focus: nodeAt(selected).id, up, down, layer: undefined })}
            />
          )}
        </div>
      )}
    </div>
  );
}

const STATUS_COLOURS = { good: "var(--good)", warn: "var(--warn)", bad: "var(--bad)", none: "var(--series-6)" };

function statusColour(index: number): string {
  const { status, tests } = nodeAt(index);
  if (tests.fail > 0) return STATUS_COLOURS.bad;
  if (tests.warn > 0 && toneOf(status) === "good") return STATUS_COLOURS.warn;
  return STATUS_COLOURS[toneOf(status)];
}

function Legend({ by, nodes }: { by: "layer" | "status"; nodes: readonly number[] }): JSX.Element {
  const entries: (readonly [string, string])[] =
    by === "layer"
      ? layers()
          .filter((layer) => nodes.some((index) => nodeAt(index).layer === layer))
          .map((layer) => [layer, layerColour(layer)] as const)
      : [
          ["fine", STATUS_COLOURS.good],
          ["warning or skipped", STATUS_COLOURS.warn],
          ["failed", STATUS_COLOURS.bad],
          ["no status", STATUS_COLOURS.none],
        ];
  return (
    <div class="graph-legend">
      {entries.slice(0, 14).map(([name, colour]) => (
        <span key={name}>
          <i style={{ background: colour }} />
          {name}
        </span>
      ))}
    </div>
  );
}

function Levels(props: { label: string; value: number; onChange: (value: number) => void }): JSX.Element {
  return (
    <label>
      {props.label}
      <select value={String(props.value)} onChange={(event) => props.onChange(Number(event.currentTarget.value))}>
        {[0, 1, 2, 3, 5, 99].map((level) => (
          <option key={level} value={String(level)}>
            {level === 99 ? "all" : level}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A name, completed by the browser. */
function Find({ onFound }: { onFound: (index: number) => void }): JSX.Element {
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState(false);
  const find = (wanted: string): void => {
    const names = site.nodes.map((node) => node.name.toLowerCase());
    const lower = wanted.trim().toLowerCase();
    if (lower === "") return;
    const exact = names.indexOf(lower);
    const index = exact >= 0 ? exact : names.findIndex((name) => name.includes(lower));
    if (index >= 0) onFound(index);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        find(text);
      }}
    >
      <input
        type="search"
        list="node-names"
        placeholder="Find a node"
        aria-label="Find a node"
        value={text}
        onFocus={() => setWanted(true)}
        onInput={(event) => {
          const { value } = event.currentTarget;
          setText(value);
          if (site.nodes.some((node) => node.name === value)) find(value);
        }}
      />
      <datalist id="node-names">
        {wanted && site.nodes.map((node) => <option key={node.id} value={node.name} />)}
      </datalist>
    </form>
  );
}

function SelectedCard(props: { index: number; onClose: () => void; onFocus: () => void }): JSX.Element {
  const node = nodeAt(props.index);
  return (
    <section class="card graph-card" aria-label={node.name}>
      <div>
        <h2>{node.name}</h2>
        <StatusBadge status={node.status} />
        <TestsBadge tests={node.tests} />
        <span class="muted">
          reads {node.parents.length}, read by {children[props.index]!.length}
        </span>
      </div>
      <p>{node.summary || `A ${node.kind} without a description.`}</p>
      <div class="actions">
        <a class="button" href={href("node", node.id)}>
          Open
        </a>
        <button class="button" onClick={props.onFocus}>
          Only what is around it
        </button>
        <button class="button icon" aria-label="Close" onClick={props.onClose}>
          ✕
        </button>
      </div>
    </section>
  );
}
