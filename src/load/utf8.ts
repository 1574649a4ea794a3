/** Bytes that ought to be UTF-8. */

/** Without the pieces of characters at both ends, which another chunk completes. */
export function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < 3 && from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from++;
  let to = bytes.length;
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const c = bytes[bytes.length - back]!;
    if (c < 0x80) break;
    if (c >= 0xc0) {
      if (back < sequenceLength(c)) to = bytes.length - back;
      break;
    }
  }
  return bytes.subarray(from, Math.max(from, to));
}

/** Bytes of a character, by its first one. */
const sequenceLength = (first: number): number => (first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);

/** Offset of the first byte that cannot be UTF-8; the bytes are known to hold one. */
export function firstInvalid(bytes: Uint8Array): number {
  const text = view(bytes).toString("utf8");
  let offset = 0;
  for (let from = 0; ;) {
    const at = text.indexOf("\ufffd", from);
    if (at < 0) return 0;
    offset += Buffer.byteLength(text.slice(from, at));
    // The file may hold a replacement character of its own.
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset;
    offset += 3;
    from = at + 1;
  }
}

/** As text that Postgres can store and a terminal can show: what is not UTF-8 as `\xE9`, NUL as `\x00`; cut at `most` bytes. */
export function printable(bytes: Uint8Array, most = Infinity): string {
  const cut = bytes.length > most;
  const shown = view(cut ? bytes.subarray(0, most) : bytes);
  let text = shown.toString("utf8");
  if (text.includes("\ufffd") || text.includes("\0")) text = escaped(shown);
  return cut ? `${text}…` : text;
}

export const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");

function escaped(bytes: Buffer): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i]!;
    const end = i + sequenceLength(first);
    const character = first === 0 ? undefined : decoded(decoder, bytes.subarray(i, end));
    text += character ?? `\\x${hexByte(first)}`;
    i = character === undefined ? i + 1 : end;
  }
  return text;
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The same bytes with Buffer's methods. */
export const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
