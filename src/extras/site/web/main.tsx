/** The frame of all pages: navigation, search box, theme; and which page the address means. */
import { render } from "preact";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { DashboardPage } from "./dashboard.tsx";
import { formatTime } from "./format.ts";
import { Icon } from "./icons.tsx";
import { LineagePage } from "./lineage.tsx";
import { Navigation } from "./navigation.tsx";
import { NodePage } from "./node.tsx";
import { OverviewPage } from "./overview.tsx";
import { useTitle } from "./parts.tsx";
import { type Route, useRoute } from "./router.ts";
import { SearchBox, SearchPage } from "./search.tsx";
import { indexOf, site } from "./store.ts";
import { setTheme, themeNow } from "./theme.ts";

function Page({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case "overview":
      return <OverviewPage />;
    case "dashboard": {
      const dashboard = site.dashboards.find((one) => one.name === route.of);
      if (dashboard) return <DashboardPage key={dashboard.name} dashboard={dashboard} />;
      break;
    }
    case "lineage":
      return <LineagePage params={route.params} />;
    case "node": {
      const index = indexOf(route.of);
      if (index !== undefined) return <NodePage key={index} index={index} />;
      break;
    }
    case "search":
      return <SearchPage query={route.params.get("q") ?? ""} />;
    default:
  }
  return <NotFound of={route.of || route.page} />;
}

function NotFound({ of }: { of: string }): JSX.Element {
  useTitle("Not found");
  return (
    <div class="page">
      <h1>There is no “{of}” here</h1>
      <p class="lead">It may have been renamed or removed since. The search above looks through everything.</p>
    </div>
  );
}

function App(): JSX.Element {
  const route = useRoute();
  const [open, setOpen] = useState(false);
  const [theme, switchTheme] = useState(themeNow());
  const address = `${route.page}/${route.of}`;
  useEffect(() => {
    setOpen(false);
    window.scrollTo(0, 0);
  }, [address]);
  const toggle = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    setTheme(next);
    switchTheme(next);
  };
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}
      >
        Skip to the content
      </a>
      <Navigation route={route} open={open} onClose={() => setOpen(false)} />
      <div class="main">
        <div class="top">
          <button class="button icon menu" aria-label="Navigation" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name="menu" />
          </button>
          <SearchBox route={route} />
          <span class="spacer" />
          <span class="as-of">As of {formatTime(site.generatedAt)}</span>
          <button class="button icon" aria-label={theme === "dark" ? "Light colours" : "Dark colours"} onClick={toggle}>
            <Icon name={theme === "dark" ? "sun" : "moon"} />
          </button>
        </div>
        {/* The key makes charts take the colours of the theme. */}
        <main id="main" tabIndex={-1} key={theme}>
          <Page route={route} />
        </main>
      </div>
    </div>
  );
}

const root = document.getElementById("app")!;
if (window.sluice?.site) {
  root.textContent = "";
  render(<App />, root);
} else root.textContent = "The site's data is missing: data/site.js belongs beside this page.";
