/** The values of Python's `datetime` module. */
import { bind, integer } from "../arguments.ts";
import { raise } from "../errors.ts";
import { str } from "../text.ts";
import { type Kwargs, PyFloat, tuple, typeName, type PyTuple } from "../values.ts";
import { type Clock, isoCalendar, strftime, utcMillis, weekday } from "./strftime.ts";
import { floorDivide, microsecondsPerDay, TimeDelta } from "./timedelta.ts";
import { offsetText, utc, Zone } from "./timezone.ts";

const dateFields = ["year", "month", "day"] as const;
const timeFields = ["hour", "minute", "second", "microsecond"] as const;
const fields = [...dateFields, ...timeFields] as const;
type Field = (typeof fields)[number];

/** Microseconds since 1970 of a wall clock, as if it showed UTC. */
export const wallMicros = (c: Clock): bigint => BigInt(utcMillis(c)) * 1000n + BigInt(c.microsecond);

export function clockAt(micros: bigint): Clock {
  const millis = floorDivide(micros, 1000n);
  const date = new Date(Number(millis));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    microsecond: Number(micros - floorDivide(micros, 1_000_000n) * 1_000_000n),
  };
}

const within = (n: number, low: number, high: number): boolean => Number.isInteger(n) && n >= low && n <= high;

function checked(c: Clock): Clock {
  if (!within(c.year, 1, 9999)) raise("ValueError", `year ${c.year} is out of range`);
  if (!within(c.month, 1, 12)) raise("ValueError", "month must be in 1..12");
  if (clockAt(wallMicros({ ...c, hour: 0, minute: 0, second: 0 })).day !== c.day)
    raise("ValueError", "day is out of range for month");
  if (!within(c.hour, 0, 23)) raise("ValueError", "hour must be in 0..23");
  if (!within(c.minute, 0, 59)) raise("ValueError", "minute must be in 0..59");
  if (!within(c.second, 0, 59)) raise("ValueError", "second must be in 0..59");
  if (!within(c.microsecond, 0, 999_999)) raise("ValueError", "microsecond must be in 0..999999");
  return c;
}

