import { createHash } from "node:crypto";

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Only where dbt's own names contain an md5. */
export const md5 = (data: string): string => createHash("md5").update(data).digest("hex");
