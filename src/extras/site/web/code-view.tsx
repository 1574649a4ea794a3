import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { highlight as highlightSql } from "./code.ts";
import { useLoaded } from "./parts.tsx";
import { load } from "./store.ts";

/** The template and the SQL it became. Plain until the highlighter is there, and where it is missing. */
export function Code({ source, compiled }: { source: string; compiled: string }): JSX.Element {
  const [tab, setTab] = useState<"source" | "compiled">(source === "" ? "compiled" : "source");
  const [copied, setCopied] = useState(false);
  const text = tab === "source" ? source : compiled;
  const loaded = useLoaded(() => load<{ highlight: typeof highlightSql }>("app/code.js", "code"), "code");
  const html = loaded && !(loaded instanceof Error) ? loaded.highlight(text) : undefined;
  const copy = (): void =>
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  const tabs = [
    ["source", "Source", source],
    ["compiled", "Compiled", compiled],
  ] as const;
  return (
    <section class="card span-12">
      <header>
        <h2>SQL</h2>
        <div class="tabs" role="tablist" aria-label="Form of the SQL">
          {tabs.map(([name, label, has]) => (
            <button
              key={name}
              role="tab"
              id={`tab-${name}`}
              aria-selected={tab === name}
              aria-controls="sql-text"
              disabled={has === ""}
              onClick={() => setTab(name)}
            >
              {label}
            </button>
          ))}
        </div>
        <span class="more">
          <button class="button" onClick={copy}>
            {copied ? "Copied" : "Copy"}
          </button>
        </span>
      </header>
      <div class="code" id="sql-text" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {html === undefined ? <pre>{text}</pre> : <pre dangerouslySetInnerHTML={{ __html: html }} />}
      </div>
    </section>
  );
}