export class DateValue {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = checked(clock);
  }
  /** `date(2024, 5, 17)` */
  static make(args: readonly unknown[], kwargs: Kwargs | null): DateValue {
    const given = bind("date", args, kwargs, ["year!", "month!", "day!"]);
    return new DateValue(clockOf(given, undefined));
  }

  get clock(): Clock {
    return this.#clock;
  }
  get year(): number {
    return this.#clock.year;
  }
  get month(): number {
    return this.#clock.month;
  }
  get day(): number {
    return this.#clock.day;
  }
  weekday(): number {
    return weekday(this.#clock);
  }
  isoweekday(): number {
    return weekday(this.#clock) + 1;
  }
  isocalendar(): PyTuple {
    return tuple(isoCalendar(this.#clock));
  }
  toordinal(): number {
    return Math.floor(utcMillis({ ...this.#clock, hour: 0, minute: 0, second: 0 }) / 86_400_000) + 719_163;
  }
  strftime(format: unknown): string {
    return strftime(this.#clock, str(format));
  }
  isoformat(): string {
    return this.__str__();
  }
  replace(...args: unknown[]): DateValue {
    return new DateValue(replaced(this.#clock, args, dateFields));
  }
  __add__(delta: unknown): DateValue {
    return this.shifted(delta, 1n, "+");
  }
  __sub__(other: unknown): unknown {
    if (other instanceof DateValue && typeName(other) === typeName(this))
      return TimeDelta.of(this.micros - other.micros);
    return this.shifted(other, -1n, "-");
  }
  protected shifted(delta: unknown, sign: bigint, operator: string): DateValue {
    if (!(delta instanceof TimeDelta)) return this.mismatch(operator, delta);
    return new DateValue(clockAt(this.micros + sign * BigInt(delta.days) * microsecondsPerDay));
  }
  protected mismatch(operator: string, other: unknown): never {
    const kinds = `'datetime.${this.__type__}' and '${typeName(other)}'`;
    return raise("TypeError", `unsupported operand type(s) for ${operator}: ${kinds}`);
  }
  /** What order and equality go by. */
  get micros(): bigint {
    return wallMicros(this.#clock);
  }
  __eq__(other: unknown): boolean {
    return other instanceof DateValue && typeName(other) === typeName(this) && other.micros === this.micros;
  }
  __lt__(other: unknown): boolean {
    if (other instanceof DateValue && typeName(other) === typeName(this)) return this.micros < other.micros;
    return raise("TypeError", `can't compare ${typeName(this)} to ${typeName(other)}`);
  }
  __hash__(): string {
    return `${this.__type__} ${this.micros}`;
  }
  __str__(): string {
    return strftime(this.#clock, "%Y-%m-%d");
  }
  __repr__(): string {
    return `datetime.date(${this.year}, ${this.month}, ${this.day})`;
  }
  __format__(spec: string): string {
    return spec === "" ? this.__str__() : this.strftime(spec);
  }
  get __type__(): string {
    return "date";
  }
}

export class DateTime extends DateValue {
  readonly #zone: Zone | null;

  constructor(clock: Clock, zone: Zone | null) {
    super(clock);
    this.#zone = zone;
  }
  /** `datetime(2024, 5, 17, 10, 20)` */
  static override make(args: readonly unknown[], kwargs: Kwargs | null): DateTime {
    const names = ["year!", "month!", "day!", ...timeFields, "tzinfo", "fold"] as const;
    const given = bind("datetime", args, kwargs, names);
    return new DateTime(clockOf(given, undefined), zoneOf(given.tzinfo));
  }
  /** The wall clock a zone shows at an instant. */
  static at(instant: bigint, zone: Zone | null): DateTime {
    const offset = zone ? zone.offsetAt(Number(floorDivide(instant, 1000n))) : 0;
    return new DateTime(clockAt(instant + BigInt(offset) * 1_000_000n), zone);
  }

  get hour(): number {
    return this.clock.hour;
  }
  get minute(): number {
    return this.clock.minute;
  }
  get second(): number {
    return this.clock.second;
  }
  get microsecond(): number {
    return this.clock.microsecond;
  }
  get tzinfo(): Zone | null {
    return this.#zone;
  }
  /** Seconds east of UTC. */
  get offset(): number {
    if (!this.#zone) return 0;
    const wall = utcMillis(this.clock);
    // The offset is known by instant, the instant by offset: a second look settles it, but within the hour of a change.
    return this.#zone.offsetAt(wall - this.#zone.offsetAt(wall) * 1000);
  }
  override get micros(): bigint {
    return wallMicros(this.clock) - BigInt(this.offset) * 1_000_000n;
  }
  date(): DateValue {
    return new DateValue({ ...this.clock, hour: 0, minute: 0, second: 0, microsecond: 0 });
  }
  time(): TimeValue {
    return new TimeValue(this.clock);
  }
  timestamp(): PyFloat {
    const micros = this.#zone ? this.micros : localInstant(this.clock);
    return new PyFloat(Number(micros) / 1e6);
  }
  utcoffset(): TimeDelta | null {
    return this.#zone ? TimeDelta.of(BigInt(this.offset) * 1_000_000n) : null;
  }
  tzname(): string | null {
    return this.#zone ? this.#zone.abbreviation(Number(floorDivide(this.micros, 1000n))) : null;
  }
  astimezone(zone?: unknown): DateTime {
    return DateTime.at(this.#zone ? this.micros : localInstant(this.clock), zoneOf(zone) ?? utc);
  }
  override strftime(format: unknown): string {
    const offset = this.#zone ? offsetText(this.offset, "") : "";
    return strftime(this.clock, str(format), offset, this.tzname() ?? "");
  }
  override isoformat(...args: unknown[]): string {
    const [sep = "T"] = args;
    return this.#iso(typeof sep === "string" ? sep : str((sep as Kwargs)["sep"] ?? "T")); // otherwise keyword arguments
  }
  #iso(separator: string): string {
    const fraction = this.microsecond ? ".%f" : "";
    const zone = this.#zone ? offsetText(this.offset) : "";
    return strftime(this.clock, `%Y-%m-%d${separator}%H:%M:%S${fraction}`) + zone;
  }
  override replace(...args: unknown[]): DateTime {
    const last = args.at(-1);
    const isNamed = typeof last === "object" && last !== null && "tzinfo" in last && !(last instanceof DateValue);
    const zone = isNamed ? zoneOf(last.tzinfo) : this.#zone;
    return new DateTime(replaced(this.clock, args, fields), zone);
  }
  protected override shifted(delta: unknown, sign: bigint, operator: string): DateTime {
    if (!(delta instanceof TimeDelta)) return this.mismatch(operator, delta);
    return new DateTime(clockAt(wallMicros(this.clock) + sign * delta.total), this.#zone);
  }
  override __sub__(other: unknown): unknown {
    if (other instanceof DateTime && Boolean(other.#zone) !== Boolean(this.#zone))
      raise("TypeError", "can't subtract offset-naive and offset-aware datetimes");
    return super.__sub__(other);
  }
  override __lt__(other: unknown): boolean {
    if (other instanceof DateTime && Boolean(other.#zone) !== Boolean(this.#zone))
      raise("TypeError", "can't compare offset-naive and offset-aware datetimes");
    return super.__lt__(other);
  }
  override __str__(): string {
    return this.#iso(" ");
  }
  override __repr__(): string {
    const c = this.clock;
    const shown: (number | string)[] = [c.year, c.month, c.day, c.hour, c.minute];
    if (c.second || c.microsecond) shown.push(c.second);
    if (c.microsecond) shown.push(c.microsecond);
    if (this.#zone === utc) shown.push("tzinfo=datetime.timezone.utc");
    else if (this.#zone) shown.push(`tzinfo=<${this.#zone.label}>`);
    return `datetime.datetime(${shown.join(", ")})`;
  }
  override get __type__(): string {
    return "datetime";
  }
}

export class TimeValue {
  readonly clock: Clock;
  constructor(clock: Clock) {
    this.clock = checked({ ...clock, year: 1970, month: 1, day: 1 });
  }
  static make(args: readonly unknown[], kwargs: Kwargs | null): TimeValue {
    return new TimeValue(clockOf(bind("time", args, kwargs, [...timeFields, "tzinfo"]), epoch));
  }
  get hour(): number {
    return this.clock.hour;
  }
  get minute(): number {
    return this.clock.minute;
  }
  get second(): number {
    return this.clock.second;
  }
  strftime(format: unknown): string {
    return strftime({ ...this.clock, year: 1900 }, str(format));
  }
  isoformat(): string {
    return this.__str__();
  }
  __str__(): string {
    return strftime(this.clock, this.clock.microsecond ? "%H:%M:%S.%f" : "%H:%M:%S");
  }
  __repr__(): string {
    return `datetime.time(${this.hour}, ${this.minute}${this.second ? `, ${this.second}` : ""})`;
  }
  __eq__(other: unknown): boolean {
    return other instanceof TimeValue && wallMicros(other.clock) === wallMicros(this.clock);
  }
  __lt__(other: unknown): boolean {
    return other instanceof TimeValue && wallMicros(this.clock) < wallMicros(other.clock);
  }
  get __type__(): string {
    return "time";
  }
}

const epoch: Clock = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };

/** Fields from arguments by name; what is absent comes from `base`, or is 0. */
function clockOf(given: Readonly<Record<string, unknown>>, base: Clock | undefined): Clock {
  const clock: Record<Field, number> = { ...(base ?? epoch) };
  for (const field of fields) if (given[field] !== undefined) clock[field] = integer(given[field], clock[field]);
  return clock;
}

function replaced(clock: Clock, args: readonly unknown[], names: readonly Field[]): Clock {
  const last = args.at(-1);
  const kwargs = typeof last === "object" && last !== null ? (last as Kwargs) : null; // the rest are numbers
  const positional = kwargs ? args.slice(0, -1) : args;
  return clockOf(bind("replace", positional, kwargs, [...names, "tzinfo"]), clock);
}

export function zoneOf(x: unknown): Zone | null {
  if (x === undefined || x === null) return null;
  if (x instanceof Zone) return x;
  return raise("TypeError", `tzinfo argument must be None or of a tzinfo subclass, not type '${typeName(x)}'`);
}

/** A naive clock is one of the machine's own zone. */
function localInstant(c: Clock): bigint {
  const date = new Date(c.year, c.month - 1, c.day, c.hour, c.minute, c.second);
  return BigInt(date.getTime()) * 1000n + BigInt(c.microsecond);
}

/** The machine's own wall clock at an instant. */
export function localClock(date: Date): Clock {
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    microsecond: date.getMilliseconds() * 1000,
  };
}
