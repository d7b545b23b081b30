// SPDX-License-Identifier: Apache-2.0 OR MIT
import type { Delivery, ErrorKind, LogLevel } from './tables.js';

/** One try of a call. Null stands for what is not known or was not needed. Since 0.1.0. */
export interface Attempt {
  /** Its number among the attempts of the client. */
  serial: number;
  /** Which of its call it was, from 1. */
  number: number;
  operation: 'create' | 'respond' | 'close';
  correlationId: string;
  startedAtUnixMs: number;
  /** How long it took in microseconds, of which `resolveUs` to `readUs` are parts. */
  elapsedUs: number;
  phase: string;
  kind: ErrorKind | null;
  delivery: Delivery | null;
  /** The HTTP status. */
  status: number | null;
  /** What came of it, in words. */
  outcome: string;
  isRetried: boolean;
  address: string | null;
  reusedConnection: boolean;
  resolveUs: number | null;
  connectUs: number | null;
  proxyUs: number | null;
  tlsUs: number | null;
  sendUs: number | null;
  waitUs: number | null;
  readUs: number | null;
  bytesSent: number;
  bytesReceived: number;
}

/** A line for a log, about one attempt. Since 0.1.0. */
export interface LogLine {
  /** The serial number of the attempt. */
  serial: number;
  level: LogLevel;
  text: string;
}

/** What an option was set to, and by what. Since 0.1.0. */
export interface Setting {
  /** The option, by the name of the core, such as `api_key`. */
  name: string;
  value: string | null;
  origin: string;
}

/** The counters of one operation. Since 0.1.0. */
export interface OperationMetrics {
  calls: number;
  /** How many failed, by the kind of the error. */
  failures: Partial<Record<ErrorKind, number>>;
  latencySumUs: number;
  /** How many calls took at most so long; without a bound, what took longer than all others. */
  latency: { upToMs: number | null; calls: number }[];
}

/** The counters of a client. Since 0.1.0. */
export interface Metrics {
  create: OperationMetrics;
  respond: OperationMetrics;
  close: OperationMetrics;
  attempts: number;
  retries: number;
  reusedConnections: number;
  openedConnections: number;
  bytesSent: number;
  bytesReceived: number;
  callsInFlight: number;
  idleConnections: number;
  retriesLeft: number;
  breaker: 'closed' | 'open' | 'probing';
}
