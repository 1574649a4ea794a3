import type { JSX } from "preact";
import type { SiteTest, Status } from "../data.ts";
import { formatCount } from "./format.ts";
import { Card, Html, StatusBadge } from "./parts.tsx";

const FIRST: readonly Status[] = ["error", "fail", "warn", "skipped", "none", "reused", "pass", "success"];

/** What failed stands first, with the SQL that shows the rows. */
export function Tests({ tests }: { tests: readonly SiteTest[] }): JSX.Element {
  const sorted = tests.toSorted((a, b) => FIRST.indexOf(a.status) - FIRST.indexOf(b.status));
  return (
    <Card class="span-12" title={`Tests (${tests.length})`}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Status</th>
              <th>Test</th>
              <th>Kind</th>
              <th class="number">Failing rows</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((test) => (
              <tr key={test.id}>
                <td>
                  <StatusBadge status={test.status} />
                </td>
                <td>
                  <TestText test={test} />
                </td>
                <td class="muted">{test.kind}</td>
                <td class="number">{test.failures === undefined ? "–" : formatCount(test.failures)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function TestText({ test }: { test: SiteTest }): JSX.Element {
  const name = test.column === undefined ? test.name : `${test.name} of ${test.column}`;
  return (
    <>
      {test.sql === "" ? (
        name
      ) : (
        <details class="test">
          <summary>{name}</summary>
          <div class="prose">
            <pre tabIndex={0}>{test.sql}</pre>
          </div>
        </details>
      )}
      {test.description !== "" && <Html html={test.description} class="muted" />}
      {test.message !== undefined && (test.status === "error" || test.status === "fail" || test.status === "warn") && (
        <p class="muted">{test.message}</p>
      )}
    </>
  );
}
