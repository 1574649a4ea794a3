/** The tables of the first page. */
import type { JSX } from "preact";
import type { SiteRun } from "../data.ts";
import { formatAge, formatCount, formatDuration, formatTime } from "./format.ts";
import { layers } from "./layers.ts";
import { Bar, Card, NodeLink, StatusBadge, toneOf } from "./parts.tsx";
import { href } from "./router.ts";
import { nodeAt, site } from "./store.ts";

export function Publications(): JSX.Element | null {
  if (site.publications.length === 0) return null;
  return (
    <Card class="span-12" title="Published">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>When</th>
              <th>State</th>
              <th>Relations</th>
            </tr>
          </thead>
          <tbody>
            {site.publications.slice(0, 8).map((publication) => (
              <tr key={publication.id}>
                <td class="nowrap">{formatTime(publication.at)}</td>
                <td>
                  <StatusBadge status={publication.status} /> {publication.note}
                </td>
                <td class="muted">{listed(publication.relations)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

/** The first few by name. */
function listed(relations: readonly string[]): string {
  const [shown, left] = [relations.slice(0, 6), relations.length - 6];
  return left > 0 ? `${shown.join(", ")} and ${left} more` : shown.join(", ");
}

export function Freshness(): JSX.Element | null {
  const sources = site.nodes.some((node) => node.kind === "source");
  if (!sources) return null;
  return (
    <Card class="span-6" title="Source freshness">
      {site.freshness.length === 0 ? (
        <p class="empty">
          Not measured. <code>sluice source freshness</code> does.
        </p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Source</th>
                <th>Status</th>
                <th>Age when measured</th>
                <th>Limit</th>
              </tr>
            </thead>
            <tbody>
              {site.freshness.map((item) => (
                <tr key={item.node}>
                  <td>
                    <NodeLink index={item.node} />
                  </td>
                  <td>
                    <StatusBadge status={item.status} />
                  </td>
                  <td>{item.ageSeconds === undefined ? item.message : formatAge(item.ageSeconds)}</td>
                  <td class="muted">{item.errorAfter ?? item.warnAfter}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

export function Runs(): JSX.Element | null {
  if (site.runs.length === 0) return null;
  const longest = Math.max(0.001, ...site.runs.map((run) => run.seconds ?? 0));
  return (
    <Card class="span-6" title="Runs">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Began</th>
              <th>Command</th>
              <th>Result</th>
              <th class="number">Duration</th>
              <th>
                <span class="hidden-visually">Compared with the longest</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {site.runs.slice(0, 8).map((run) => (
              <tr key={run.id}>
                <td class="nowrap">{formatTime(run.startedAt)}</td>
                <td>{run.command}</td>
                <td>
                  <StatusBadge status={run.status}>{resultText(run)}</StatusBadge>
                </td>
                <td class="number">{run.seconds === undefined ? "–" : formatDuration(run.seconds)}</td>
                <td>
                  <Bar part={(run.seconds ?? 0) / longest} label="" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function resultText({ status, counts }: SiteRun): string {
  const bad = (counts.error ?? 0) + (counts.fail ?? 0);
  if (bad > 0) return `${formatCount(bad)} failed`;
  return status === "success" ? "ok" : status;
}

export function Slowest(): JSX.Element | null {
  const timed = site.nodes
    .map((node, index) => ({ index, seconds: node.seconds ?? 0 }))
    .filter(({ seconds }) => seconds > 0)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, 8);
  if (timed.length === 0) return null;
  const longest = timed[0]!.seconds;
  return (
    <Card class="span-6" title="Slowest nodes">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Node</th>
              <th class="number">Rows</th>
              <th class="number">Duration</th>
              <th>
                <span class="hidden-visually">Compared with the slowest</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {timed.map(({ index, seconds }) => (
              <tr key={index}>
                <td>
                  <NodeLink index={index} />
                </td>
                <td class="number">{nodeAt(index).rows === undefined ? "–" : formatCount(nodeAt(index).rows!)}</td>
                <td class="number">{formatDuration(seconds)}</td>
                <td>
                  <Bar part={seconds / longest} label={formatDuration(seconds)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

export function Layers(): JSX.Element {
  return (
    <Card class="span-6" title="What the project has" more={<a href={href("lineage")}>Open the lineage</a>}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Layer</th>
              <th class="number">Nodes</th>
              <th class="number">Tests</th>
              <th>Status</th>
            </tr>
          </thead>
          <tbody>
            {layers().map((layer) => {
              const nodes = site.nodes.filter((node) => node.layer === layer);
              const tests = nodes.reduce((all, { tests: t }) => all + t.pass + t.warn + t.fail + t.none, 0);
              const bad = nodes.filter((node) => node.tests.fail > 0 || toneOf(node.status) === "bad").length;
              return (
                <tr key={layer}>
                  <td>
                    <a href={href("lineage", "", { layer })}>{layer}</a>
                  </td>
                  <td class="number">{formatCount(nodes.length)}</td>
                  <td class="number">{formatCount(tests)}</td>
                  <td>
                    {bad > 0 ? (
                      <StatusBadge status="fail">{`${bad} with problems`}</StatusBadge>
                    ) : (
                      <StatusBadge status={nodes.some((node) => node.status !== "none") ? "success" : "none"}>
                        {nodes.some((node) => node.status !== "none") ? "fine" : "no status"}
                      </StatusBadge>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
