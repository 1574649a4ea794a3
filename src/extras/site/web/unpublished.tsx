import type { JSX } from "preact";
import { formatTime } from "./format.ts";
import { site } from "./store.ts";

/** After a build that was not published, readers see what was there before: the run's verdict is not about those figures. */
export function Unpublished(): JSX.Element | null {
  const [latest] = site.publications;
  if (latest === undefined || (latest.status !== "failed" && latest.status !== "ready")) return null;
  const live = site.publications.find((one) => one.status === "published");
  const verdict =
    latest.status === "ready" ? "passed, and waits for sluice publish" : "did not pass, and was not published";
  const seen = live === undefined ? "as it was before" : `as it was published on ${formatTime(live.at)}`;
  return (
    <p class="note">
      The build of {formatTime(latest.at)} {verdict}. What readers see, the figures here included, is {seen}.
    </p>
  );
}
