// SPDX-License-Identifier: Apache-2.0 OR MIT
import type { Closed, Greeting, Reply } from './answers.js';
import type { Attempt, LogLine, Metrics, Setting } from './metrics.js';
import type { CloseFields, ConversationState, CreateFields, LogLevel, Options, RespondFields } from './tables.js';

export * from './answers.js';
export * from './error.js';
export * from './metrics.js';
export * from './tables.js';

/** The version of the package. Since 0.1.0. */
export const version: string;

/** What a client is made of: the options of the core's table, and listeners. Since 0.1.0. */
export interface ClientOptions extends Options {
  /**
   * Called after each attempt of each call, before the call's promise settles. What it throws becomes a warning of the process, and harms no
   * call.
   */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
  /** Called with a line for a log after each attempt, as `onAttempt` is. The line hides keys and what was said. */
  onLog?: ((level: LogLevel, line: string) => void) | undefined;
  /** The least urgent level that `onLog` hears. By default debug, which is all. */
  logLevel?: LogLevel | undefined;
}

/** What every call can carry. Since 0.1.0. */
export interface CallOptions {
  /** The deadline of this call in milliseconds, with everything it waits for: above 0 and at most 86400000. By default the client's. */
  timeoutMs?: number | undefined;
  /** Headers that the call carries beside those of the library, such as `traceparent`. */
  headers?: Record<string, string> | undefined;
  /**
   * Ends the call. Aborted before, nothing is sent. The promise rejects with a `CallCancelledError`, whose `cause` is the reason of the
   * signal and which says whether the agent may have heard the turn.
   */
  signal?: AbortSignal | undefined;
}

/** What a create can carry. Since 0.1.0. */
export interface CreateOptions extends CallOptions, CreateFields {}

/** What a turn can carry beside its message. Since 0.1.0. */
export interface RespondOptions extends CallOptions, RespondFields {}

/** What a close can carry. Since 0.1.0. */
export interface CloseOptions extends CallOptions, CloseFields {}

/** What a call without a request can be given. Since 0.1.0. */
export type SignalOptions = Pick<CallOptions, 'signal'>;

/**
 * Talks to one project of the service.
 *
 * Make one at the start and keep it: it holds the connections, and any number of calls may be under way. Making one opens no socket. A
 * client at rest does not keep the process alive; a call under way does. It holds keys, which it shows nowhere.
 *
 * No method blocks the event loop. Each worker thread has clients of its own. Since 0.1.0.
 */
export class ChatClient {
  /**
   * Makes a client.
   *
   * @param options Needed are `apiKey`, `token`, and `studioUrl`, or else `accountId`, `projectId` and one of `region` and `baseUrl`.
   * @throws {ConfigurationError} Something is missing or wrong; the text says what would be right.
   * @throws {InvalidArgumentError} An option is not known, or of the wrong type.
   *
   * Reads the files that the options name. Since 0.1.0.
   */
  constructor(options: ClientOptions);

  /**
   * Makes a client from the environment variables `POLYAI_...`, which the table of options names.
   *
   * @param options They beat the environment.
   * @throws {ConfigurationError} Something is missing or wrong; the text names the variable.
   *
   * Since 0.1.0.
   */
  static fromEnvironment(options?: ClientOptions): ChatClient;

  /**
   * Makes a client from a profile, a table of a configuration file in TOML.
   *
   * @param profile The name of the table; by default 'default'.
   * @param options They beat the profile. `file` is the file; by default `$POLYAI_CONFIG_FILE`, else
   *   `$XDG_CONFIG_HOME/polyai/config.toml`, else `~/.config/polyai/config.toml`.
   * @throws {ConfigurationError} File or profile are missing, or something in them is wrong; the text names file and line.
   *
   * Reads the file before it returns. Since 0.1.0.
   */
  static fromProfile(profile?: string | null, options?: ClientOptions & { file?: string | undefined }): ChatClient;

  /** Where the service is. Since 0.1.0. */
  readonly baseUrl: string;
  /** The dialect that the client speaks. Since 0.1.0. */
  readonly dialect: 'current' | 'legacy';
  /** The proxy before the service, without user name and password; null where there is none. Since 0.1.0. */
  readonly proxy: string | null;
  /** The value of each option and where it came from; secrets are shown as `set`. Since 0.1.0. */
  readonly settings: Setting[];

  /**
   * Starts a conversation; the agent greets.
   *
   * @param options What the agent may know, and what the call itself carries.
   * @returns The conversation, with its greeting.
   *
   * Rejects with a `ChatError` of any kind. After one whose delivery is 'unknown' a conversation may be open that nobody can reach. Takes
   * the client's `timeoutMs` at most. Since 0.1.0.
   */
  create(options?: CreateOptions): Promise<Conversation>;

