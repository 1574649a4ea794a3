/** Time zones of `datetime` and `pytz`. */
import { raise } from "../errors.ts";
import { repr, str } from "../text.ts";

export abstract class Zone {
  abstract readonly label: string;
  /** Seconds east of UTC at an instant, which is given in milliseconds since 1970. */
  abstract offsetAt(instant: number): number;
  /** `EST`, `UTC`, … */
  abstract abbreviation(instant: number): string;
  __str__(): string {
    return this.label;
  }
  __repr__(): string {
    return `<DstTzInfo ${repr(this.label)}>`;
  }
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `+02:00`; seconds only where there are any. */
export function offsetText(seconds: number, separator = ":"): string {
  const size = Math.abs(seconds);
  const rest = size % 60 ? separator + two(size % 60) : "";
  return `${seconds < 0 ? "-" : "+"}${two(Math.floor(size / 3600))}${separator}${two(Math.floor(size / 60) % 60)}${rest}`;
}

export class FixedZone extends Zone {
  readonly label: string;
  readonly #offset: number;
  constructor(offset: number, label = offset === 0 ? "UTC" : `UTC${offsetText(offset)}`) {
    super();
    this.#offset = offset;
    this.label = label;
  }
  offsetAt(): number {
    return this.#offset;
  }
  abbreviation(): string {
    return this.label;
  }
  override __repr__(): string {
    return this.#offset === 0 ? "datetime.timezone.utc" : `<timezone ${this.label}>`;
  }
}

export const utc = new FixedZone(0);

/** A zone of the IANA database, as the JavaScript runtime knows it. */
class NamedZone extends Zone {
  readonly label: string;
  readonly #fields: Intl.DateTimeFormat;
  readonly #name: Intl.DateTimeFormat;

  constructor(label: string) {
    super();
    this.label = label;
    const common = { timeZone: label, hourCycle: "h23" } as const;
    this.#fields = new Intl.DateTimeFormat("en-US", {
      ...common,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    this.#name = new Intl.DateTimeFormat("en-US", { ...common, timeZoneName: "short" });
  }
  offsetAt(instant: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.#fields.formatToParts(instant)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Math.round(
      (Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000) / 1000,
    );
  }
  abbreviation(instant: number): string {
    return this.#name.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? this.label;
  }
}

const zones = new Map<string, Zone>();

/** `pytz.timezone(name)` */
export function zoneNamed(name: unknown): Zone {
  const label = str(name);
  if (label.toUpperCase() === "UTC") return utc;
  let zone = zones.get(label);
  if (!zone) {
    try {
      zone = new NamedZone(label);
    } catch {
      return raise("UnknownTimeZoneError", repr(label));
    }
    zones.set(label, zone);
  }
  return zone;
}
