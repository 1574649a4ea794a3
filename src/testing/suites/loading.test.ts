import { gzipSync } from "node:zlib";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rig } from "../rig.ts";

const source = (options: string): string => `sources:
  - name: raw
    tables:
      - name: orders
        external: {location: "data/*", ${options}}
        columns:
          - {name: id, data_type: bigint}
          - {name: ordered_on, data_type: date}
          - {name: amount, data_type: "numeric(10,2)"}
`;
const GOOD = "id,ordered_on,amount\n1,2025-01-05,120.50\n2,2025-01-06,80.00\n";
const BAD = "id,ordered_on,amount\n1,2025-01-05,120.50\n2,2025-02-31,80.00\n3,2025-01-07\n4,2025-01-08,abc\n";

test(
  "every bad row of a file is named, and the table is as it was",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/sources.yml": source("on_reject: fail"), "data/a.csv": GOOD });
    expect((await sluice("load")).code).toBe(0);
    await write({ "data/a.csv": BAD });
    const failed = await sluice("load");
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/data\/a\.csv:3 Column "ordered_on": .*2025-02-31/);
    expect(failed.stdout).toMatch(/data\/a\.csv:4 .*fields/);
    expect(failed.stdout).toMatch(/data\/a\.csv:5 Column "amount": .*abc/);
    expect(failed.stdout).toContain("on_reject: quarantine");
    expect(await rows("select id::int from raw.orders order by 1")).toEqual([{ id: 1 }, { id: 2 }]);
  }),
);

test(
  "in quarantine, loaded and rejected rows make the rows of the file",
  rig(async ({ write, sluice, rows }) => {
    await write({ "models/sources.yml": source("on_reject: quarantine"), "data/a.csv": BAD });
    const loaded = await sluice("build");
    expect(loaded.code, loaded.all).toBe(0);
    expect(loaded.stdout).toContain("3 rejected");
    expect(await rows("select id::int, _file, _line::int from raw.orders")).toEqual([
      { id: 1, _file: "data/a.csv", _line: 2 },
    ]);
    expect(
      await rows('select _line::int as line, _column as "column", _raw as raw from raw.orders__rejected order by 1'),
    ).toEqual([
      { line: 3, column: "ordered_on", raw: "2,2025-02-31,80.00" },
      { line: 4, column: null, raw: "3,2025-01-07" },
      { line: 5, column: "amount", raw: "4,2025-01-08,abc" },
    ]);
  }),
);

test(
  "files come, change, stay and go, and each keeps its own rows",
  rig(async ({ dir, write, sluice, rows }) => {
    const held = () =>
      rows<{ f: string; n: number }>("select _file as f, count(*)::int as n from raw.orders group by 1 order by 1");
    await write({ "models/sources.yml": source("delimiter: ','"), "data/a.csv": GOOD });
    await writeFile(join(dir, "data/b.csv.gz"), gzipSync(GOOD));
    expect((await sluice("load")).stdout).toContain("COPY 4");
    expect(await held()).toEqual([
      { f: "data/a.csv", n: 2 },
      { f: "data/b.csv.gz", n: 2 },
    ]);
    const before = await rows("select ctid::text, _batch_id from raw.orders order by 1");
    expect((await sluice("plan", "-s", "source:raw")).stdout).toContain("2 files are as loaded");
    expect((await sluice("load")).code).toBe(0);
    expect(await rows("select ctid::text, _batch_id from raw.orders order by 1")).toEqual(before);
    await write({ "data/a.csv": `${GOOD}3,2025-01-07,1.00\n` });
    expect((await sluice("plan", "-s", "source:raw")).stdout).toMatch(/changed: data\/a\.csv/);
    expect((await sluice("load")).code).toBe(0);
    expect(await held()).toEqual([
      { f: "data/a.csv", n: 3 },
      { f: "data/b.csv.gz", n: 2 },
    ]);
    await write({ "data/b.csv.gz": null });
    expect((await sluice("load")).code).toBe(0);
    expect(await held()).toEqual([{ f: "data/a.csv", n: 3 }]);
  }),
);

test(
  "a model's own full_refresh has the last word",
  rig(async ({ write, sluice, rows }) => {
    const model = (config: string): string =>
      `{{ config(materialized='incremental'${config}) }}\nselect {{ 1 if is_incremental() else 0 }} as increments`;
    await write({ "models/kept.sql": model(", full_refresh=false"), "models/fresh.sql": model(", full_refresh=true") });
    for (const flags of [[], [], ["--full-refresh"]]) expect((await sluice("run", ...flags)).code).toBe(0);
    expect(await rows("select increments from analytics.kept order by 1")).toEqual([
      { increments: 0 },
      { increments: 1 },
      { increments: 1 },
    ]);
    expect(await rows("select increments from analytics.fresh")).toEqual([{ increments: 0 }]);
  }),
);

test(
  "a described column that the model does not have is a warning in the log",
  rig(async ({ write, sluice }) => {
    await write({
      "models/a.sql": "{{ config(persist_docs={'columns': true}) }}\nselect 1 as id",
      "models/a.yml": "models:\n  - name: a\n    columns:\n      - {name: ident, description: The key.}\n",
    });
    const run = await sluice("run");
    expect(run.code).toBe(0);
    expect(run.all).toMatch(/models\/a\.yml:4:\d+ .*ident/);
  }),
);
