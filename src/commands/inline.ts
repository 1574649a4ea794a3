import { Failure } from "../diagnostics/diagnostic.ts";

/** What cannot be compiled of SQL given by hand is said to be that, in dbt's words. */
export async function inlined<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const told = thrown.diagnostics.map((d) =>
      d.at?.file.path === "--inline" ? { ...d, message: `Error parsing inline query: ${d.message}` } : d,
    );
    throw new Failure(told, { cause: thrown });
  }
}
