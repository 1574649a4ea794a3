import { expect, test } from "vitest";
import { divide, mean, millionths, parseCents, quartile, writeCents, writeDecimal } from "./money.ts";

test("amounts are read to the cent, and nothing else is read at all", () => {
  expect(["12.5", "12", "0.05", "-1.00", "+3.1"].map(parseCents)).toEqual([1250n, 1200n, 5n, -100n, 310n]);
  expect(["", "1,5", "1.005", "1e3", ".5", "1.", "--1"].map(parseCents)).toEqual(Array.from({ length: 7 }));
});

test("cents are written as numeric(18,2) is", () => {
  expect([1250n, 5n, -5n, 0n, -123456n].map(writeCents)).toEqual(["12.50", "0.05", "-0.05", "0.00", "-1234.56"]);
  expect(writeDecimal(333333n, 6)).toBe("0.333333");
});

test("halves are rounded away from zero", () => {
  expect([divide(5n, 2n), divide(-5n, 2n), divide(4n, 3n), divide(5n, 3n)]).toEqual([3n, -3n, 1n, 2n]);
  expect(mean([1n, 2n])).toBe(2n);
});

test("quartiles lie between rows, in proportion", () => {
  expect([1, 2, 3].map((quarters) => quartile([100n, 200n, 300n, 400n], quarters as 1 | 2 | 3))).toEqual([
    175n,
    250n,
    325n,
  ]); // the three quarters
  expect(quartile([7n], 1)).toBe(7n);
  expect(quartile([1n, 2n], 2)).toBe(2n);
});

test("a share of nothing is null", () => {
  expect(millionths(1n, 3n)).toBe(333333n);
  expect(millionths(0n, 0n)).toBeNull();
});
