/** The side: pages, and everything the project has, by kind and layer. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { layers } from "./layers.ts";
import { Dot } from "./parts.tsx";
import { href, type Route } from "./router.ts";
import { indexOf, nodeAt, site } from "./store.ts";

export function Navigation(props: { route: Route; open: boolean; onClose: () => void }): JSX.Element {
  const { route, open, onClose } = props;
  const current = (page: string, of = ""): { "aria-current"?: "page" } =>
    route.page === page && (of === "" || route.of === of) ? { "aria-current": "page" } : {};
  return (
    <aside class={`side ${open ? "open" : ""}`} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <a class="brand" href={href("overview")}>
        <img src="app/icon.svg" alt="" />
        <span>
          {site.project}
          <small>{site.target === undefined ? site.writtenBy : `target ${site.target}`}</small>
        </span>
      </a>
      <nav class="nav" aria-label="Pages">
        <ul>
          <li>
            <a href={href("overview")} {...current("overview")}>
              <Icon name="overview" /> Overview
            </a>
          </li>
          <li>
            <a href={href("lineage")} {...current("lineage")}>
              <Icon name="lineage" /> Lineage
            </a>
          </li>
        </ul>
        {site.dashboards.length > 0 && <h2>Dashboards</h2>}
        <ul>
          {site.dashboards.map(({ name, title }) => (
            <li key={name}>
              <a href={href("dashboard", name)} {...current("dashboard", name)}>
                <Icon name="dashboard" /> {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Tree of={route.page === "node" ? route.of : ""} />
    </aside>
  );
}

/** Groups are closed at first where there are many nodes; the one that holds the page's node is open. */
function Tree({ of }: { of: string }): JSX.Element | null {
  const groups = useMemo(() => layers().map((layer) => ({ layer, nodes: nodesOf(layer) })), []);
  if (groups.length === 0) return null;
  const at = indexOf(of);
  const few = site.nodes.length <= 60;
  return (
    <nav class="tree" aria-label="Project">
      <h2>Project</h2>
      {groups.map(({ layer, nodes }) => (
        <Group
          key={layer}
          layer={layer}
          nodes={nodes}
          of={of}
          first={few || (at !== undefined && nodeAt(at).layer === layer)}
        />
      ))}
    </nav>
  );
}

/** What is in a closed group is made when it is opened. */
function Group(props: { layer: string; nodes: typeof site.nodes; of: string; first: boolean }): JSX.Element {
  const { layer, nodes, of, first } = props;
  const [open, setOpen] = useState(first);
  useEffect(() => {
    if (first) setOpen(true);
  }, [first]);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span>{layer}</span>
        <span>{nodes.length}</span>
      </summary>
      <ul>
        {open &&
          nodes.map((node) => (
            <li key={node.id}>
              <a href={href("node", node.id)} title={node.name} {...(node.id === of ? { "aria-current": "page" } : {})}>
                <Dot status={node.tests.fail > 0 ? "fail" : node.status} />
                <span>{node.name}</span>
              </a>
            </li>
          ))}
      </ul>
    </details>
  );
}

const nodesOf = (layer: string): typeof site.nodes =>
  site.nodes.filter((node) => node.layer === layer).toSorted((a, b) => a.name.localeCompare(b.name));
