/** Full-text search over names, descriptions, columns and SQL. The index is made when somebody first searches. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { plural } from "./format.ts";
import { Icon } from "./icons.tsx";
import { StatusBadge, useLoaded, useTitle } from "./parts.tsx";
import { go, href, replace, type Route } from "./router.ts";
import { makeIndex, type Hit } from "./search-index.ts";
import { nodeAt, searchEntries, site } from "./store.ts";

let index: ReturnType<typeof makeIndex> | undefined;

async function search(query: string): Promise<Hit[]> {
  index ??= makeIndex(site.nodes, await searchEntries());
  return index(query);
}

/** `/` goes to it from anywhere. */
export function SearchBox({ route }: { route: Route }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const query = route.page === "search" ? (route.params.get("q") ?? "") : "";
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test((event.target as Element).tagName);
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => {
    if (document.activeElement !== input.current) input.current!.value = query;
  }, [query]);
  const onInput = (): void => {
    const { value } = input.current!;
    const to = href("search", "", { q: value });
    if (route.page === "search") replace(to);
    else if (value !== "") go(to);
  };
  return (
    <form
      class="search-box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        document.querySelector<HTMLAnchorElement>(".results a")?.focus();
      }}
    >
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        placeholder="Search models, columns, SQL"
        aria-label="Search"
        onInput={onInput}
        onFocus={() => void searchEntries().catch(() => {})}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

export function SearchPage({ query }: { query: string }): JSX.Element {
  useTitle(query === "" ? "Search" : `${query} · search`);
  const hits = useLoaded(() => search(query), query);
  const shown = useRef<Hit[]>([]);
  // While the next answer is on its way, the last one stays.
  if (Array.isArray(hits)) shown.current = hits;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Search</h1>
        <span class="muted" aria-live="polite">
          {query !== "" && `${plural(shown.current.length, "hit")} for “${query}”`}
        </span>
      </div>
      {hits instanceof Error && <p class="note">{hits.message}.</p>}
      {query === "" ? (
        <p class="lead">Type a name, a column, or words of a description or of SQL.</p>
      ) : shown.current.length === 0 ? (
        <p class="lead">Nothing matches. Shorter words find more; beginnings of words and small slips are forgiven.</p>
      ) : (
        <ul class="card results">
          {shown.current.slice(0, 60).map((hit) => (
            <Found key={hit.node} hit={hit} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Found({ hit }: { hit: Hit }): JSX.Element {
  const node = nodeAt(hit.node);
  return (
    <li>
      <a href={href("node", node.id)}>
        <strong>
          <Marked text={node.name} terms={hit.terms} />
        </strong>{" "}
        <span class="badge">{node.kind}</span> {node.status !== "none" && <StatusBadge status={node.status} />}
        <p>
          <Marked text={hit.excerpt || node.summary} terms={hit.terms} />
        </p>
        {hit.where !== "" && <p class="muted">{hit.where}</p>}
      </a>
    </li>
  );
}

function Marked({ text, terms }: { text: string; terms: readonly string[] }): JSX.Element {
  if (terms.length === 0) return <>{text}</>;
  const pattern = new RegExp(`(${terms.map((term) => term.replaceAll(/[^\w\s]/g, "\\$&")).join("|")})`, "gi");
  return <>{text.split(pattern).map((piece, i) => (i % 2 === 1 ? <mark key={i}>{piece}</mark> : piece))}</>;
}
