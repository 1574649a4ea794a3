/** A dashboard: its panels, each with its grain, the tests behind it, and its rows as a table. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Rows, SiteDashboard, SitePanel } from "../data.ts";
import type { draw as drawChart, Drawing } from "./charts.ts";
import { formatDimensions, formatTime, formatValue } from "./format.ts";
import { Html, NodeLink, TestsBadge, useTitle } from "./parts.tsx";
import { href } from "./router.ts";
import { load, nodeAt, site } from "./store.ts";
import { Unpublished } from "./unpublished.tsx";

export function DashboardPage({ dashboard }: { dashboard: SiteDashboard }): JSX.Element {
  useTitle(`${dashboard.title} · ${site.project}`);
  const { panels, url } = dashboard;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{dashboard.title}</h1>
        <TestsBadge tests={dashboard.tests} />
      </div>
      <Html class="lead" html={dashboard.description} />
      <div class="tools muted">
        <span>Figures as of {formatTime(site.generatedAt)}</span>
        <a href={href("lineage", "", { focus: nodeAt(dashboard.node).id, up: 3, down: 0 })}>Where they come from</a>
        {url !== undefined && <a href={url}>Open the original</a>}
      </div>
      <Unpublished />
      {panels.length === 0 && (
        <p class="note">The project says that this dashboard exists, and what it reads, but not what it shows.</p>
      )}
      <div class="grid">
        {panels.map((panel) => (
          <PanelCard key={panel.name} panel={panel} />
        ))}
      </div>
    </div>
  );
}

const SPANS = { third: "span-4", half: "span-6", "two-thirds": "span-8", full: "span-12" } as const;

function PanelCard({ panel }: { panel: SitePanel }): JSX.Element {
  const [asTable, setAsTable] = useState(false);
  const { data, problem, name, reads } = panel;
  const label = `panel-${name}`;
  return (
    <section class={`card panel ${SPANS[panel.size]}`} aria-labelledby={label} data-panel={name}>
      <header>
        <h2 id={label}>{panel.title}</h2>
        <span class="badge plain" title="What one row behind the figures is">
          per {panel.grain}
        </span>
      </header>
      {panel.description !== "" && <Html class="about" html={panel.description} />}
      {data === undefined ? (
        <p class="empty">{problem}</p>
      ) : data.rows.length === 0 ? (
        <p class="empty">There are no rows.</p>
      ) : (
        <Shown panel={panel} data={data} />
      )}
      {asTable && data && <RowsTable panel={panel} data={data} />}
      <footer>
        {reads.map((index) => (
          <NodeLink key={index} index={index} />
        ))}
        <TestsBadge tests={panel.tests} />
        {data && panel.chart !== "table" && (
          <button aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? "Hide the rows" : "Show the rows"}
          </button>
        )}
      </footer>
    </section>
  );
}

function Shown({ panel, data }: { panel: SitePanel; data: Rows }): JSX.Element {
  if (panel.chart === "table") return <RowsTable panel={panel} data={data} />;
  if (panel.chart !== "number") return <Plot panel={panel} data={data} />;
  return (
    <dl class="figures">
      {panel.measures.map(({ column, label, format }) => (
        <div class="figure" key={column}>
          <dt>{label}</dt>
          <dd>{formatValue(data.rows[0]![data.columns.indexOf(column)] ?? null, format)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Plot({ panel, data }: { panel: SitePanel; data: Rows }): JSX.Element {
  const label = `${panel.title}: ${panel.chart} chart of ${panel.measures.map((m) => m.label).join(", ")} by ${panel.dimensions.join(", ")}. The button below shows the rows.`;
  return (
    <Canvas
      class={panel.size === "full" ? "plot tall" : "plot"}
      label={label}
      drawing={{ kind: panel.chart, dimensions: panel.dimensions, measures: panel.measures, ...data }}
    />
  );
}

/** Loads the charts when the first one is wanted. */
export function Canvas(props: { drawing: Drawing; label: string; class: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let remove: (() => void) | undefined;
    let gone = false;
    load<{ draw: typeof drawChart }>("app/charts.js", "charts").then(
      ({ draw }) => {
        if (!gone) remove = draw(canvas.current!, props.drawing);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      remove?.();
    };
  }, []);
  return (
    <div class={props.class}>
      {failed ? (
        <p class="empty">app/charts.js is missing.</p>
      ) : (
        <canvas ref={canvas} role="img" aria-label={props.label} />
      )}
    </div>
  );
}

function RowsTable({ panel, data }: { panel: SitePanel; data: Rows }): JSX.Element {
  const at = (column: string): number => data.columns.indexOf(column);
  const shown = panel.dimensions.map((column) => formatDimensions(data.rows.map((row) => row[at(column)] ?? null)));
  return (
    <div class="rows-table" tabIndex={0} role="region" aria-label={`Rows of ${panel.title}`}>
      <table>
        <thead>
          <tr>
            {panel.dimensions.map((column) => (
              <th key={column}>{column.replaceAll("_", " ")}</th>
            ))}
            {panel.measures.map(({ column, label }) => (
              <th class="number" key={column}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row, i) => (
            <tr key={i}>
              {shown.map((values, d) => (
                <td key={d}>{values[i]}</td>
              ))}
              {panel.measures.map(({ column, format }) => (
                <td class="number" key={column}>
                  {formatValue(row[at(column)] ?? null, format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {data.cut && <p class="empty">More rows are left out.</p>}
    </div>
  );
}