  /**
   * As `create`, for a caller that does something else meanwhile.
   *
   * @param options As for `create`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} Something in the options is wrong.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startCreate(options?: CreateOptions): Turn<Conversation>;

  /**
   * Goes on with a conversation that was created elsewhere, or earlier. Sends nothing.
   *
   * @param conversationId Its id.
   * @throws {InvalidArgumentError} The id is empty, longer than 1,024 bytes, or holds a control character.
   *
   * Since 0.1.0.
   */
  attach(conversationId: string): Conversation;

  /**
   * One turn of a conversation, by its id alone: no order among turns and no state is kept.
   *
   * @param conversationId The id.
   * @param message What the customer says; may be empty. Null is a turn without a message, which is another request.
   * @param options What the turn carries beside it.
   * @returns The agent's reply.
   *
   * Rejects with a `ChatError` of any kind. Since 0.1.0.
   */
  respond(conversationId: string, message?: string | null, options?: RespondOptions): Promise<Reply>;

  /**
   * As `respond`, for a caller that does something else meanwhile.
   *
   * @param conversationId The id.
   * @param message As for `respond`.
   * @param options As for `respond`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} Something in the arguments is wrong.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startRespond(conversationId: string, message?: string | null, options?: RespondOptions): Turn<Reply>;

  /**
   * Closes a conversation by its id. One that is over already counts as closed.
   *
   * @param conversationId The id.
   * @param options What the call carries.
   * @returns Whether it was over already.
   *
   * Rejects with an `UnsupportedError` in the legacy dialect, which has no close; else with a `ChatError` of any kind. Takes the client's
   * `closeTimeoutMs` at most. Since 0.1.0.
   */
  closeConversation(conversationId: string, options?: CloseOptions): Promise<Closed>;

  /**
   * As `closeConversation`, for a caller that does something else meanwhile.
   *
   * @param conversationId The id.
   * @param options As for `closeConversation`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} Something in the arguments is wrong.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startCloseConversation(conversationId: string, options?: CloseOptions): Turn<Closed>;

  /**
   * Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
   *
   * @param timeoutMs How long it may take, in milliseconds: above 0 and at most 86400000.
   * @param options A signal that ends it.
   *
   * Rejects with an `InvalidArgumentError`, a `ConnectError`, a `DeadlineExceededError`, an `UnavailableError` or a `CallCancelledError`.
   * Since 0.1.0.
   */
  warmUp(timeoutMs: number, options?: SignalOptions): Promise<void>;

  /**
   * As `warmUp`, for a caller that does something else meanwhile.
   *
   * @param timeoutMs As for `warmUp`.
   * @param options As for `warmUp`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} The time is not above 0, or longer than a day.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startWarmUp(timeoutMs: number, options?: SignalOptions): Turn<void>;

  /**
   * Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched.
   *
   * @param apiKey The API key.
   * @param token The connector token.
   * @throws {InvalidArgumentError} One of them cannot stand in a header. Nothing is replaced then.
   *
   * Since 0.1.0.
   */
  replaceCredentials(apiKey: string, token: string): void;

  /** Gives the client's counters. Since 0.1.0. */
  metrics(): Metrics;

  /**
   * Gives the last attempts of all calls, oldest first, as many as the option `recentAttempts` says.
   *
   * @param after Only those with a larger serial number; by default all.
   *
   * Since 0.1.0.
   */
  recentAttempts(after?: number): Attempt[];

  /**
   * As `recentAttempts`, each as the line that `onLog` has for it.
   *
   * @param after As for `recentAttempts`.
   *
   * Since 0.1.0.
   */
  recentLogLines(after?: number): LogLine[];

  /**
   * Ends every call that is under way with a `CallCancelledError` and a truthful delivery, closes the idle connections, and has later calls
   * fail as cancelled, not sent. Nothing is sent: close the conversations first. May be called more than once. Since 0.1.0.
   */
  shutDown(): void;

  /** Shuts down, and waits until no call is under way. Since 0.1.0. */
  close(): Promise<void>;

  /** What `await using` does at the end of its block: `close`. Since 0.1.0. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * One conversation with the agent. Turns are sent one at a time, in the order of the calls. Dropping it sends nothing; `await using` closes
 * it. Made by `ChatClient.create` and `ChatClient.attach`. Since 0.1.0.
 */
export class Conversation {
  private constructor();

