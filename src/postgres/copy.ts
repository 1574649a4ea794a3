import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import type { Client } from "pg";
import { from } from "pg-copy-streams";

/** After so many chunks of the source the event loop gets its turn. */
const CHUNKS_AT_A_TIME = 16;

/**
 * Feeds `source` to a `copy … from stdin` and returns the number of rows the server counted. The pipe keeps the pace of
 * the slower end. On any failure the source is destroyed, the server told to forget the rows, and the connection is
 * ready for the next statement; the error is the source's own, or what the server said, with the line in `where`.
 */
export async function copyFrom(client: Client, sql: string, source: Readable, signal?: AbortSignal): Promise<number> {
  const sink = client.query(from(sql));
  // A server waiting for our data looks at no cancel request: the end of the pipe has to tell it.
  await pipeline(source, inTurns, sink, { signal });
  return sink.rowCount;
}

/**
 * While source and socket both answer at once, nothing else would ever run: the server's complaint would stay unread,
 * and Ctrl-C unheard.
 */
async function* inTurns(source: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  let count = 0;
  for await (const chunk of source) {
    yield chunk;
    if (++count % CHUNKS_AT_A_TIME === 0) await turn();
  }
}
