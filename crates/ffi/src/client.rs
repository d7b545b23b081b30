//! The client.

use crate::arguments::{Handle, NewHandle, Out, lend, text, write_text};
use crate::boundary::{fallible, plain};
use crate::config::polyai_config;
use crate::constants::polyai_status;
use crate::conversation::polyai_conversation;
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use crate::request::{self, polyai_request};
use crate::text::LazyText;
use crate::turn::polyai_turn;
use polyai_chat_core::{Attempt, LogLine, Value};
use std::ffi::c_char;
use std::time::Duration;

/// Holds conversations with one agent.
pub struct polyai_client {
    pub(crate) client: polyai_chat_core::Client,
    base_url: LazyText,
    proxy: LazyText,
    dialect: LazyText,
}

impl Object for polyai_client {
    const KIND: Kind = Kind::Client;
}

impl polyai_client {
    fn new(client: polyai_chat_core::Client) -> Self {
        Self {
            client,
            base_url: LazyText::default(),
            proxy: LazyText::default(),
            dialect: LazyText::default(),
        }
    }
}

/// Makes a client from a configuration, of which it keeps a copy. Reads the files that the configuration names, and the proxy
/// variables of the environment, which count only where the option `proxy` is `environment`; opens no socket, starts no thread.
///
/// Make one for each project of the service, and keep it: all threads can use it, and share its connections.
///
/// Errors: `POLYAI_STATUS_CONFIGURATION`: something is missing or wrong, with option, source and remedy.
///
/// Blocks: while files are read. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_new(
    config: *const polyai_config,
    client: *mut *mut polyai_client,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let client = NewHandle::new(client, "client")?;
        let settings = config.get("config")?.open()?.clone();
        client.give(polyai_client::new(polyai_chat_core::Client::new(settings)?))
    })
}

/// The client of this process for a configuration: makes one the first time, and gives the same one, with its open connections,
/// whenever it is asked with the same options. For a host that forgets its objects after each request, such as PHP-FPM, and for
/// modules of one process that do not know each other. The handle is the caller's, and is freed as any other.
///
/// The client is kept until it is shut down or the process ends; after `polyai_client_shut_down` the next call makes a new one.
/// Files and variables that the configuration names are read only when it is made. Credentials that were replaced since then
/// stay replaced.
///
/// Errors: as `polyai_client_new`; `POLYAI_STATUS_INVALID_ARGUMENT` where the configuration has a log or attempt callback, or
/// there are 1,024 shared clients already.
///
/// Blocks: while files are read. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_shared(
    config: *const polyai_config,
    client: *mut *mut polyai_client,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let client = NewHandle::new(client, "client")?;
        let settings = config.get("config")?.open()?.clone();
        client.give(polyai_client::new(polyai_chat_core::Client::shared(
            &settings,
        )?))
    })
}

/// Frees a client. Conversations and turns that came from it go on, and keep its connections until they are freed.
/// Sends nothing.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_client_free(client: *mut polyai_client) {
    plain(|| client.free("client"));
}

/// Starts a conversation; the agent greets.
///
/// `request` carries what the agent may know (`polyai_request_set_attribute`), variant, channel, deadline and more; NULL
/// where none of it is needed.
///
/// Errors: any. After one with `POLYAI_DELIVERY_UNKNOWN` a conversation may be open that nobody can reach.
///
/// Blocks: until the agent has greeted, at most for the deadline. Threads: any. Since: 0.1.0.
/// May be NULL: request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_create(
    client: *mut polyai_client,
    request: *const polyai_request,
    conversation: *mut *mut polyai_conversation,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let conversation = NewHandle::new(conversation, "conversation")?;
        let client = client.get("client")?;
        let request = request::create(request)?;
        conversation.give(polyai_conversation::new(client.client.create(request)?))
    })
}

/// Starts to create a conversation and returns at once. Take it with `polyai_turn_take_conversation`.
///
/// Errors: those of the arguments; `POLYAI_STATUS_INTERNAL` when no thread can be had. Errors of the create come when it
/// is taken.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// May be NULL: request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_start_create(
    client: *mut polyai_client,
    request: *const polyai_request,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let client = client.get("client")?;
        let request = request::create(request)?;
        turn.give(polyai_turn::new(client.client.start_create(request)?))
    })
}

/// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`: the id is empty, longer than 1,024 bytes, or holds a control character.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_attach(
    client: *mut polyai_client,
    conversation_id: *const c_char,
    conversation_id_length: usize,
    conversation: *mut *mut polyai_conversation,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let conversation = NewHandle::new(conversation, "conversation")?;
        let client = client.get("client")?;
        let id = text(conversation_id, conversation_id_length, "conversation_id")?;
        conversation.give(polyai_conversation::new(client.client.attach(id)?))
    })
}

/// Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
///
/// Errors: `POLYAI_STATUS_CONNECT`, `POLYAI_STATUS_TIMEOUT`, `POLYAI_STATUS_CANCELLED`; `POLYAI_STATUS_INVALID_ARGUMENT`
/// where `timeout_ms` is not from 1 to 86,400,000.
///
/// Blocks: at most for `timeout_ms` milliseconds. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_warm_up(
    client: *mut polyai_client,
    timeout_ms: u64,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        client
            .get("client")?
            .client
            .warm_up(Duration::from_millis(timeout_ms))
    })
}

