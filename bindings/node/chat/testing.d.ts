// SPDX-License-Identifier: Apache-2.0 OR MIT
import type { ClientOptions } from './index.js';

/** How a simulator is started. Since 0.1.0. */
export interface SimulatorOptions {
  /** What the agent says, as a script in TOML; by default the built-in one. */
  script?: string | undefined;
  /** The program `polyai-chat`; by default that of the `PATH`. */
  program?: string | undefined;
  /** Further arguments; `polyai-chat simulator --help` lists them. */
  args?: readonly string[] | undefined;
}

/**
 * A local simulator of the service, for tests: it runs the program `polyai-chat`, and needs no account and no network. It ends with `stop`,
 * and when this process exits; a process that a signal kills leaves it running. Since 0.1.0.
 */
export class PolyaiSimulator {
  private constructor();

  /**
   * Starts one, on a free port.
   *
   * @param options What it says, and which program it is.
   * @returns The simulator, once it listens.
   *
   * Rejects with an Error that says why it did not start. Since 0.1.0.
   */
  static start(options?: SimulatorOptions): Promise<PolyaiSimulator>;

  /** Where it is reached. Since 0.1.0. */
  readonly url: string;
  /** What a client of it is made of: URL, keys, account and project. Since 0.1.0. */
  readonly clientOptions: ClientOptions;

  /** Gives the requests that it has received, oldest first, each with headers, body and the reply that was sent. Since 0.1.0. */
  received(): Promise<Record<string, unknown>[]>;

  /** Gives its counts of connections, requests, turns, and replies by status. Since 0.1.0. */
  counts(): Promise<Record<string, unknown>>;

  /**
   * Has it misbehave.
   *
   * @param fault A fault, or an array of them, as the documentation of the simulator says.
   *
   * Rejects with an Error where it does not know such a fault. Since 0.1.0.
   */
  fault(fault: object): Promise<void>;

  /** Takes all faults back, and forgets what was received. Since 0.1.0. */
  reset(): Promise<void>;

  /** Ends it. Since 0.1.0. */
  stop(): Promise<void>;

  /** What `await using` does at the end of its block: `stop`. Since 0.1.0. */
  [Symbol.asyncDispose](): Promise<void>;
}
