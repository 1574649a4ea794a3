/** The first page: the last run, what needs attention, what was published, how fresh sources are. */
import type { JSX } from "preact";
import type { SiteRun } from "../data.ts";
import { formatAge, formatCount, formatDuration, formatTime, plural } from "./format.ts";
import { layers } from "./layers.ts";
import { Bar, Card, NodeLink, StatusBadge, toneOf, useTitle } from "./parts.tsx";
import { href } from "./router.ts";
import { nodeAt, site } from "./store.ts";

export function OverviewPage(): JSX.Element {
  useTitle(`${site.project} · overview`);
  const [last] = site.runs;
  if (site.nodes.length === 0) return <EmptyProject />;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{site.project}</h1>
        {last && <StatusBadge status={last.status}>{runWord(last)}</StatusBadge>}
      </div>
      <p class="lead">{last ? lastRunText(last) : "No run is on record. `sluice build` makes the first."}</p>
      {site.notes.map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
      <div class="grid">
        <Figures />
        <Problems />
        <Dashboards />
        <Publications />
        <Freshness />
        <Runs />
        <Slowest />
        <Layers />
      </div>
    </div>
  );
}

function EmptyProject(): JSX.Element {
  return (
    <div class="page">
      <h1>{site.project}</h1>
      <p class="lead">
        The project has no models yet. Put <code>select 1 as id</code> into <code>models/first.sql</code>, run{" "}
        <code>sluice build</code>, and then <code>sluice docs generate</code> again.
      </p>
      {site.notes.map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
    </div>
  );
}

const runWord = ({ status, command }: SiteRun): string =>
  status === "success" ? `last ${command} succeeded` : status === "error" ? `last ${command} failed` : status;

function lastRunText({ command, startedAt, seconds, by, commit }: SiteRun): string {
  const took = seconds === undefined ? "" : ` and took ${formatDuration(seconds)}`;
  const who = by === undefined ? "" : ` Run by ${by}${commit === undefined ? "" : ` at commit ${commit.slice(0, 8)}`}.`;
  return `The last ${command} began on ${formatTime(startedAt)}${took}.${who}`;
}

function Figures(): JSX.Element {
  const built = site.nodes.filter(
    ({ kind, materialized }) =>
      (kind === "model" || kind === "seed" || kind === "snapshot") && materialized !== "ephemeral",
  );
  const good = built.filter((node) => toneOf(node.status) === "good").length;
  const { pass, warn, fail } = site.tests;
  const ran = pass + warn + fail;
  const [last] = site.runs;
  const published = site.publications.find((one) => one.status === "published");
  return (
    <>
      <Figure label="Relations built" value={formatCount(good)} of={`of ${formatCount(built.length)}`} />
      <Figure label="Tests passed" value={formatCount(pass)} of={ran > 0 ? `of ${formatCount(ran)}` : "none ran"} />
      <Figure
        label="Need attention"
        value={formatCount(site.problems.length)}
        of={site.problems.length === 0 ? "nothing failed" : "see below"}
      />
      {published ? (
        <Figure
          label={`Published ${formatTime(published.at)}`}
          value={formatCount(published.relations.length)}
          of={published.relations.length === 1 ? "relation" : "relations"}
        />
      ) : (
        <Figure
          label="Duration"
          value={last?.seconds === undefined ? "–" : formatDuration(last.seconds)}
          of="last run"
        />
      )}
    </>
  );
}

const Figure = ({ label, value, of }: { label: string; value: string; of: string }): JSX.Element => (
  <dl class="card figure span-3">
    <dt>{label}</dt>
    <dd>
      {value} <small>{of}</small>
    </dd>
  </dl>
);

function Problems(): JSX.Element | null {
  if (site.problems.length === 0) return null;
  return (
    <Card class="span-12" title={`${plural(site.problems.length, "problem")} in the last run`}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Status</th>
              <th>What</th>
              <th>Where</th>
              <th>Message</th>
            </tr>
          </thead>
          <tbody>
            {site.problems.slice(0, 50).map((problem) => (
              <tr key={problem.id}>
                <td>
                  <StatusBadge status={problem.status} />
                </td>
                <td>{problem.name}</td>
                <td>{problem.node === undefined ? "–" : <NodeLink index={problem.node} />}</td>
                <td class="muted">
                  {problem.message || (problem.failures ? plural(problem.failures, "failing row") : "")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {site.problems.length > 50 && <p class="empty">and {site.problems.length - 50} more</p>}
    </Card>
  );
}

function Dashboards(): JSX.Element | null {
  if (site.dashboards.length === 0) return null;
  return (
    <Card class="span-12" title="Dashboards">
      <ul class="results">
        {site.dashboards.map((dashboard) => (
          <li key={dashboard.name}>
            <a href={href("dashboard", dashboard.name)}>
              <strong>{dashboard.title}</strong>
              <p>
                {dashboard.panels.length > 0 ? plural(dashboard.panels.length, "panel") : "its panels are elsewhere"}
                {dashboard.owner !== undefined && ` · ${dashboard.owner}`}
              </p>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Publications(): JSX.Element | null {
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

function Freshness(): JSX.Element | null {
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

function Runs(): JSX.Element | null {
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

function Slowest(): JSX.Element | null {
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

function Layers(): JSX.Element {
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
