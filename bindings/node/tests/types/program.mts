// SPDX-License-Identifier: Apache-2.0 OR MIT
// Compiled only. What must be refused stands under @ts-expect-error, which is itself refused where nothing is wrong.
import { ChatClient, ChatError, Conversation, RateLimitedError, Reply, Turn, version } from '@polyai/chat';
import type { Attempt, Closed, ClientOptions, Delivery, ErrorKind, Metrics, RespondOptions } from '@polyai/chat';
import { PolyaiSimulator } from '@polyai/chat/testing';

type Same<One, Another> = (<Of>() => Of extends One ? 1 : 2) extends <Of>() => Of extends Another ? 1 : 2 ? true : false;
function holds<_ extends true>(): void {}

const options: ClientOptions = {
  studioUrl: 'https://studio.uk.poly.ai/acme-uk/acme-team-4',
  apiKey: 'the-key',
  token: undefined,
  timeoutMs: 8000,
  dialect: 'legacy',
  minTlsVersion: '1.3',
  onAttempt: (attempt: Attempt) => void attempt.elapsedUs.toFixed(),
  onLog: (level, line) => console.log(level === 'warn', line),
};
const client = new ChatClient(options);
ChatClient.fromEnvironment();
ChatClient.fromProfile('desk', { file: 'config.toml', timeoutMs: 1 });

await using talk = await client.create({ integrationAttributes: { name: 'Sam' }, headers: { traceparent: 'x' }, timeoutMs: 5 });
const reply = await talk.respond('hello', { signal: AbortSignal.timeout(5), metadata: {} });
const turn = talk.start(null);
holds<Same<typeof talk, Conversation>>();
holds<Same<typeof reply, Reply>>();
holds<Same<typeof turn, Turn<Reply>>>();
holds<Same<Awaited<typeof turn>, Reply>>();
holds<Same<Awaited<ReturnType<typeof client.warmUp>>, void>>();
holds<Same<Awaited<ReturnType<typeof talk.closeIfOpen>>, Closed | null>>();
const words: string = (await turn.finally(() => {})).response.concat(reply.handoff?.destination ?? '', version);
const metrics: Metrics = client.metrics();
const kind: ErrorKind | undefined = (Object.keys(metrics.respond.failures) as ErrorKind[])[0];
try {
  await Promise.race([turn, client.respond(talk.id, words)]);
} catch (error) {
  if (error instanceof RateLimitedError) {
    holds<Same<typeof error.kind, 'rate_limited'>>();
  } else if (error instanceof ChatError && error.mayResend) {
    const delivery: Delivery = error.delivery;
    console.log(delivery, kind, error.retryAfterMs?.toFixed(), error.headers.get('server')?.length, error.cause);
  }
}
const given: RespondOptions = { asrLangCode: 'en-GB' };
await client.closeConversation(talk.id, { extra: { a: 1 } });
await using simulator = await PolyaiSimulator.start({ args: ['--dialect', 'legacy'] });
new ChatClient(simulator.clientOptions);

// @ts-expect-error a client needs options
new ChatClient();
// @ts-expect-error no such option
new ChatClient({ timeout: 5 });
// @ts-expect-error no such dialect
new ChatClient({ dialect: 'old' });
// @ts-expect-error made by a client only
new Conversation();
// @ts-expect-error the variant is chosen by a create
await talk.respond('hello', { variantId: 'a', ...given });
// @ts-expect-error the message is an argument
await talk.respond('hello', { message: 'hello' });
// @ts-expect-error no text
await talk.respond(7);
// @ts-expect-error it cannot be set
reply.response = 'another';
