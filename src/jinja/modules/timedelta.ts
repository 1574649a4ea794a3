import { bind } from "../arguments.ts";
import { raise } from "../errors.ts";
import { isNumeric, Kwargs, num, PyFloat, typeName } from "../values.ts";

const units = {
  days: 86_400_000_000,
  seconds: 1_000_000,
  microseconds: 1,
  milliseconds: 1_000,
  minutes: 60_000_000,
  hours: 3_600_000_000,
  weeks: 604_800_000_000,
} as const;

export const microsecondsPerDay = BigInt(units.days);

const two = (n: number): string => String(n).padStart(2, "0");

/** Division that rounds down, as Python's does. */
export const floorDivide = (a: bigint, b: bigint): bigint => (a < 0n && a % b !== 0n ? a / b - 1n : a / b);

export class TimeDelta {
  readonly #us: bigint;

  private constructor(us: bigint) {
    this.#us = us;
  }
  static of(us: bigint): TimeDelta {
    return new TimeDelta(us);
  }
  /** `timedelta(days=1, hours=2)` */
  static make(args: readonly unknown[], kwargs: Kwargs | null): TimeDelta {
    const given = bind("timedelta", args, kwargs, Object.keys(units) as (keyof typeof units)[]); // its keys
    let us = 0n;
    for (const [unit, size] of Object.entries(units)) {
      const amount = given[unit as keyof typeof units]; // as above
      if (amount === undefined) continue;
      if (!isNumeric(amount))
        raise("TypeError", `unsupported type for timedelta ${unit} component: ${typeName(amount)}`);
      const n = num(amount);
      us += typeof n === "bigint" || Number.isInteger(n) ? BigInt(n) * BigInt(size) : BigInt(Math.round(n * size));
    }
    return new TimeDelta(us);
  }

  get total(): bigint {
    return this.#us;
  }
  get days(): number {
    return Number(floorDivide(this.#us, microsecondsPerDay));
  }
  get seconds(): number {
    return Number((this.#us - BigInt(this.days) * microsecondsPerDay) / 1_000_000n);
  }
  get microseconds(): number {
    return Number(this.#us - floorDivide(this.#us, 1_000_000n) * 1_000_000n);
  }
  total_seconds(): PyFloat {
    return new PyFloat(Number(this.#us) / 1e6);
  }

  __add__(other: unknown): unknown {
    if (other instanceof TimeDelta) return new TimeDelta(this.#us + other.#us);
    const add = (other as { __add__?: (x: unknown) => unknown }).__add__; // a date; looked at before use
    return add
      ? add.call(other, this)
      : raise("TypeError", `unsupported operand type(s) for +: 'timedelta' and '${typeName(other)}'`);
  }
  __sub__(other: unknown): TimeDelta {
    if (other instanceof TimeDelta) return new TimeDelta(this.#us - other.#us);
    return raise("TypeError", `unsupported operand type(s) for -: 'timedelta' and '${typeName(other)}'`);
  }
  __mul__(factor: unknown): TimeDelta {
    if (!isNumeric(factor)) return raise("TypeError", `can't multiply timedelta by '${typeName(factor)}'`);
    const n = num(factor);
    return new TimeDelta(
      typeof n === "bigint" || Number.isInteger(n) ? this.#us * BigInt(n) : BigInt(Math.round(Number(this.#us) * n)),
    );
  }
  __eq__(other: unknown): boolean {
    return other instanceof TimeDelta && other.#us === this.#us;
  }
  __lt__(other: unknown): boolean {
    return other instanceof TimeDelta
      ? this.#us < other.#us
      : raise("TypeError", `'<' not supported between instances of 'timedelta' and '${typeName(other)}'`);
  }
  __bool__(): boolean {
    return this.#us !== 0n;
  }
  __hash__(): string {
    return `timedelta ${this.#us}`;
  }
  __str__(): string {
    const { days, seconds, microseconds } = this;
    const fraction = microseconds ? `.${String(microseconds).padStart(6, "0")}` : "";
    const time = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
    return days ? `${days} day${Math.abs(days) === 1 ? "" : "s"}, ${time}` : time;
  }
  __repr__(): string {
    const parts = (["days", "seconds", "microseconds"] as const).filter((unit) => this[unit] !== 0);
    return `datetime.timedelta(${parts.map((unit) => `${unit}=${this[unit]}`).join(", ") || "0"})`;
  }
  get __type__(): string {
    return "timedelta";
  }
}
