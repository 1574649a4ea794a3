/**
 * Our requests against the request schemas of Metabase's own client, and our stub against that client as its server. The
 * client is not part of the repository: integrations/metabase/check.sh installs it elsewhere and names it by SLUICE_METABASE_CLI.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyBank } from "../bank/copy.ts";
import { rig } from "../rig.ts";
import { API_KEY, type SeenRequest, SETUP_TOKEN, type Stub, startStub } from "./stub.ts";

const FOLDER = process.env["SLUICE_METABASE_CLI"];

/** Which command of the client makes a request like ours. Connections it cannot make. */
const COMMANDS: readonly (readonly [method: string, path: RegExp, command: string])[] = [
  ["POST", /^\/api\/setup$/, "setup"],
  ["POST", /^\/api\/collection$/, "collection create"],
  ["POST", /^\/api\/card$/, "card create"],
  ["PUT", /^\/api\/card\/\d+$/, "card update"],
  ["POST", /^\/api\/dashboard$/, "dashboard create"],
  ["PUT", /^\/api\/dashboard\/\d+$/, "dashboard update"],
  ["PUT", /^\/api\/table\/\d+$/, "table update"],
  ["PUT", /^\/api\/field\/\d+$/, "field update"],
];

async function mb(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const cli = join(FOLDER!, "node_modules/@metabase/cli/dist/cli.mjs");
  const options = { env: { ...process.env, HOME: FOLDER!, ...env }, maxBuffer: 1e8 };
  return promisify(execFile)(process.execPath, [cli, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (thrown: { code: number; stdout: string; stderr: string }) => thrown,
  );
}

type Validator = ((data: unknown) => boolean) & { errors?: unknown };

async function validatorFor(command: string): Promise<Validator> {
  const { stdout } = await mb([...command.split(" "), "--help", "--json"]);
  const require = createRequire(join(FOLDER!, "node_modules/@metabase/cli/package.json"));
  const { Ajv2020 } = require("ajv/dist/2020.js") as {
    Ajv2020: new (options: object) => { compile(schema: object): Validator };
  };
  const addFormats = (require("ajv-formats") as { default: (ajv: object) => void }).default;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  return ajv.compile((JSON.parse(stdout) as { inputSchema: object }).inputSchema);
}

describe.skipIf(!FOLDER)("with Metabase's own client", () => {
  let stub: Stub;
  let writes: SeenRequest[];
  beforeAll(
    rig(async ({ dir, url, write, sluice, start }) => {
      stub = await startStub();
      await copyBank(dir);
      await write({
        "profiles.yml": `bank: {target: dev, outputs: {dev: {type: postgres, url: '${url}', schema: analytics}}}\n`,
      });
      expect((await sluice("build")).code).toBe(0);
      const { username, password } = new URL(url);
      const env = {
        METABASE_URL: stub.url,
        METABASE_EMAIL: "ann@bank.example",
        METABASE_PASSWORD: "correct horse",
        MB_SETUP_TOKEN: SETUP_TOKEN,
        BI_USER: decodeURIComponent(username),
        BI_PASSWORD: decodeURIComponent(password),
      };
      const pushed = await start(["metabase", "push"], { env }).done;
      expect(pushed.code, pushed.all).toBe(0);
      // A change of every kind: a question's look, the layout, words about a table.
      const { cards, dashboards, tables } = stub.store;
      cards[0]!.display = "table";
      dashboards[0]!.dashcards[0]!["col"] = 3;
      dashboards[0]!.description = null;
      tables[0]!.description = null;
      const again = await start(["metabase", "push"], { env }).done;
      expect(again.stdout).toMatch(/^4 changes made\.$/m);
      writes = [...stub.writes];
    }),
    120_000,
  );
  afterAll(() => stub?.close());

  test("every request that it could make too keeps its schema", async () => {
    const seen = new Map<string, number>();
    for (const [method, path, command] of COMMANDS) {
      const validate = await validatorFor(command);
      for (const request of writes.filter((one) => one.method === method && path.test(one.path))) {
        expect(
          validate(request.body),
          `${command}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(request.body)}`,
        ).toBe(true);
        seen.set(command, (seen.get(command) ?? 0) + 1);
      }
      // The schema is one that can say no.
      expect(validate({ name: 7, description: 7, token: 7, display_name: 7 }), command).toBe(false);
    }
    expect([...seen.keys()]).toEqual(COMMANDS.map(([, , command]) => command));
    const others = writes.filter(({ method, path }) => !COMMANDS.some(([m, p]) => m === method && p.test(path)));
    expect(new Set(others.map(({ method, path }) => `${method} ${path.replace(/\d+/, "1")}`))).toEqual(
      new Set(["POST /api/database", "POST /api/database/1/sync_schema", "POST /api/session"]),
    );
  });

  test("it finds in the stub what it expects of a server", async () => {
    const { store } = stub;
    const collection = String(store.collections[0]!.id);
    const dashboard = store.dashboards[0]!;
    const card = store.cards[0]!;
    const table = store.tables[0]!;
    const run = async (...args: string[]): Promise<unknown> => {
      const login = ["--url", stub.url, "--api-key", API_KEY, "--skip-preflight", "--json"];
      const { code, stdout, stderr } = await mb([...args, ...login]);
      expect(code, `mb ${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
      return JSON.parse(stdout);
    };
    expect(await run("db", "list")).toMatchObject({ data: [{ name: "Bank", engine: "postgres" }] });
    expect(await run("db", "get", String(store.databases[0]!.id))).toMatchObject({ name: "Bank" });
    expect(await run("db", "sync-schema", String(store.databases[0]!.id), "--wait")).toMatchObject({ status: "ok" });
    expect(await run("field", "get", String(table.fields[0]!.id))).toMatchObject({ name: table.fields[0]!.name });
    expect(await run("collection", "items", collection)).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ model: "dashboard" })]),
    });
    expect(await run("card", "get", String(card.id), "--full")).toMatchObject({
      name: card.name,
      query_type: "native",
    });
    expect(await run("dashboard", "get", String(dashboard.id), "--full")).toMatchObject({
      name: dashboard.name,
      dashcards: expect.any(Array),
    });
    const body = {
      name: "From the client",
      display: "table",
      dataset_query: card.dataset_query,
      visualization_settings: {},
    };
    expect(await run("card", "create", "--body", JSON.stringify(body))).toMatchObject({ name: "From the client" });
    const made = store.cards.at(-1)!.id;
    await run("card", "archive", String(made));
    expect(store.cards.at(-1)!.archived).toBe(true);
    await run("field", "update", String(table.fields[0]!.id), "--body", '{"description":"Said by the client"}');
    expect(table.fields[0]!.description).toBe("Said by the client");
    const refused = await mb(["db", "list", "--url", stub.url, "--api-key", "wrong", "--skip-preflight", "--json"]);
    expect(refused.code).not.toBe(0);
  });
});