  /** The client that it is held with. Since 0.1.0. */
  readonly client: ChatClient;
  /** The id that the service gave it. Since 0.1.0. */
  readonly id: string;
  /** What the agent said first; of an attached conversation, an empty one. Since 0.1.0. */
  readonly greeting: Greeting;
  /** What is known about it now. Since 0.1.0. */
  readonly state: ConversationState;
  /** Whether it is over, by the service's word or by being closed. Since 0.1.0. */
  readonly isOver: boolean;

  /**
   * One turn: says something, and gives the agent's reply.
   *
   * @param message What the customer says; may be empty. Null is a turn without a message, which is another request.
   * @param options What the turn carries beside it.
   * @returns The agent's reply.
   *
   * Rejects with a `ConversationEndedError`, without a request, when it is over; with a `BusyError` when the deadline passes while an earlier
   * turn is under way; else with a `ChatError` of any kind. Takes the client's `timeoutMs` at most. Since 0.1.0.
   */
  respond(message?: string | null, options?: RespondOptions): Promise<Reply>;

  /**
   * As `respond`, for a caller that does something else meanwhile, such as to play a filler.
   *
   * @param message As for `respond`.
   * @param options As for `respond`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} Something in the arguments is wrong.
   * @throws {DeadlineExceededError} The time for all turns of the conversation (`conversationTimeoutMs`) is used up.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  start(message?: string | null, options?: RespondOptions): Turn<Reply>;

  /**
   * Closes it, after earlier turns. Sent once, also when the service has already said that it is over; later calls give the first answer.
   *
   * @param options What the call carries.
   * @returns Whether it was over already.
   *
   * Rejects with an `UnsupportedError` in the legacy dialect, which has no close; else with a `ChatError` of any kind. Takes the client's
   * `closeTimeoutMs` at most. Since 0.1.0.
   */
  close(options?: CloseOptions): Promise<Closed>;

  /**
   * As `close`, for a caller that does something else meanwhile.
   *
   * @param options As for `close`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {InvalidArgumentError} Something in the options is wrong.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startClose(options?: CloseOptions): Turn<Closed>;

  /**
   * Closes it if that is still of use: sends nothing when it is over once earlier turns are done, or the dialect has no close.
   *
   * @param options A signal that ends it.
   * @returns As `close`; null where nothing was sent.
   *
   * Rejects with a `ChatError` of any kind. Since 0.1.0.
   */
  closeIfOpen(options?: SignalOptions): Promise<Closed | null>;

  /**
   * As `closeIfOpen`, for a caller that does something else meanwhile.
   *
   * @param options As for `closeIfOpen`.
   * @returns The call, which can be awaited and cancelled.
   * @throws {UnavailableError} The system grants no thread.
   * @throws {CallCancelledError} The signal was aborted before, or the client is shut down.
   *
   * Since 0.1.0.
   */
  startCloseIfOpen(options?: SignalOptions): Turn<Closed | null>;

  /**
   * What `await using` does at the end of its block: `closeIfOpen`. Where that fails and the block has failed too, JavaScript throws a
   * `SuppressedError` of both. Since 0.1.0.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A call that was started. It is awaited as a promise is, and more than once. It goes on though nobody holds it, and nothing happens
 * where it fails and nobody awaits it. Since 0.1.0.
 */
export class Turn<Outcome> implements PromiseLike<Outcome> {
  private constructor();

  /** Whether the outcome is there. Since 0.1.0. */
  readonly done: boolean;
  /** The id that the service's support asks for; known before the call is done. Since 0.1.0. */
  readonly correlationId: string;
  /** The promise of the outcome, for what takes no `PromiseLike`. Since 0.1.0. */
  readonly promise: Promise<Outcome>;

  /**
   * Waits for a while. The call goes on all the same.
   *
   * @param timeoutMs How long at most, in milliseconds, from 0 to 86400000.
   * @returns Whether the call is done.
   *
   * Rejects with an `InvalidArgumentError` for any other time. Since 0.1.0.
   */
  wait(timeoutMs: number): Promise<boolean>;

  /**
   * Ends the call, which is then done within milliseconds: it rejects with a `CallCancelledError`, whose delivery is truthful. Does nothing
   * when it is done already. Since 0.1.0.
   */
  cancel(): void;

  /** As that of a promise. Since 0.1.0. */
  then<Result = Outcome, Failed = never>(
    onFulfilled?: ((outcome: Outcome) => Result | PromiseLike<Result>) | null,
    onRejected?: ((error: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Result | Failed>;

  /** As that of a promise. Since 0.1.0. */
  catch<Failed = never>(onRejected?: ((error: unknown) => Failed | PromiseLike<Failed>) | null): Promise<Outcome | Failed>;

  /** As that of a promise. Since 0.1.0. */
  finally(onFinally?: (() => void) | null): Promise<Outcome>;
}
