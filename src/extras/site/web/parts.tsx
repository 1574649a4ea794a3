/** Small pieces that several pages are made of. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { TestCounts } from "../data.ts";
import { plural } from "./format.ts";
import { href } from "./router.ts";
import { nodeAt } from "./store.ts";

type Tone = "good" | "warn" | "bad" | "none";

const TONES: Readonly<Record<string, Tone>> = {
  success: "good",
  pass: "good",
  reused: "good",
  published: "good",
  warn: "warn",
  running: "warn",
  building: "warn",
  ready: "warn",
  undone: "warn",
  cancelled: "warn",
  skipped: "warn",
  failed: "bad",
  error: "bad",
  fail: "bad",
  "runtime error": "bad",
};
export const toneOf = (status: string): Tone => TONES[status] ?? "none";

const WORDS: Readonly<Record<string, string>> = {
  none: "not run",
  pass: "passed",
  fail: "failed",
  warn: "warning",
  failed: "not published",
  superseded: "replaced since",
  undone: "taken back",
  ready: "waits for publish",
};
export const wordOf = (status: string): string => WORDS[status] ?? status;

const MARKS: Readonly<Record<Tone, string>> = {
  good: "M2.5 6.5l2.5 2.5 5-5.5",
  warn: "M6 2.5v4.2M6 9.4v.2",
  bad: "M3 3l6 6M9 3l-6 6",
  none: "M3 6h6",
};

/** Never by colour alone: each tone has a mark of its own. */
export function StatusBadge({ status, children }: { status: string; children?: ComponentChildren }): JSX.Element {
  const tone = toneOf(status);
  return (
    <span class={`badge ${tone}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={MARKS[tone]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
      </svg>
      {children ?? wordOf(status)}
    </span>
  );
}

export const Dot = ({ status }: { status: string }): JSX.Element => (
  <span class={`dot ${toneOf(status)}`} title={wordOf(status)} aria-hidden="true" />
);

export function TestsBadge({ tests }: { tests: TestCounts }): JSX.Element | null {
  const { pass, warn, fail, none } = tests;
  if (pass + warn + fail + none === 0) return null;
  if (fail > 0) return <StatusBadge status="fail">{`${plural(fail, "test")} failed`}</StatusBadge>;
  if (warn > 0) return <StatusBadge status="warn">{`${plural(warn, "test")} warned`}</StatusBadge>;
  if (pass > 0) return <StatusBadge status="pass">{`${plural(pass, "test")} passed`}</StatusBadge>;
  return <StatusBadge status="none">{`${plural(none, "test")} not run`}</StatusBadge>;
}

export function Card(props: {
  title?: ComponentChildren;
  more?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
  id?: string;
}): JSX.Element {
  return (
    <section class={`card ${props.class ?? ""}`} id={props.id}>
      {props.title !== undefined && (
        <header>
          <h2>{props.title}</h2>
          {props.more !== undefined && <span class="more muted">{props.more}</span>}
        </header>
      )}
      {props.children}
    </section>
  );
}

export function NodeLink({ index }: { index: number }): JSX.Element {
  const node = nodeAt(index);
  return <a href={href("node", node.id)}>{node.name}</a>;
}

/** Descriptions come as HTML that was made from Markdown, without HTML of its own, when the site was generated. */
export function Html({ html, class: className }: { html: string; class?: string }): JSX.Element {
  return <div class={className ?? "prose"} dangerouslySetInnerHTML={{ __html: html }} />;
}

export function Bar({ part, label }: { part: number; label: string }): JSX.Element {
  return (
    <div class="bar" title={label}>
      <span style={{ width: `${Math.max(1, Math.min(100, part * 100))}%` }} />
    </div>
  );
}

/** What a promise gives; undefined until then. */
export function useLoaded<T>(work: () => Promise<T>, on: unknown): T | Error | undefined {
  const [loaded, setLoaded] = useState<{ on: unknown; value: T | Error }>();
  useEffect(() => {
    let wanted = true;
    const keep = (value: T | Error): void => {
      if (wanted) setLoaded({ on, value });
    };
    work().then(keep, keep);
    return () => void (wanted = false);
  }, [on]);
  return loaded?.on === on ? loaded?.value : undefined;
}

export function useTitle(title: string): void {
  useEffect(() => void (document.title = title), [title]);
}
