import { expect, test } from "vitest";
import { repr, str } from "../jinja/index.ts";
import { fromText } from "./results.ts";

const [INT8, NUMERIC, FLOAT8, BOOL, DATE, TIMESTAMPTZ, TEXT] = [20, 1700, 701, 16, 1082, 1184, 25] as const;
const printed = (text: string | null, type: number): string => str(fromText(text, type));

test("values of a query print as Python's", () => {
  expect(printed("1.50", NUMERIC)).toBe("1.50");
  expect(printed("3", FLOAT8)).toBe("3.0");
  expect([printed("t", BOOL), printed("f", BOOL)]).toEqual(["True", "False"]);
  expect(printed(null, TEXT)).toBe("None");
  expect(printed("9007199254740993", INT8)).toBe("9007199254740993");
});

test("dates and timestamps are Python's objects, in whatever zone the server writes them", () => {
  expect(repr(fromText("2024-01-02", DATE))).toBe("datetime.date(2024, 1, 2)");
  expect(printed("2024-01-02 03:04:05.5+00", TIMESTAMPTZ)).toBe("2024-01-02 03:04:05.500000+00:00");
  expect(printed("2024-01-02 03:04:05+05:30", TIMESTAMPTZ)).toBe("2024-01-02 03:04:05+05:30");
});

test("dates that Python cannot hold stay texts", () => {
  for (const text of ["infinity", "0044-03-15 BC", "20000-01-01"]) expect(fromText(text, DATE)).toBe(text);
});

test("intervals print as Python's timedeltas do, after psycopg2's months of 30 days", () => {
  const cases = {
    "1 day 02:00:00": "1 day, 2:00:00",
    "-3 mons +00:00:04": "-90 days, 0:00:04",
    "-01:00:00": "-1 day, 23:00:00",
    "00:00:00": "0:00:00",
    "2 days 00:00:00.5": "2 days, 0:00:00.500000",
    "-1 days": "-1 day, 0:00:00",
    "1 year 2 mons 3 days 28:00:00": "429 days, 4:00:00",
    P1D: "P1D",
  };
  for (const [written, shown] of Object.entries(cases)) expect(printed(written, 1186)).toBe(shown);
});
