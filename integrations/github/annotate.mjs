#!/usr/bin/env node
// Reads `sluice … --log-format json` on standard input. Prints it as people read it, with GitHub's annotations at the line of
// each mistake and failure, and writes a summary of the job. It passes no judgement: the exit code is Sluice's own.
//   sluice build --log-format json 2>&1 | node annotate.mjs
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** As GitHub wants texts in its commands: of values, and of what stands after the colons. */
const value = (text) => message(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
const message = (text) => String(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

function annotation({ severity, path, line, column, title, text }) {
  const where = [
    ...(path ? [`file=${value(path)}`] : []),
    ...(line ? [`line=${line}`] : []),
    ...(column ? [`col=${column}`] : []),
    ...(title ? [`title=${value(title)}`] : []),
  ];
  return `::${severity} ${where.join(",")}::${message(text)}`;
}

const told = [];
const results = [];
const files = new Map();
let stats;

function read({ info, data }) {
  if (info.level !== "debug") console.log(info.msg);
  const node = data.node_info;
  if (info.name === "NodeFinished" && node) {
    results.push({
      name: node.node_name,
      kind: node.resource_type,
      status: node.node_status,
      seconds: data.run_result.execution_time,
      said: data.run_result.message,
    });
  }
  if (info.name === "StatsLine") stats = data.stats;
  // The file in which a test is declared is told with the failure, the reason in the line after it.
  if (node && data.path) files.set(node.unique_id, data.path);
  // Why a node failed or warned, and mistakes of the project.
  const isResult = info.name === "RunResultError" || info.name === "RunResultWarningMessage";
  const diagnostic = data.diagnostic ?? (data.code && data.severity ? data : undefined);
  if (!isResult && !diagnostic) return;
  const severity = (diagnostic?.severity ?? info.level) === "error" ? "error" : "warning";
  const text = [diagnostic?.message ?? data.msg ?? info.msg, ...(diagnostic?.notes ?? [])].join("\n");
  const title = node ? `${node.resource_type} ${node.node_name}` : diagnostic?.code;
  told.push({
    severity,
    path: diagnostic?.path ?? (node && (files.get(node.unique_id) ?? node.node_path)),
    line: diagnostic?.line,
    column: diagnostic?.column,
    title,
    text,
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    console.log(line);
    continue;
  }
  if (event?.info) read(event);
  else console.log(line);
}
// A failure is told when it happens, and again at the end.
const seen = new Set();
const first = told.filter((one) => {
  const key = annotation({ ...one, title: undefined });
  return !seen.has(key) && seen.add(key);
});
for (const one of first) console.log(annotation(one));

const cell = (text) =>
  String(text ?? "")
    .split("\n")[0]
    .replaceAll("|", "\\|");
const bad = results.filter(({ status }) => !["success", "pass", "reused", "no-op"].includes(status));
const summary = [
  "### Sluice",
  "",
  stats
    ? Object.entries(stats)
        .map(([name, n]) => `${name} **${n}**`)
        .join(" · ")
    : "It could not run.",
  "",
  ...(bad.length > 0
    ? [
        "| | Node | Said |",
        "|---|---|---|",
        ...bad.map((r) => `| ${r.status} | ${r.kind} \`${r.name}\` | ${cell(r.said)} |`),
        "",
      ]
    : []),
  ...first.map((one) => `- ${one.path ? `\`${one.path}${one.line ? `:${one.line}` : ""}\` ` : ""}${cell(one.text)}`),
  "",
];
const file = process.env.GITHUB_STEP_SUMMARY;
if (file) appendFileSync(file, `${summary.join("\n")}\n`);
