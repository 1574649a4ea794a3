/** `npm run bench`: every figure is a ratio of two things measured in turn, in this run, on this machine. */
import { cpus, totalmem } from "node:os";
import { spawnSync } from "node:child_process";
import { benchBuild } from "./build.ts";
import { benchLoad } from "./load.ts";
import { benchParse } from "./parse.ts";
import { reportPublishing } from "./publish-report.ts";
import type { Cost } from "./measure.ts";
import { benchSeed } from "./seed.ts";
import { benchSite } from "./site.ts";
import { benchSimpleModels } from "./simple-models.ts";
import { benchStart } from "./start.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (n: number): string => (n < 1 ? `${Math.round(n * 1000)} ms` : `${n.toFixed(2)} s`);
const costText = ({ seconds: wall, processor, peakRss }: Cost): string =>
  `${seconds(wall)} (${seconds(processor)} of processor time), peak ${Math.round(peakRss)} MB`;

say(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "cpu"}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
);
say("medians of alternating runs; a ratio of 1 is equal, more is faster than the reference\n");

const start = await benchStart();
say(
  `CLI start          sluice --version ${seconds(start.version)}, --help ${seconds(start.help)}; bare node ${seconds(start.bare)}`,
);
say(`                   --version takes ${(start.version / start.bare).toFixed(2)} × bare node\n`);

const parse = await benchParse();
say(`Parse              ${parse.models} models, ${parse.tests} tests: sluice parse ${costText(parse)}`);
say(
  `                   ${((parse.seconds / parse.models) * 1000).toFixed(2)} ms a model; ${(parse.seconds / start.bare).toFixed(1)} × bare node\n`,
);

for (const site of await benchSite([10, 1000])) {
  const label = `${site.models} models`.padEnd(12);
  const painted =
    site.overview === undefined || site.lineage === undefined
      ? "first paint not measured: no Chromium"
      : `first paint of the overview ${seconds(site.overview)}, of the lineage ${seconds(site.lineage)}`;
  say(`Site ${label}  generated in ${seconds(site.generate)}, ${(site.bytes / 1e6).toFixed(1)} MB; ${painted}`);
}
say("");

await reportPublishing(say, seconds);
for (const [models, runs] of [
  [2000, 5],
  [10_000, 3],
] as const) {
  const simple = benchSimpleModels(models, runs);
  const beside = simple.dbt === undefined ? "" : `; dbt parse ${seconds(simple.dbt)}`;
  say(
    `Simple models      ${models.toLocaleString("en")} models, ${(models * 3).toLocaleString("en")} tests: sluice parse ${costText(simple)}${beside}`,
  );
}
say("");

const seed = await benchSeed();
say(
  `Seed               ${seed.rows.toLocaleString("en")} rows, ${(seed.bytes / 1e6).toFixed(1)} MB: sluice seed ${costText(seed)}`,
);
say(`                   ${seconds(seed.inRun)} of it after start and parse\n`);

if (spawnSync("psql", ["--version"]).status !== 0) {
  say("psql is not installed: the comparisons with it are left out (Debian: apt-get install postgresql-client).");
} else {
  const load = await benchLoad();
  say(
    `Load               ${load.rows.toLocaleString("en")} rows, ${Math.round(load.bytes / 1e6)} MB: ours ${seconds(load.ours)}, psql \\copy of the same rows ${seconds(load.psql)}`,
  );
  say(
    `                   ratio ${load.ratio.toFixed(2)} (${load.ratioBare.toFixed(2)} against psql without _file, _line, _batch_id: ${seconds(load.psqlBare)})`,
  );
  say(
    `                   with ledger and statistics ${load.ratioInAll.toFixed(2)}; ${Math.round(load.rowsPerSecond).toLocaleString("en")} rows/s, peak ${Math.round(load.peakRss)} MB\n`,
  );

  const build = await benchBuild();
  say(
    `Bank build         ${build.statements} models and tests, ${build.threads} connections: sluice run+test ${seconds(build.sluice)}, psql ${seconds(build.psql)}`,
  );
  say(
    `                   of the first, ${seconds(build.inRun)} after start and parse; ratio ${(build.psql / build.sluice).toFixed(2)}, without start ${(build.psql / build.inRun).toFixed(2)}`,
  );
}
