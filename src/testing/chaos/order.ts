/** What the process that is struck, and the one that strikes, agree on. */

/** The process is killed, its connections are ended, or the whole server is stopped at once, as a power cut does it. */
export const BLOWS = ["kill", "cut", "stop"] as const;
export type Blow = (typeof BLOWS)[number];

/** Before the statement is sent, or when it was sent and not answered. */
export const MOMENTS = ["before", "during"] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Order {
  /** The number of the statement, from 1; 0 only counts. */
  readonly at: number;
  readonly how: Blow;
  readonly moment: Moment;
  readonly url: string;
  /** The server's own process, to stop it. */
  readonly postmaster?: number;
  /** The file to which `Report` is written when the process leaves by itself. */
  readonly report: string;
}

export interface Report {
  readonly statements: number;
}

/** The application name of connections that no blow is meant for. */
export const BYSTANDER = "sluice-bystander";
