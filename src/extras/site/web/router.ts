/** Addresses live behind the `#`, so that they work from a folder and on any host. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** `overview`, `dashboard`, `lineage`, `node`, `search`. */
  readonly page: string;
  /** What the page is of: a dashboard's name, a node's id. */
  readonly of: string;
  readonly params: URLSearchParams;
}

export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/");
  return { page: page || "overview", of: decodeURIComponent(rest.join("/")), params: new URLSearchParams(query) };
}

export function href(
  page: string,
  of = "",
  params: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined) query.set(key, String(value));
  const path = of === "" ? page : `${page}/${encodeURIComponent(of)}`;
  return `#/${path}${query.size > 0 ? `?${query}` : ""}`;
}

export const go = (to: string): void => void (location.hash = to);
/** Without a step in the browser's history: for what changes while typing. */
export function replace(to: string): void {
  history.replaceState(null, "", to);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = (): void => setRoute(routeOf(location.hash));
    window.addEventListener("hashchange", onChange);
    return () => window.removeEventListener("hashchange", onChange);
  }, []);
  return route;
}
