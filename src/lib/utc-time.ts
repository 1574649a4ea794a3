/** A time as people write it: `2024-01-31`, `2024-01-31 10:00`, with or without an offset; without one it is UTC. */
export function utcTime(written: string): Date | undefined {
  const iso = written.trim().replace(" ", "T");
  const full = iso.includes("T") ? iso : `${iso}T00:00:00`;
  const time = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(full) ? full : `${full}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
