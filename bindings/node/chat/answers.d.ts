// SPDX-License-Identifier: Apache-2.0 OR MIT

/** What every answer of the service has. Since 0.1.0. */
interface Answer {
  /** The id that the service's support asks for. Since 0.1.0. */
  readonly correlationId: string;
  /** How long the call took in milliseconds, with everything it waited for. Since 0.1.0. */
  readonly elapsedMs: number;
  /** The JSON as it was received. Since 0.1.0. */
  readonly rawJson: string;
  /** The fields that this library has no name for. Numbers are those of JavaScript; `rawJson` has them as they came. Since 0.1.0. */
  readonly unknownFields: Record<string, unknown>;
  /** The headers of the answer. Since 0.1.0. */
  readonly headers: AnswerHeaders;

  /** Gives all of it but `plainText` as an object, with the names that every language has. Since 0.1.0. */
  toJSON(): Record<string, unknown>;
}

/** What the agent said first. Since 0.1.0. */
export class Greeting implements Answer {
  private constructor();

  /** The agent's words. Since 0.1.0. */
  readonly response: string;
  /** The agent's words without Markdown, for an SMS, an e-mail, a voice: made anew each time it is asked for. Since 0.1.0. */
  readonly plainText: string;
  /** The id of the new conversation. Since 0.1.0. */
  readonly conversationId: string;
  /** The user id that was sent, in the legacy dialect; else null. Since 0.1.0. */
  readonly userId: string | null;
  readonly correlationId: string;
  readonly elapsedMs: number;
  readonly rawJson: string;
  readonly unknownFields: Record<string, unknown>;
  readonly headers: AnswerHeaders;
  toJSON(): Record<string, unknown>;
}

/** The agent's reply to one turn. Since 0.1.0. */
export class Reply implements Answer {
  private constructor();

  /** The agent's words. Since 0.1.0. */
  readonly response: string;
  /** The agent's words without Markdown, for an SMS, an e-mail, a voice: made anew each time it is asked for. Since 0.1.0. */
  readonly plainText: string;
  /** The conversation it belongs to. Since 0.1.0. */
  readonly conversationId: string;
  /** Whether the conversation is over. Since 0.1.0. */
  readonly endConversation: boolean;
  /** Where the agent wants the customer to go on; null where it does not. It ends the conversation only together with `endConversation`. Since 0.1.0. */
  readonly handoff: Handoff | null;
  readonly correlationId: string;
  readonly elapsedMs: number;
  readonly rawJson: string;
  readonly unknownFields: Record<string, unknown>;
  readonly headers: AnswerHeaders;
  toJSON(): Record<string, unknown>;
}

/** The agent hands the customer on, to a queue or a person. Since 0.1.0. */
export class Handoff {
  private constructor();

  /** Where to, if the service says it as text; else null. Since 0.1.0. */
  readonly destination: string | null;
  /** Why, if the service says it as text; else null. Since 0.1.0. */
  readonly reason: string | null;
  /** The handoff as it came, whatever its shape: contact-centre products have fields of their own in it. Since 0.1.0. */
  readonly raw: unknown;

  /** Gives all of it as an object. Since 0.1.0. */
  toJSON(): Record<string, unknown>;
}

/** The conversation is closed. Since 0.1.0. */
export class Closed implements Answer {
  private constructor();

  /** Whether the service said that the conversation was over already, or is not there any more. Since 0.1.0. */
  readonly wasOver: boolean;
  readonly correlationId: string;
  readonly elapsedMs: number;
  readonly rawJson: string;
  readonly unknownFields: Record<string, unknown>;
  readonly headers: AnswerHeaders;
  toJSON(): Record<string, unknown>;
}

/** The headers of an answer. Iterating gives pairs of a name in lower case and its value. Since 0.1.0. */
export class AnswerHeaders implements Iterable<[string, string | Uint8Array]> {
  private constructor();

  /** Gives the first value of a name in any case; null where there is none, or it is not text. Since 0.1.0. */
  get(name: string): string | null;
  /** Gives all values of a name in any case; one that is not UTF-8 as its bytes. Since 0.1.0. */
  getAll(name: string): (string | Uint8Array)[];
  /** Says whether there is a header of this name. Since 0.1.0. */
  has(name: string): boolean;
  /** Gives all of them, in their order. Since 0.1.0. */
  [Symbol.iterator](): Iterator<[string, string | Uint8Array]>;
}
