import { hash } from "node:crypto";

export const sha256 = (data: string | Uint8Array): string => hash("sha256", data);

/** Only where dbt's own names contain an md5. */
export const md5 = (data: string): string => hash("md5", data);

/** Of a text with all its white space made single blanks: what only moves is no change, as in dbt. */
export const textChecksum = (text: string): string => sha256(text.split(/\s+/).filter(Boolean).join(" "));
