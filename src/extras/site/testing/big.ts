/** Artifacts of a layered project of any size, for tests and benches: each model joins two before it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LAYERS = ["staging", "intermediate", "core", "marts", "reports"];

const id = (i: number): string => `model.big.m${i}`;

export function writeBigArtifacts(folder: string, models: number): void {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, value: unknown): void => writeFileSync(join(folder, file), JSON.stringify(value));
  const wide = Math.max(1, Math.floor(models / 12));
  const name = (i: number): string => `${LAYERS[Math.floor((i * 5) / models)]}_orders_by_region_${i}`;
  const nodes: Record<string, unknown> = {};
  for (let i = 0; i < models; i++) {
    const layer = LAYERS[Math.floor((i * 5) / models)]!;
    const parents = i < wide ? ["source.big.raw.events"] : [...new Set([id(i - wide), id((i * 7) % (i - wide + 1))])];
    nodes[id(i)] = {
      resource_type: "model",
      name: name(i),
      alias: name(i),
      schema: layer,
      package_name: "big",
      fqn: ["big", layer, name(i)],
      original_file_path: `models/${layer}/${name(i)}.sql`,
      description: `Orders of a region, number **${i}**, summed once more.`,
      config: { materialized: i % 3 === 0 ? "table" : "view" },
      tags: i % 10 === 0 ? ["daily"] : [],
      depends_on: { nodes: parents },
      columns: Object.fromEntries(
        ["id", "region", "amount"].map((column) => [column, { name: column, description: `The ${column}.` }]),
      ),
      raw_code: `select id, region, sum(amount) as amount\nfrom {{ ref('m') }}\nwhere id > ${i}\ngroup by 1, 2`,
      compiled_code: `select id, region, sum(amount) as amount\nfrom "big"."m"\nwhere id > ${i}\ngroup by 1, 2`,
    };
    nodes[`test.big.unique_m${i}`] = {
      resource_type: "test",
      name: `unique_m${i}_id`,
      attached_node: id(i),
      column_name: "id",
      test_metadata: { name: "unique" },
      depends_on: { nodes: [id(i)] },
      compiled_code: `select id from "big"."m" group by id having count(*) > 1`,
    };
  }
  const metadata = {
    project_name: "big",
    dbt_version: "1.12.3",
    invocation_id: "big",
    generated_at: "2026-01-01T00:00:00Z",
  };
  const source = {
    resource_type: "source",
    source_name: "raw",
    name: "events",
    identifier: "events",
    schema: "raw",
    fqn: ["big", "raw", "events"],
    package_name: "big",
  };
  write("manifest.json", { metadata, nodes, sources: { "source.big.raw.events": source } });
  write("catalog.json", { metadata, nodes: {}, sources: {} });
  const results = Object.keys(nodes).map((unique_id, i) => ({
    unique_id,
    status: i % 197 === 5 ? "fail" : unique_id.startsWith("test.") ? "pass" : "success",
    execution_time: ((i * 37) % 100) / 50,
    adapter_response: { rows_affected: i },
    timing: [{ name: "execute", started_at: "2026-01-01T00:00:00Z" }],
    message: "",
  }));
  write("run_results.json", { metadata, results, args: { which: "build" }, elapsed_time: 12 });
}
