/** dbt's: orchestrators tell "a model failed" from "nothing ran". */
export const ExitCode = { ok: 0, failed: 1, unusable: 2 } as const;
