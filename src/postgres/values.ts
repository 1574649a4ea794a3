/** How values come out of Postgres's text format. */

type Parse = (text: string) => unknown;

export const asText: Parse = (text) => text;

const asNumber: Parse = (text) => Number(text);

/** int8 is exact either way: a number while a double can hold it, else a bigint. */
const asInteger: Parse = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};

const asBoolean: Parse = (text) => text === "t";

/** Oids of built-in types are fixed for ever (`pg_type.dat`). Whatever is not here stays as Postgres wrote it. */
const PARSERS: ReadonlyMap<number, Parse> = new Map([
  [16, asBoolean],
  [20, asInteger], // int8
  [21, asNumber], // int2
  [23, asNumber], // int4
  [26, asNumber], // oid
  [114, JSON.parse as Parse], // json
  [700, asNumber], // float4; Number() reads "NaN" and "Infinity" as they are meant
  [701, asNumber], // float8
  [3802, JSON.parse as Parse], // jsonb
]);

/** The shape `pg` asks for, for results as JavaScript values … */
export const javascriptTypes = { getTypeParser: (oid: number): Parse => PARSERS.get(oid) ?? asText };

/** … and for results that go on as text. */
export const textTypes = { getTypeParser: (): Parse => asText };
