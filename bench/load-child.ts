/** One load in a process of its own: `node load-child.mjs <url> <folder>`; prints `LoadChildResult` as JSON. */
import { loadSource } from "../src/load/load.ts";
import { openDatabase } from "../src/postgres/open.ts";
import { ensureState } from "../src/state/ensure.ts";
import { LOAD_COLUMNS, LOAD_TABLE, type LoadChildResult } from "./load-shape.ts";

async function main(address: string, folder: string): Promise<LoadChildResult> {
  const url = new URL(address);
  const database = await openDatabase(
    {
      embedded: false,
      host: url.hostname,
      port: Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: url.pathname.slice(1),
      connectTimeout: 10,
      retries: 0,
      keepalivesIdle: 0,
      applicationName: "sluice-bench",
    },
    { sessions: 1, dataDir: "" },
  );
  try {
    await ensureState(database);
    const started = performance.now();
    const result = await database.session((session) =>
      loadSource(session, {
        relation: LOAD_TABLE,
        nodeId: "source.bench.raw.transactions",
        columns: LOAD_COLUMNS,
        external: {
          location: "transactions.csv",
          delimiter: ",",
          quote: '"',
          escape: '"',
          header: true,
          encoding: "utf-8",
          nullStrings: [""],
          decimal: ".",
          onReject: "fail",
          at: { file: { path: "", absolute: "", text: "" }, start: 0, end: 0 },
        },
        root: folder,
        fullRefresh: false,
        runId: "bench",
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    return { copySeconds: result.files[0]!.seconds, seconds, peakRss: process.resourceUsage().maxRSS / 1024 };
  } finally {
    await database.close();
  }
}

process.stdout.write(JSON.stringify(await main(process.argv[2]!, process.argv[3]!)));
