/** The site's files: the app as it was compiled with Sluice, and the data beside it as scripts, since file:// has no fetch. */
import { copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../lib/hash.ts";
import { packageRoot } from "../../lib/package-root.ts";
import { writeFileAtomically } from "../../lib/write-file.ts";
import type { NodeDetail, SearchEntry, SiteData } from "./data.ts";

const APP = join(packageRoot(), "dist", "site");

export interface SiteFiles {
  readonly site: SiteData;
  readonly details: readonly NodeDetail[];
  readonly search: readonly SearchEntry[];
}

/** The data first and the page that names it last: whoever looks meanwhile sees the old site or the new one. */
export async function writeSite(out: string, { site, details, search }: SiteFiles): Promise<void> {
  await mkdir(join(out, "app"), { recursive: true });
  await mkdir(join(out, "data"), { recursive: true });
  const app = (await readdir(APP)).filter((file) => file !== "index.html");
  await Promise.all(app.map((file) => copyFile(join(APP, file), join(out, "app", file))));
  const data = new Map([["search.js", script("search", search)]]);
  for (let i = 0; i * site.chunkSize < details.length; i++) {
    const chunk = details.slice(i * site.chunkSize, (i + 1) * site.chunkSize);
    data.set(`nodes-${i}.js`, script(`nodes-${i}`, chunk));
  }
  const versioned = { ...site, version: sha256([...data.values()].join("\0")).slice(0, 12) };
  data.set("site.js", script("site", versioned));
  await Promise.all([...data].map(([file, text]) => writeFileAtomically(join(out, "data", file), text)));
  const version = sha256(`${data.get("site.js")}`).slice(0, 12);
  const page = await readFile(join(APP, "index.html"), "utf8");
  await writeFileAtomically(join(out, "index.html"), page.replaceAll("VERSION", version));
  const old = (await readdir(join(out, "data"))).filter((file) => !data.has(file));
  await Promise.all(old.map((file) => rm(join(out, "data", file), { force: true })));
}

/** U+2028 and U+2029 are valid in JSON, and in scripts since 2019; `</` matters only where a script is inlined, which these are not. */
const script = (name: string, value: unknown): string =>
  `(window.sluice??={})[${JSON.stringify(name)}]=${JSON.stringify(value)};\n`;
