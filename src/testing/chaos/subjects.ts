/** The projects that are struck, each with an old state and the change that makes it new. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyBank } from "../bank/copy.ts";
import { FILES, setVersion, SOURCE, STRANGER } from "../readers/project.ts";

export interface Subject {
  readonly name: string;
  /** The profile that `dbt_project.yml` asks for. */
  readonly profile: string;
  /** A schema that is filled before anything is published. */
  readonly unpublished: string;
  /** Files into an empty folder, for the first build. */
  write(dir: string): Promise<void>;
  /** In the database, before the first build; after it. */
  readonly before?: string;
  readonly after?: string;
  /** New inputs: files, and what is to be said in each database. */
  change(dir: string): Promise<string | undefined>;
}

const SEED = "seeds/kinds.csv";
const kinds = (last: string): string => `id,label\n1,one\n2,two\n3,${last}\n`;

export const small: Subject = {
  name: "small",
  profile: "shop",
  unpublished: "raw",
  async write(dir) {
    const { write } = into(dir);
    await write("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n");
    for (const [path, text] of Object.entries(FILES)) await write(path, text);
    await write(SEED, kinds("three"));
    await write(
      "models/labelled.sql",
      "{{ config(materialized='table') }} select k.*, f.version from {{ ref('kinds') }} k join {{ ref('first') }} f using (id)",
    );
  },
  before: `${SOURCE}; ${setVersion(1)}`,
  after: STRANGER,
  async change(dir) {
    await into(dir).write(SEED, kinds("drei"));
    return setVersion(2);
  },
};

/** The bank: first with three quarters of its deliveries, then with all of them. */
export const bank: Subject = {
  name: "bank",
  profile: "bank",
  unpublished: "raw",
  async write(dir) {
    await copyBank(dir);
    const lines = (await readFile(join(dir, DATA), "utf8")).trimEnd().split("\n");
    await writeFile(join(dir, DATA), `${lines.slice(0, Math.floor(lines.length * 0.75)).join("\n")}\n`);
  },
  after: `create schema stranger; create view stranger.watch as
    select (select count(*) from marts.top_customers) as top, (select count(*) from marts.large_transactions) as large`,
  async change(dir) {
    await copyBank(dir);
    return undefined;
  },
};

const DATA = "data/transactions.csv";

function into(dir: string): { write(path: string, text: string): Promise<void> } {
  return {
    async write(path, text) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
  };
}