/// Starts to open a connection ahead of the first turn, as `polyai_client_warm_up`, and returns at once. Take the outcome with
/// `polyai_turn_take_reply`, which gives NULL when it went well.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT` where `timeout_ms` is not from 1 to 86,400,000; else as
/// `polyai_client_start_create`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_start_warm_up(
    client: *mut polyai_client,
    timeout_ms: u64,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let client = client.get("client")?;
        let timeout = Duration::from_millis(timeout_ms);
        turn.give(polyai_turn::new(client.client.start_warm_up(timeout)?))
    })
}

/// Ends every call of this client that is under way with `POLYAI_STATUS_CANCELLED` and a truthful delivery, closes idle
/// connections, and has later calls fail as cancelled, not sent. Sends nothing: close the conversations first.
///
/// Does not wait for the calls. May be called more than once.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Cancels: every call of the client.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_client_shut_down(client: *mut polyai_client) {
    plain(|| {
        client.get("client")?.client.shut_down();
        Ok(())
    });
}

/// Shuts the client down as `polyai_client_shut_down`, then waits until no thread of it is left, but no longer than `timeout_ms`
/// milliseconds; `is_done` tells whether none is. For a host that unloads, or that counts its threads. A name server that does
/// not answer can keep a thread. No other thread may start a call of the client meanwhile. Called from a callback, it waits in vain.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: at most for `timeout_ms`. Threads: any. Since: 0.1.0.
/// Cancels: every call of the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_shut_down_and_wait(
    client: *mut polyai_client,
    timeout_ms: u64,
    is_done: *mut bool,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let is_done = Out::new(is_done, "is_done")?;
        let client = client.get("client")?;
        let at_most = Duration::from_millis(timeout_ms);
        is_done.give(client.client.shut_down_and_wait(at_most));
        Ok(())
    })
}

/// Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`, also where one of them cannot stand in a header. Nothing is replaced then.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_replace_credentials(
    client: *mut polyai_client,
    api_key: *const c_char,
    api_key_length: usize,
    token: *const c_char,
    token_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let client = client.get("client")?;
        let (api_key, token) = (
            text(api_key, api_key_length, "api_key")?,
            text(token, token_length, "token")?,
        );
        client.client.replace_credentials(api_key, token)
    })
}

/// Where the service is, as it was configured.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_base_url(
    client: *const polyai_client,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let client = client.get("client")?;
        Ok(lend(
            client.base_url.get(|| Some(client.client.base_url())),
            length,
        ))
    })
}

/// The proxy between this client and the service, without user name and password; NULL where the connection is direct.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_proxy(
    client: *const polyai_client,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let client = client.get("client")?;
        Ok(lend(client.proxy.get(|| client.client.proxy()), length))
    })
}

/// The dialect that the client speaks: `current` or `legacy`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_dialect(
    client: *const polyai_client,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let client = client.get("client")?;
        Ok(lend(
            client.dialect.get(|| Some(client.client.dialect().name())),
            length,
        ))
    })
}

/// The client's counters, as a JSON object: `create`, `respond`, `close`, `attempts`, `retries`, `reused_connections`,
/// `opened_connections`, `bytes_sent`, `bytes_received`, `calls_in_flight`, `idle_connections`, `retries_left`, `breaker`
/// (`closed`, `open` or `probing`). The first three are objects with the number of calls, the failures by kind, and the latencies: their
/// sum in microseconds, and how many took up to so many milliseconds.
///
/// Buffer, capacity and length as in `polyai_config_describe_json`. The text may grow between two calls: leave room.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_metrics_json(
    client: *const polyai_client,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let client = client.get("client")?;
        let metrics = client.client.metrics().to_json();
        write_text(buffer, capacity, length, &metrics.to_string())
    })
}

/// The last attempts of all calls, oldest first, as a JSON array of what `polyai_config_set_attempt_callback` lists. The
/// option `recent_attempts` says how many are remembered. Only those whose `serial` is larger than `after` are given, so that
/// a poller can ask for the new ones only; 0 gives all. A gap in the numbers shows that some were forgotten.
///
/// Buffer, capacity and length as in `polyai_config_describe_json`. The text may grow between two calls: leave room.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_recent_attempts_json(
    client: *const polyai_client,
    after: u64,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let attempts = client.get("client")?.client.recent_attempts(after);
        let json: Value = attempts.iter().map(Attempt::to_json).collect();
        write_text(buffer, capacity, length, &json.to_string())
    })
}

/// The same attempts as lines for a log: a JSON array of objects with `serial`, `level` (`warn`, `info` or `debug`) and `text`,
/// which is what a log callback gets. For a language whose interpreter no thread of the library may enter: it asks for the lines
/// after each call, or when a `polyai_completions` is ready.
///
/// `after`, buffer, capacity and length as in `polyai_client_recent_attempts_json`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_recent_log_lines_json(
    client: *const polyai_client,
    after: u64,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let lines = client.get("client")?.client.recent_log_lines(after);
        let json: Value = lines.iter().map(LogLine::to_json).collect();
        write_text(buffer, capacity, length, &json.to_string())
    })
}
