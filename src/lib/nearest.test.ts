import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

test("the nearest name comes first, and names much further away are left out", () => {
  expect(nearest("top_custmers", ["dim_customers", "top_customers", "customers"])).toEqual(["top_customers"]);
  expect(nearest("ordes", ["order", "orders"])).toEqual(["order", "orders"]);
});

test("of a short word only one letter may be wrong", () => {
  expect(nearest("prd", ["dev", "prod", "url"])).toEqual(["prod"]);
  expect(nearest("zz", ["a"])).toEqual([]);
});

test("a name that is a part of the word is suggested, unless it is too short to say anything", () => {
  expect(nearest("stg_orders_daily", ["orders"])).toEqual(["orders"]);
  expect(nearest("DATABASE_URL", ["_", "URL"])).toEqual([]);
});

test("suggestions are written as they would be typed", () => {
  expect(didYouMean("nigtly", ["nightly"], "tag:")).toEqual(['did you mean "tag:nightly"?']);
  expect(didYouMean("x", [])).toEqual([]);
});

test("two neighbouring letters swapped are one mistake", () => {
  expect(nearest("dsiocunt", ["discount"])).toEqual(["discount"]);
});
