/** Every option of every verb of dbt 1.12 is known: it does what it does there, decides nothing here, or is refused by name. */
import { expect, test } from "vitest";
import { parse } from "./arguments.ts";
import { findCommand } from "./index.ts";

/** As `dbt <verb> --help` lists them; `=`: takes a value, `!`: has a form with `--no-` too. */
const EVERYWHERE = `
cache-selected-only! debug! d defer! defer-state= fail-fast! x favor-state! hints-enabled! indirect-selection=eager
log-cache-events! log-file-max-bytes=1 log-format=text log-format-file=json log-level=info log-level-file=none log-path=
macro-debugging! maximum-seed-size-mib=2 partial-parse! partial-parse-file-diff! partial-parse-file-path= populate-cache!
print! printer-width=90 profile= quiet! q send-anonymous-usage-stats! single-threaded! snowflake-projects-otel!
show-all-deprecations! state= static-parser! target= t= use-colors! use-colors-file! use-experimental-parser!
use-v2-parser! v2-parser= version-check! warn-error warn-error-options={} write-json! use-fast-test-edges!
profiles-dir= project-dir= vars={}`;
const SELECTING = "exclude= select= s= models= model= m= selector= target-path= threads=2";
const KINDS = "resource-type=model resource-types=model exclude-resource-type=test exclude-resource-types=test";
const BY_VERB: Readonly<Record<string, string>> = {
  build: `${SELECTING} ${KINDS} empty! event-time-start=2024-01-01 event-time-end=2024-01-02 export-saved-queries!
    full-refresh f include-saved-query! sqlparse={} sample=1 show store-failures`,
  clean: "clean-project-files-only! target-path=",
  "docs generate": `${SELECTING} compile! sqlparse={} empty-catalog static`,
  "docs serve": "browser! host=localhost port=0 target-path=",
  compile: `${SELECTING} full-refresh f output=json introspect! empty! inline= inject-ephemeral-ctes! sqlparse={}`,
  show: `${SELECTING} full-refresh f output=json limit=3 introspect! inline= inline-direct= sqlparse={}`,
  debug: "connection config-dir",
  deps: "source=git lock upgrade add-package=",
  init: "skip-profile-setup s skip-debug",
  ls: `${SELECTING.replace(" threads=2", "")} ${KINDS} output=name output-keys=`,
  parse: "target-path= threads=2",
  run: `${SELECTING} full-refresh f empty! event-time-start=2024-01-01 event-time-end=2024-01-02 sqlparse={} sample=1`,
  retry: "target-path= threads=2 full-refresh f",
  clone: `${SELECTING} ${KINDS} full-refresh f`,
  "run-operation": "args={} sql= target-path= threads=2",
  seed: `${SELECTING} empty! full-refresh f sqlparse={} show`,
  snapshot: `${SELECTING} empty! sqlparse={}`,
  "source freshness": `${SELECTING} output= o= sqlparse={}`,
  test: `${SELECTING} ${KINDS} sqlparse={} store-failures`,
};
const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

test.each(Object.entries(BY_VERB))("dbt %s", async (verb, own) => {
  const words = verb.split(" ");
  const command = findCommand(words[0]!)!;
  for (const option of `${EVERYWHERE} ${own}`.trim().split(/\s+/)) {
    const [, name = "", kind = "", value = ""] = /^([\w-]+)([=!]?)(.*)$/.exec(option)!;
    const given = kind === "=" ? [value || "x"] : [];
    await expect(parse(command, [...words, dashed(name), ...given]), option).resolves.toBeDefined();
    if (kind === "!") await expect(parse(command, [...words, `--no-${name}`]), `--no-${name}`).resolves.toBeDefined();
  }
});

test("what cannot be done is refused by name, and may be said no to", async () => {
  const build = findCommand("build")!;
  await expect(parse(build, ["build", "-r", "timings"])).rejects.toThrow("NODE_OPTIONS=--cpu-prof");
  await expect(parse(build, ["build", "--upload-to-artifacts-ingest-api"])).rejects.toThrow("sends nothing");
  await parse(build, ["build", "--no-upload-to-artifacts-ingest-api"]);
});

test("options of dbt are no options of verbs that dbt does not have", async () => {
  await expect(parse(findCommand("generate")!, ["generate", "--fail-fast"])).rejects.toThrow(
    "It is an option of build",
  );
});
