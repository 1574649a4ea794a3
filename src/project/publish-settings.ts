/** How builds are published: `vars: {sluice: {…}}` of dbt_project.yml, which dbt takes for vars of a package that nobody has. */
import { type Diagnostic, error } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../lib/nearest.ts";
import { isMapping } from "./shape.ts";
import type { Project, Value } from "./types.ts";

export interface PublishSettings {
  /** Each node is replaced where it stands, as dbt does it. */
  readonly direct: boolean;
  /** How many publications can be taken back. */
  readonly keep: number;
  /** Seconds to go on trying to get the locks. */
  readonly wait: number;
}

const DEFAULTS: PublishSettings = { direct: false, keep: 1, wait: 60 };
const KEYS = ["publish", "publish_keep", "publish_wait"];

type Configured = Pick<Project, "packages" | "name">;

export function publishSettings(project: Configured): { settings: PublishSettings; diagnostics: Diagnostic[] } {
  const config = project.packages.find((pkg) => pkg.name === project.name)?.config;
  const written = config?.vars["sluice"];
  if (!config || !isMapping(written)) return { settings: DEFAULTS, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const problem = (key: string, message: string, notes: readonly string[] = []): void =>
    void diagnostics.push(error("setting-invalid", message, config.locate(["vars", "sluice", key]), notes));
  const expect = (key: string, value: Value, expected: string): void =>
    problem(key, `The var "${key}" of sluice must be ${expected}; found ${JSON.stringify(value)}.`);
  for (const key of Object.keys(written).filter((k) => !KEYS.includes(k)))
    problem(key, `Sluice has no setting "${key}".`, [...didYouMean(key, KEYS), `settings: ${KEYS.join(", ")}`]);
  const number = (key: string, otherwise: number): number => {
    const value = written[key] ?? otherwise;
    if (typeof value === "number" && value >= 0 && Number.isInteger(value)) return value;
    expect(key, value, "a whole number");
    return otherwise;
  };
  const mode = written["publish"] ?? "together";
  if (mode !== "together" && mode !== "direct") expect("publish", mode, '"together" or "direct"');
  const keep = number("publish_keep", DEFAULTS.keep);
  return { settings: { direct: mode === "direct", keep, wait: number("publish_wait", DEFAULTS.wait) }, diagnostics };
}
