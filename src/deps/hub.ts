/** hub.getdbt.com: which versions a package has, and which of them all who ask for it can take. */
import { maxSatisfying, validRange } from "semver";
import { error, Failure, type Span } from "../diagnostics/diagnostic.ts";
import type { Spec } from "./specs.ts";

type HubSpec = Extract<Spec, { kind: "hub" }>;

export interface HubVersion {
  readonly version: string;
  readonly tarball: string;
}

/** How a text is fetched; tests put their own in its place. */
export type FetchJson = (url: string) => Promise<unknown>;

export const HUB = "https://hub.getdbt.com";

/** Chooses the newest version that satisfies every spec of one package. Throws `Failure`. */
export async function chooseVersion(specs: readonly HubSpec[], fetchJson: FetchJson): Promise<HubVersion> {
  const { package: name, at } = specs[0]!;
  const hub = process.env["DBT_PACKAGE_HUB_URL"]?.replace(/\/$/, "") ?? HUB;
  const found = await fetchJson(`${hub}/api/v1/${name}.json`).catch((thrown: unknown) => {
    throw unreachable(name, hub, at, thrown);
  });
  const versions = versionsOf(found);
  const range = specs
    .flatMap((spec) => spec.versions)
    .map(asRange)
    .join(" ");
  if (validRange(range) === null) {
    const notes = ['for example  version: [">=1.0.0", "<2.0.0"]'];
    throw new Failure(error("package-version", `"${range}" is no range of versions of ${name}.`, at, notes));
  }
  const includePrerelease = specs.some((spec) => spec.prerelease);
  const version = maxSatisfying([...versions.keys()], range, { includePrerelease });
  if (version === null) {
    const known = [...versions.keys()].slice(-8).join(", ");
    const notes = [
      `it has: ${known || "none"}`,
      ...specs.slice(1).map((spec) => ({ message: "also asked for here", at: spec.at })),
    ];
    throw new Failure(error("package-version", `No version of ${name} is ${range}.`, at, notes));
  }
  return { version, tarball: versions.get(version)! };
}

/** `=1.0.0` and `1.0.0` are that version; `>=1.0` means `>=1.0.0`. */
const asRange = (written: string): string => written.replace(/\s+/g, "");

function versionsOf(found: unknown): Map<string, string> {
  const versions =
    (found as { versions?: Record<string, { downloads?: { tarball?: string } }> } | null)?.versions ?? {};
  return new Map(
    Object.entries(versions).flatMap(([version, { downloads }]) =>
      downloads?.tarball ? [[version, downloads.tarball] as const] : [],
    ),
  );
}

function unreachable(name: string, hub: string, at: Span, thrown: unknown): Failure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Failure(
    error("package-hub", `${name} was not found at ${hub}: ${why}.`, at, [
      "where the hub cannot be reached, ask for it by  git:,  tarball:  or  local:,",
      "or put the package's files into the packages' folder (dbt_packages/) yourself",
    ]),
    { cause: thrown },
  );
}
