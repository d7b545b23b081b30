// SPDX-License-Identifier: Apache-2.0 OR MIT
import type { AnswerHeaders } from './answers.js';
import type { Attempt } from './metrics.js';
import type { Delivery, ErrorKind } from './tables.js';

/**
 * Why a call failed; every failure of a call is one of its subclasses, one for each kind. `message` is for a log: it hides key, token, the
 * proxy's password and the message of this call, also where the other side repeats them. `cause`, if there is one, says what the system
 * below said, or is the reason of the signal that ended the call. Since 0.1.0.
 */
export class ChatError extends Error {
  protected constructor();

  /** The stable name of the kind of failure; the same in every language. Since 0.1.0. */
  readonly kind: ErrorKind;
  /** Whether the request reached the conversation. Since 0.1.0. */
  readonly delivery: Delivery;
  /** Whether the same request may be sent again without the risk of doubling it: the delivery is not 'unknown'. Since 0.1.0. */
  readonly mayResend: boolean;
  /**
   * Where the call was when it failed: 'prepare', 'queue', 'resolve', 'connect', 'proxy', 'tls', 'send', 'headers', 'body', 'reply' or
   * 'pause'. New phases may come. Since 0.1.0.
   */
  readonly phase: string;
  /** What went wrong and what would be right, without kind, delivery and correlation id. Since 0.1.0. */
  readonly explanation: string;
  /** The HTTP status; null where there was no answer. Since 0.1.0. */
  readonly status: number | null;
  /** The service's own code, such as 'CHAT_TIMEOUT'; null where it gave none. New codes may appear at any time. Since 0.1.0. */
  readonly errorCode: string | null;
  /** The service's own words about the error; null where there were none. Since 0.1.0. */
  readonly serviceMessage: string | null;
  /** The id that the service's support asks for; timeouts have one too. Null where no request was made. Since 0.1.0. */
  readonly correlationId: string | null;
  /** How many milliseconds the service asked to wait before trying again; null where it did not. Since 0.1.0. */
  readonly retryAfterMs: number | null;
  /** The first bytes of the answer; null where there was none. Treat it like the conversation itself. Since 0.1.0. */
  readonly bodyExcerpt: string | null;
  /** The headers of the answer; none where there was no answer. Since 0.1.0. */
  readonly headers: AnswerHeaders;
  /** The tries that the call made, oldest first. Since 0.1.0. */
  readonly attempts: Attempt[];

  /** Gives all of it as an object, with the names that every language has. Since 0.1.0. */
  toJSON(): Record<string, unknown>;
}
