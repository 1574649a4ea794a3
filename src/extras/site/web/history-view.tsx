import type { JSX } from "preact";
import type { HistoryEntry } from "../data.ts";
import { Canvas } from "./dashboard.tsx";
import { formatCount, formatDuration, formatTime } from "./format.ts";
import { Card, StatusBadge } from "./parts.tsx";

/** Durations and rows of the last runs; drawn where there are several. */
export function History({ entries }: { entries: readonly HistoryEntry[] }): JSX.Element | null {
  if (entries.length === 0) return null;
  const built = entries.filter(({ status }) => status !== "reused" && status !== "skipped").toReversed();
  return (
    <Card class="span-12" title="Run history">
      {built.length > 2 && (
        <div class="panel">
          <Canvas
            class="plot"
            label="Seconds of each run that built it, oldest first; the table below has the figures"
            drawing={{
              kind: "bar",
              dimensions: ["at"],
              measures: [{ column: "seconds", label: "Seconds", format: "decimal" }],
              columns: ["at", "seconds"],
              rows: built.map((entry) => [formatTime(entry.at), String(entry.seconds)]),
            }}
          />
        </div>
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Began</th>
              <th>Status</th>
              <th class="number">Rows</th>
              <th class="number">Duration</th>
              <th>Message</th>
            </tr>
          </thead>
          <tbody>
            {entries.slice(0, 15).map((entry) => (
              <tr key={`${entry.run} ${entry.at}`}>
                <td class="nowrap">{formatTime(entry.at)}</td>
                <td>
                  <StatusBadge status={entry.status} />
                </td>
                <td class="number">{entry.rows === undefined ? "–" : formatCount(entry.rows)}</td>
                <td class="number">{formatDuration(entry.seconds)}</td>
                <td class="muted">{entry.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
