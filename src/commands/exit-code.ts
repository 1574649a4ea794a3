/** dbt's: orchestrators tell "a model failed" from "nothing ran". `killed` is a shell's for Ctrl-C, when pressed twice. */
export const ExitCode = { ok: 0, failed: 1, unusable: 2, killed: 130 } as const;
