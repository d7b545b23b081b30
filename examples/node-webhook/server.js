// SPDX-License-Identifier: Apache-2.0 OR MIT
import { ChatClient } from '@polyai/chat';
import { webhook } from './webhook.js';

const client = ChatClient.fromEnvironment({ timeoutMs: 12_000, logLevel: 'info', onLog: (level, line) => console[level](line) });
const { app, closeConversations } = webhook({ client, secret: process.env.WEBHOOK_SECRET });
// TLS, and who may connect, are for the proxy in front.
const { PORT = 8080, HOST = '127.0.0.1' } = process.env;
const server = app.listen(Number(PORT), HOST, () => console.log(`listening at port ${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // Accept no new messages, answer those that are here, then close the conversations.
    server.close(async () => {
      await closeConversations();
      await client.close();
    });
  });
}
