/** Whether a column of numbers has decimals, by the arithmetic of dbt's reader: decimals of 28 digits. */

const DIGITS = 28;

/**
 * Follows the most digits before and after the point. Where both together exceed the 28 digits, those after the point
 * are what is left over, so that numbers of 29 digits and more count as having decimals, and become `float8`.
 */
export class Precision {
  #whole = 1;
  #decimal = 0;

  /** `number` as digits with an optional point and exponent. */
  add(number: string): void {
    // The common case, without further thought: a short whole number.
    if (number.length <= 9 && !/[.eNI]/.test(number)) {
      this.#whole = Math.max(this.#whole, number.length - (number.startsWith("-") ? 1 : 0) - leadingZeros(number));
      return;
    }
    const match = /^-?(\d*)\.?(\d*)(?:e(-?\d+))?$/.exec(number);
    if (!match) return; // infinite, or no number at all
    const coefficient = (match[1]! + match[2]!).replace(/^0+/, "");
    let exponent = Number(match[3] ?? 0) - match[2]!.length;
    let digits = coefficient;
    if (digits.length > DIGITS) {
      exponent += digits.length - DIGITS;
      digits = rounded(digits);
      if (digits.length > DIGITS) {
        digits = digits.slice(0, DIGITS);
        exponent++;
      }
    }
    const stripped = digits.replace(/0+$/, "");
    exponent = stripped === "" ? 0 : exponent + digits.length - stripped.length;
    this.#whole = Math.max(this.#whole, Math.max(1, stripped.length) + exponent);
    this.#decimal = Math.max(this.#decimal, -exponent);
  }

  hasDecimals(): boolean {
    const places = this.#whole + this.#decimal > DIGITS ? DIGITS - this.#whole : this.#decimal;
    return places !== 0;
  }
}

const leadingZeros = (number: string): number => /^-?(0*)(?=\d)/.exec(number)![1]!.length;

/** The first 28 digits, the last rounded half to even; 29 where the carry runs through. */
function rounded(digits: string): string {
  const head = digits.slice(0, DIGITS);
  const tail = digits.slice(DIGITS);
  const half = `5${"0".repeat(tail.length - 1)}`;
  const up = tail > half || (tail === half && Number(head.at(-1)) % 2 === 1);
  return up ? String(BigInt(head) + 1n) : head;
}
