import { expect, test } from "vitest";
import { highlight } from "./code.ts";
import { formatAge, formatDimensions, formatDuration, formatValue } from "./format.ts";
import { href, routeOf } from "./router.ts";
import { makeIndex } from "./search-index.ts";

const TAGS = /<[^>]+>/g;
const plain = (html: string): string =>
  html
    .replaceAll(TAGS, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&");

test("highlighted SQL is the same text, with Jinja marked and everything escaped", () => {
  const sql = `{{ config(a='<b>') }}\n-- it's\nselect '{{ var("x") }}' as a, 1 < 2 & 3 {# no <i> #} from {{ ref('m') }}\n{% if a %}x{% endif %}`;
  const html = highlight(sql);
  expect(plain(html)).toBe(sql);
  expect(html).toContain(`<span class="jinja">{{ config(a='&lt;b&gt;') }}</span>`);
  expect(html).toContain(`<span class="hljs-keyword">select</span>`);
  expect(html).toContain(`<span class="hljs-comment">{# no &lt;i&gt; #}</span>`);
  expect(html).not.toMatch(/<(b|i)>/);
});

test("figures are exact to the cent, also beyond doubles", () => {
  expect(formatValue("12876.50", "money")).toBe("12,876.50");
  expect(formatValue("9007199254740993.01", "money")).toBe("9,007,199,254,740,993.01");
  expect(formatValue("0.671234", "percent")).toBe("67.1%");
  expect(formatValue("12876.5", "integer")).toBe("12,877");
  expect(formatValue("12876.5", "compact")).toBe("12.9K");
  expect(formatValue("abc", "money")).toBe("abc");
  expect(formatValue(null, "money")).toBe("–");
});

test("first days of months are months, where all are", () => {
  expect(formatDimensions(["2025-01-01", "2025-02-01"])).toEqual(["Jan 2025", "Feb 2025"]);
  expect(formatDimensions(["2025-01-01 00:00:00", "2025-02-01 00:00:00+00"])).toEqual(["Jan 2025", "Feb 2025"]);
  expect(formatDimensions(["2025-01-01", "2025-01-02", null])).toEqual(["2025-01-01", "2025-01-02", "–"]);
  expect(formatDimensions(["low", "2025-01-01x"])).toEqual(["low", "2025-01-01x"]);
});

test("durations and ages are said in few words", () => {
  expect([0, 0.0421, 3.21, 75, 7384].map(formatDuration)).toEqual([
    "0 ms",
    "42 ms",
    "3.2 s",
    "1 min 15 s",
    "2 h 3 min",
  ]);
  expect([0.2, 61, 7200, 90000].map(formatAge)).toEqual(["0 seconds", "1 minute", "2 hours", "1 day"]);
});

test("addresses carry any name there and back", () => {
  const id = "source.shop.a/b?c#d.é";
  const route = routeOf(href("node", id, { q: "x & y", none: undefined }));
  expect(route).toMatchObject({ page: "node", of: id });
  expect([...route.params]).toEqual([["q", "x & y"]]);
  expect(routeOf("")).toMatchObject({ page: "overview", of: "" });
});

test("search finds parts of names, columns, words of SQL, and forgives slips", () => {
  const base = { kind: "model", layer: "m", path: "", tags: [], summary: "", parents: [], status: "none" } as const;
  const tests = { pass: 0, warn: 0, fail: 0, none: 0 };
  const names = ["customer_summary", "orders", "top"];
  const search = makeIndex(
    names.map((name) => ({ ...base, id: name, name, tests })),
    [
      { columns: "customer_id amount", text: "Sums by customer.", sql: "select 1" },
      { columns: "order_id", text: "Größe der Bestellung", sql: "select * from raw_orders" },
      { columns: "", text: "", sql: "select * from customer_summary" },
    ],
  );
  const found = (query: string): string[] => search(query).map((hit) => names[hit.node]!);
  expect(found("summary")[0]).toBe("customer_summary");
  expect(found("custmer")[0]).toBe("customer_summary");
  expect(found("größe")).toEqual(["orders"]);
  expect(found("raw")).toEqual(["orders"]);
  expect(search("raw")[0]).toMatchObject({ where: "in its SQL", excerpt: "select * from raw_orders" });
  expect(found("customer_summary")).toEqual(["customer_summary", "top"]);
  expect(found("zzz")).toEqual([]);
});
