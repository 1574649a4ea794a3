/** The first page: the last run, what needs attention, what was published, how fresh sources are. */
import type { JSX } from "preact";
import type { SiteRun } from "../data.ts";
import { formatCount, formatDuration, formatTime, plural } from "./format.ts";
import { Freshness, Layers, Publications, Runs, Slowest } from "./overview-tables.tsx";
import { Card, NodeLink, StatusBadge, toneOf, useTitle } from "./parts.tsx";
import { href } from "./router.ts";
import { site } from "./store.ts";
import { Unpublished } from "./unpublished.tsx";

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
      <Unpublished />
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
