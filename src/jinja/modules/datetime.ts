/** Python's `datetime` and `pytz` modules, as far as templates go. */
import { callArgs } from "../arguments.ts";
import { raise } from "../errors.ts";
import { repr, str } from "../text.ts";
import { isNumeric, Kwargs, num, typeName } from "../values.ts";
import { DateTime, DateValue, localClock, TimeValue, zoneOf } from "./dates.ts";
import { offsetSeconds, strptime, type Clock } from "./strftime.ts";
import { TimeDelta } from "./timedelta.ts";
import { FixedZone, utc, Zone, zoneNamed } from "./timezone.ts";

type Maker = (args: readonly unknown[], kwargs: Kwargs | null) => unknown;

/** A class: callable, with its class methods as attributes. */
function classOf(make: Maker, members: Readonly<Record<string, unknown>>): unknown {
  return {
    ...members,
    __call__: make,
  };
}

/** An instant as an aware datetime in UTC. */
export const datetimeFrom = (date: Date): DateTime => DateTime.at(BigInt(date.getTime()) * 1000n, utc);

const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:.(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?)?(Z|[+-]\d\d:?\d\d(?::?\d\d)?)?$/;

function fromIso(source: unknown): { clock: Clock; zone: Zone | null } {
  const found = isoPattern.exec(str(source));
  if (!found) return raise("ValueError", `Invalid isoformat string: ${repr(source)}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((x) => Number(x ?? 0));
  const microsecond = Number((found[7] ?? "").padEnd(6, "0"));
  const zone = found[8] === undefined ? null : fixed(offsetSeconds(found[8]));
  return { clock: { year, month, day, hour, minute, second, microsecond }, zone };
}

const fixed = (seconds: number): Zone => (seconds === 0 ? utc : new FixedZone(seconds));

function fromTimestamp(seconds: unknown, zone: Zone | null): DateTime {
  if (!isNumeric(seconds)) return raise("TypeError", `a number is required, not ${typeName(seconds)}`);
  const micros = BigInt(Math.round(Number(num(seconds)) * 1e6));
  if (zone) return DateTime.at(micros, zone);
  const clock = localClock(new Date(Number(micros / 1000n)));
  return new DateTime({ ...clock, microsecond: Number(((micros % 1_000_000n) + 1_000_000n) % 1_000_000n) }, null);
}

function parsed(source: unknown, format: unknown): DateTime {
  const { offset, ...clock } = strptime(str(source), str(format));
  return new DateTime(clock, offset === undefined ? null : fixed(offset));
}

/** `datetime.timezone(timedelta(hours=2), name)` */
function timezone(args: readonly unknown[], kwargs: Kwargs | null): Zone {
  const { offset, name } = callArgs(kwargs ? [...args, kwargs] : args, ["offset!", "name"], "timezone");
  if (!(offset instanceof TimeDelta)) return raise("TypeError", "timezone() argument 1 must be datetime.timedelta");
  const seconds = Number(offset.total / 1_000_000n);
  return name === undefined ? fixed(seconds) : new FixedZone(seconds, str(name));
}

const naiveUtc = (at: DateTime): DateTime => new DateTime(at.clock, null);

export function datetimeModule(now: () => Date): Record<string, unknown> {
  const instant = (zone: Zone | null): DateTime =>
    zone ? DateTime.at(BigInt(now().getTime()) * 1000n, zone) : new DateTime(localClock(now()), null);
  const withMembers = {
    now: (...args: unknown[]) => instant(zoneOf(callArgs(args, ["tz"], "now").tz)),
    today: () => instant(null),
    utcnow: () => naiveUtc(instant(utc)),
    strptime: parsed,
    strftime: (value: DateTime, format: unknown) => value.strftime(format),
    fromisoformat: (source: unknown) => {
      const { clock, zone } = fromIso(source);
      return new DateTime(clock, zone);
    },
    fromtimestamp: (...args: unknown[]) => {
      const { timestamp, tz } = callArgs(args, ["timestamp!", "tz"], "fromtimestamp");
      return fromTimestamp(timestamp, zoneOf(tz));
    },
    utcfromtimestamp: (seconds: unknown) => naiveUtc(fromTimestamp(seconds, utc)),
    combine: (date: DateValue, time: TimeValue) =>
      new DateTime({ ...time.clock, year: date.year, month: date.month, day: date.day }, null),
    min: new DateTime({ year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 }, null),
    max: new DateTime({ year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59, microsecond: 999_999 }, null),
  };
  return {
    datetime: classOf(DateTime.make, withMembers),
    date: classOf(DateValue.make, {
      today: () => instant(null).date(),
      fromisoformat: (source: unknown) => new DateValue(fromIso(source).clock),
      fromtimestamp: (seconds: unknown) => fromTimestamp(seconds, null).date(),
    }),
    time: classOf(TimeValue.make, {}),
    timedelta: classOf(TimeDelta.make, {}),
    timezone: classOf(timezone, { utc }),
    UTC: utc,
  };
}

/** A zone with what pytz adds to it. */
class PytzZone extends Zone {
  readonly #zone: Zone;
  constructor(zone: Zone) {
    super();
    this.#zone = zone;
  }
  get label(): string {
    return this.#zone.label;
  }
  offsetAt(instant: number): number {
    return this.#zone.offsetAt(instant);
  }
  abbreviation(instant: number): string {
    return this.#zone.abbreviation(instant);
  }
  localize(naive: DateTime): DateTime {
    return new DateTime(naive.clock, this);
  }
  normalize(at: DateTime): DateTime {
    return at.astimezone(this);
  }
}

export const pytzModule = (): Record<string, unknown> => ({
  utc: new PytzZone(utc),
  UTC: new PytzZone(utc),
  timezone: (name: unknown) => new PytzZone(zoneNamed(name)),
});
