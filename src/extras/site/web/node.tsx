/** Everything about one node. Its details are loaded when the page is opened. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { NodeDetail, Rows, SiteNode } from "../data.ts";
import { Code } from "./code-view.tsx";
import { related } from "./drawn.ts";
import { GraphView } from "./graph-view.tsx";
import { History } from "./history-view.tsx";
import { layerColour } from "./layers.ts";
import { Card, Html, NodeLink, StatusBadge, TestsBadge, useLoaded, useTitle } from "./parts.tsx";
import { go, href } from "./router.ts";
import { children, detailOf, nodeAt, site } from "./store.ts";
import { Tests } from "./tests-view.tsx";

/** The others have nothing to run. */
const BUILT = new Set(["model", "seed", "snapshot"]);

export function NodePage({ index }: { index: number }): JSX.Element {
  const node = nodeAt(index);
  useTitle(`${node.name} · ${site.project}`);
  const dashboard = site.dashboards.find((one) => one.node === index);
  const detail = useLoaded(() => detailOf(index), index);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{node.name}</h1>
        <span class="badge">{node.kind}</span>
        {(node.status !== "none" || BUILT.has(node.kind)) && <StatusBadge status={node.status} />}
        <TestsBadge tests={node.tests} />
      </div>
      <p class="lead muted">
        {node.path !== "" && <code>{node.path}</code>}
        {dashboard && <a href={href("dashboard", dashboard.name)}> Open the dashboard</a>}
      </p>
      {detail instanceof Error ? (
        <p class="note">{detail.message}.</p>
      ) : (
        detail && <Details node={node} index={index} detail={detail} />
      )}
    </div>
  );
}

function Details({ node, index, detail }: { node: SiteNode; index: number; detail: NodeDetail }): JSX.Element {
  const failed = node.status === "error" || node.status === "fail";
  return (
    <>
      {failed && detail.message !== undefined && <p class="note">{detail.message}</p>}
      <div class="grid">
        <Card class="span-8" title="Description">
          <div class="inside">
            {detail.description === "" ? <p class="muted">None yet.</p> : <Html html={detail.description} />}
            {detail.comment !== undefined && <p class="muted">In the database: {detail.comment}</p>}
          </div>
        </Card>
        <Card class="span-4" title="Facts">
          <dl class="facts inside">
            {detail.facts.map(([label, value]) => (
              <>
                <dt key={label}>{label}</dt>
                <dd>{value}</dd>
              </>
            ))}
          </dl>
        </Card>
        <Neighbours index={index} />
        {detail.columns.length > 0 && <Columns detail={detail} />}
        {detail.tests.length > 0 && <Tests tests={detail.tests} />}
        {(detail.source !== "" || detail.compiled !== "") && <Code source={detail.source} compiled={detail.compiled} />}
        <History entries={detail.history} />
        {detail.sample && <Sample rows={detail.sample} />}
      </div>
    </>
  );
}

function Neighbours({ index }: { index: number }): JSX.Element {
  const node = nodeAt(index);
  const nodes = useMemo(() => [...related(index, 1, 1)].toSorted((a, b) => a - b), [index]);
  const lists = [
    ["Reads", node.parents],
    ["Read by", children[index]!],
  ] as const;
  return (
    <Card
      class="span-12"
      title="Lineage"
      more={<a href={href("lineage", "", { focus: node.id, node: node.id })}>See more of it</a>}
    >
      {nodes.length > 1 && nodes.length <= 40 && (
        <GraphView
          class="small"
          height={Math.min(460, Math.max(200, 40 + 66 * Math.max(node.parents.length, children[index]!.length)))}
          nodes={nodes}
          selected={index}
          colourOf={(i) => layerColour(nodeAt(i).layer)}
          onSelect={(i) => i !== undefined && i !== index && go(href("node", nodeAt(i).id))}
          onOpen={(i) => go(href("node", nodeAt(i).id))}
        />
      )}
      <div class="neighbours">
        {lists.map(([title, all]) => (
          <div key={title}>
            <h3>{title}</h3>
            {all.length === 0 && <p class="muted">nothing</p>}
            <ul>
              {all.map((i) => (
                <li key={i}>
                  <NodeLink index={i} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Columns({ detail }: { detail: NodeDetail }): JSX.Element {
  return (
    <Card class="span-12" title={`Columns (${detail.columns.length})`}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th>Description</th>
              <th>Tests</th>
            </tr>
          </thead>
          <tbody>
            {detail.columns.map((column) => (
              <tr key={column.name}>
                <td>
                  <code>{column.name}</code>
                </td>
                <td class="muted nowrap">{column.type || "–"}</td>
                <td>
                  <Html html={column.description} class="" />
                  {column.comment !== undefined && <p class="muted">In the database: {column.comment}</p>}
                </td>
                <td>
                  {column.tests.map(([test, status]) => (
                    <>
                      <StatusBadge key={test} status={status}>
                        {test}
                      </StatusBadge>{" "}
                    </>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Sample({ rows }: { rows: Rows }): JSX.Element {
  return (
    <Card class="span-12" title={`Sample (${rows.rows.length} rows)`}>
      <div class="rows-table" tabIndex={0} role="region" aria-label="Sample rows">
        <table>
          <thead>
            <tr>
              {rows.columns.map((column) => (
                <th key={column}>{column}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.rows.map((row, i) => (
              <tr key={i}>
                {row.map((value, c) => (
                  <td key={c} class="nowrap">
                    {value ?? <span class="muted">null</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
