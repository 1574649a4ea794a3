import { expect, test } from "vitest";
import { render } from "../rig.ts";
import { modules } from "./index.ts";

const names = { modules: modules.make(() => new Date("2024-05-17T10:20:30.123Z")) };

test("the clock is the one given", () => {
  const source =
    "{{ modules.datetime.datetime.utcnow() }} {{ modules.datetime.datetime.now(modules.pytz.timezone('Asia/Tokyo')) }} {{ modules.datetime.datetime.now(modules.datetime.timezone.utc).isoformat() }}";
  expect(render(source, names)).toBe(
    "2024-05-17 10:20:30.123000 2024-05-17 19:20:30.123000+09:00 2024-05-17T10:20:30.123000+00:00",
  );
});

test("an instant becomes an aware datetime", () => {
  expect(render("{{ t }} {{ t.strftime('%Y%m%d%H%M') }}", { t: modules.datetimeFrom(new Date(0)) })).toBe(
    "1970-01-01 00:00:00+00:00 197001010000",
  );
});

test("a replacement function that asks the database is refused", () => {
  const source = "{{ modules.re.sub('a', f, 'a') }}";
  expect(() => render(source, { ...names, f: async () => "b" })).toThrow("must answer at once");
});
