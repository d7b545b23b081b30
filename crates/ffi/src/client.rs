//! The client.

use crate::arguments::{
    BorrowedText, Buffer, Changed, Freed, LengthOut, NewOut, Optional, OptionalOut, OptionalText,
    Shared, Text, ValueOut,
};
use crate::config::Config;
use crate::conversation::Conversation;
use crate::handle::{Kind, Object};
use crate::reply::Reply;
use crate::request::{Content, Request};
use crate::text::LazyText;
use crate::turn::Turn;
use polyai_chat_core::{Attempt, Operation, Value};
use std::time::Duration;

pub struct Client {
    client: polyai_chat_core::Client,
    base_url: LazyText,
    proxy: LazyText,
    dialect: LazyText,
}

impl Object for Client {
    const KIND: Kind = Kind::Client;
}

export! {
    /// Makes a client from a configuration, of which it keeps a copy. Reads the files that the configuration names, and the proxy
    /// variables of the environment, which count only where the option `proxy` is `environment`; opens no socket, starts no thread.
    ///
    /// Make one for each project of the service, and keep it: all threads can use it, and share its connections.
    ///
    /// Errors: `POLYAI_STATUS_CONFIGURATION`: something is missing or wrong, with option, source and remedy.
    ///
    /// Blocks: while files are read. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_new(config: Shared<Config>, client: NewOut<Client>) {
        client.check()?;
        let settings = config.get()?.open()?.clone();
        client.give(Client {
            client: polyai_chat_core::Client::new(settings)?,
            base_url: LazyText::default(),
            proxy: LazyText::default(),
            dialect: LazyText::default(),
        })
    }

    /// Frees a client. Conversations and turns that came from it go on, and keep its connections until they are freed.
    /// Sends nothing.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_client_free(client: Freed<Client>) {
        client.free()
    }

    /// Starts a conversation; the agent greets.
    ///
    /// `request` carries what the agent may know (`polyai_request_set_attribute`), variant, channel, deadline and more; NULL
    /// where none of it is needed.
    ///
    /// Errors: any. After one with `POLYAI_DELIVERY_UNKNOWN` a conversation may be open that nobody can reach.
    ///
    /// Blocks: until the agent has greeted, at most for the deadline. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_create(
        client: Changed<Client>,
        request: Optional<Request>,
        conversation: NewOut<Conversation>,
    ) {
        conversation.check()?;
        let client = client.get()?;
        let content = Content::of(request.get()?, Operation::Create)?;
        conversation.give(Conversation::new(client.client.create(content.create())?))
    }

    /// Starts to create a conversation and returns at once. Take it with `polyai_turn_take_conversation`.
    ///
    /// Errors: those of the arguments; `POLYAI_STATUS_INTERNAL` when no thread can be had. What creating reports comes when it
    /// is taken.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_start_create(
        client: Changed<Client>,
        request: Optional<Request>,
        turn: NewOut<Turn>,
    ) {
        turn.check()?;
        let client = client.get()?;
        let content = Content::of(request.get()?, Operation::Create)?;
        turn.give(Turn::of_create(client.client.start_create(content.create())?))
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`: the id is empty or longer than 1,024 bytes.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_attach(
        client: Changed<Client>,
        conversation_id: Text,
        conversation_id_length: usize,
        conversation: NewOut<Conversation>,
    ) {
        conversation.check()?;
        let client = client.get()?;
        let id = conversation_id.read(&conversation_id_length)?;
        conversation.give(Conversation::new(client.client.attach(id)?))
    }

    /// One turn of a conversation by its id alone: no order among turns and no state is kept. A `message` of NULL is a turn
    /// without a message, as in `polyai_conversation_respond`.
    ///
    /// Errors: any.
    ///
    /// Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_respond(
        client: Changed<Client>,
        conversation_id: Text,
        conversation_id_length: usize,
        message: OptionalText,
        message_length: usize,
        request: Optional<Request>,
        reply: NewOut<Reply>,
    ) {
        reply.check()?;
        let client = client.get()?;
        let id = conversation_id.read(&conversation_id_length)?;
        let message = message.read(&message_length)?;
        let content = Content::of(request.get()?, Operation::Respond)?;
        reply.give(Reply::of_turn(client.client.respond(&id, content.respond(message))?))
    }

    /// Closes a conversation by its id. One that is over already counts as closed.
    ///
    /// Errors: `POLYAI_STATUS_UNSUPPORTED` in the legacy dialect, which has no close; else any.
    ///
    /// Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_close(
        client: Changed<Client>,
        conversation_id: Text,
        conversation_id_length: usize,
        request: Optional<Request>,
        reply: OptionalOut<Reply>,
    ) {
        let client = client.get()?;
        let id = conversation_id.read(&conversation_id_length)?;
        let content = Content::of(request.get()?, Operation::Close)?;
        reply.give(Reply::of_close(client.client.close(&id, content.close())?))
    }

    /// Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
    ///
    /// Errors: `POLYAI_STATUS_CONNECT`, `POLYAI_STATUS_TIMEOUT`, `POLYAI_STATUS_CANCELLED`; `POLYAI_STATUS_INVALID_ARGUMENT`
    /// where `timeout_ms` is not from 1 to 86,400,000.
    ///
    /// Blocks: at most for `timeout_ms` milliseconds. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_warm_up(client: Changed<Client>, timeout_ms: u64) {
        client.get()?.client.warm_up(Duration::from_millis(timeout_ms.value))
    }

    /// Ends every call of this client that is under way with `POLYAI_STATUS_CANCELLED` and a truthful delivery, closes idle
    /// connections, and has later calls fail as cancelled, not sent. Sends nothing: close the conversations first.
    ///
    /// Does not wait for the calls. May be called more than once.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_client_shut_down(client: Changed<Client>) {
        client.get()?.client.shut_down();
        Ok(())
    }

    /// Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`, also where one of them cannot stand in a header. Nothing is replaced then.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_replace_credentials(
        client: Changed<Client>,
        api_key: Text,
        api_key_length: usize,
        token: Text,
        token_length: usize,
    ) {
        let client = client.get()?;
        let (api_key, token) = (api_key.read(&api_key_length)?, token.read(&token_length)?);
        client.client.replace_credentials(api_key, token)
    }

    /// Where the service is, as it was configured.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_client_base_url(client: Shared<Client>, length: LengthOut) -> BorrowedText {
        let client = client.get()?;
        Ok(length.borrow(client.base_url.get(|| Some(client.client.base_url()))))
    }

    /// The proxy between this client and the service, without user name and password; NULL where the connection is direct.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_client_proxy(client: Shared<Client>, length: LengthOut) -> BorrowedText {
        let client = client.get()?;
        Ok(length.borrow(client.proxy.get(|| client.client.proxy())))
    }

    /// The dialect that the client speaks: `current` or `legacy`.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_client_dialect(client: Shared<Client>, length: LengthOut) -> BorrowedText {
        let client = client.get()?;
        Ok(length.borrow(client.dialect.get(|| Some(client.client.dialect().name()))))
    }

    /// The client's counters, as a JSON object: `calls`, `attempts`, `retries`, `reused_connections`, `opened_connections`,
    /// `bytes_sent`, `bytes_received`, `failures` (by kind), `latency` (an array of `up_to_ms` and `calls`), `calls_in_flight`,
    /// `idle_connections`, `retries_left`, `breaker` (`closed`, `open` or `probing`).
    ///
    /// Buffer, capacity and length as in `polyai_config_describe_json`. The text may grow between two calls: leave room.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_metrics_json(
        client: Shared<Client>,
        buffer: Buffer,
        capacity: usize,
        length: ValueOut<usize>,
    ) {
        let client = client.get()?;
        let mut metrics = client.client.metrics().to_json();
        if let Value::Object(entries) = &mut metrics {
            let state = client.client.breaker_state().name();
            entries.insert("breaker".to_owned(), state.into());
        }
        buffer.write(&capacity, &length, &metrics.to_string())
    }

    /// The last attempts of all calls, oldest first, as a JSON array of what `polyai_config_set_attempt_callback` lists. The
    /// option `recent_attempts` says how many are remembered.
    ///
    /// Buffer, capacity and length as in `polyai_config_describe_json`. The text may grow between two calls: leave room.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_client_recent_attempts_json(
        client: Shared<Client>,
        buffer: Buffer,
        capacity: usize,
        length: ValueOut<usize>,
    ) {
        let attempts: Vec<Value> = client
            .get()?
            .client
            .recent_attempts()
            .iter()
            .map(Attempt::to_json)
            .collect();
        buffer.write(&capacity, &length, &Value::from(attempts).to_string())
    }
}
