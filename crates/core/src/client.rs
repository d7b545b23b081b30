//! The client: three operations, stateless by conversation id.

use crate::call::{Call, CallOptions};
use crate::config::{Config, Settings};
use crate::conversation::Conversation;
use crate::dialect::{Dialect, Unreadable, read_close, read_create};
use crate::error::{Attempt, Delivery, Error, ErrorKind, Phase};
use crate::reply::{Answer, CORRELATION_HEADER, Closed, Greeting, Reply};
use crate::request::{Close, Create, Respond};
use crate::transport::{ConnectionReport, Incoming, Method, Outgoing, ReceivedHead, Transport};
use crate::verdict::{Verdict, says_that_it_is_over};
use http::Uri;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Talks to one project of the service.
///
/// Cheap to clone; clones share connections. May be used from any number of threads at the same time. Making one opens
/// no socket and starts no thread. Since 0.1.0.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    transport: Transport,
    user_agent: String,
    create: Uri,
    respond: Uri,
    close: Uri,
}

impl Client {
    /// Makes a client. Reads the files that the configuration names; does not touch the network. Since 0.1.0.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration): something is missing or wrong, with option, source and remedy.
    pub fn new(config: Config) -> Result<Self, Error> {
        let settings = config.resolve()?;
        let transport = Transport::new(&settings)?;
        let ours = concat!("polyai-chat/", env!("CARGO_PKG_VERSION"));
        Ok(Self(Arc::new(Inner {
            user_agent: match &settings.user_agent {
                Some(added) => format!("{ours} {added}"),
                None => ours.to_owned(),
            },
            create: operation_uri(&settings, "create")?,
            respond: operation_uri(&settings, "respond")?,
            close: operation_uri(&settings, "close")?,
            transport,
            settings,
        })))
    }

    /// Starts a conversation. Blocks until the agent has greeted, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`]. After an error with [`Delivery::Unknown`] a conversation may be open that nobody can reach.
    pub fn create(&self, request: Create) -> Result<Conversation, Error> {
        let Create { options, .. } = &request;
        let call = Call::begin(options, self.0.settings.timeout)?;
        let greeting = self
            .create_in(&call, &request)
            .map_err(|error| match error.delivery() {
                Delivery::Unknown => {
                    error.with_advice("; a conversation may be open that nobody can reach")
                }
                Delivery::NotSent | Delivery::Rejected => error,
            })?;
        Ok(Conversation::greeted(self.clone(), greeting))
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument): the id is empty or longer than 1,024 bytes.
    pub fn attach(&self, conversation_id: impl Into<String>) -> Result<Conversation, Error> {
        let conversation_id = conversation_id.into();
        check_conversation_id(&conversation_id)?;
        Ok(Conversation::attached(self.clone(), conversation_id))
    }

    /// One turn of a conversation, by its id alone: no order among turns and no state is kept. Blocks until the agent
    /// has replied, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn respond(
        &self,
        conversation_id: &str,
        request: impl Into<Respond>,
    ) -> Result<Reply, Error> {
        let request = request.into();
        let call = Call::begin(&request.options, self.0.settings.timeout)?;
        self.respond_in(&call, conversation_id, &request)
    }

    /// Closes a conversation by its id. Blocks at most for the deadline of a close. A conversation that is over already
    /// counts as closed. Since 0.1.0.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) in the legacy dialect, which has no close; else any [`ErrorKind`].
    pub fn close(&self, conversation_id: &str, request: Close) -> Result<Closed, Error> {
        let Close { options, .. } = &request;
        let call = Call::begin(options, self.0.settings.close_timeout)?;
        self.close_in(&call, conversation_id, &request)
    }

    /// The dialect this client speaks. Since 0.1.0.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.settings.dialect
    }

    /// Where the service is, as it was configured. Since 0.1.0.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.settings.base.text
    }

    /// Opens a connection to the service as a call would, says how each step went, and closes it. Sends no request.
    /// Blocks at most for `timeout`. Since 0.1.0.
    ///
    /// # Errors
    /// Beside the report of the steps that went well: what came in the way of the next one.
    pub fn inspect_connection(&self, timeout: Duration) -> (ConnectionReport, Result<(), Error>) {
        let options = CallOptions {
            timeout: Some(timeout),
            ..CallOptions::default()
        };
        let call = match Call::begin(&options, timeout) {
            Ok(call) => call,
            Err(error) => return (ConnectionReport::default(), Err(error)),
        };
        let (report, outcome) = self.0.transport.inspect(&call);
        (
            report,
            outcome.map_err(|failure| self.verdict(&call).on_failure(failure)),
        )
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn create_in(&self, call: &Arc<Call>, request: &Create) -> Result<Greeting, Error> {
        let body = self.dialect().create_body(request)?;
        let incoming = self.exchange(call, Operation::Create, &body.json)?;
        let (received, reply) = self.read(call, incoming, read_create)?;
        Ok(Greeting {
            conversation_id: reply.conversation_id,
            response: reply.response,
            user_id: body.user_id,
            answer: answer(call, received),
        })
    }

    pub(crate) fn respond_in(
        &self,
        call: &Arc<Call>,
        conversation_id: &str,
        request: &Respond,
    ) -> Result<Reply, Error> {
        check_conversation_id(conversation_id)?;
        let body = self.dialect().respond_body(conversation_id, request)?;
        let incoming = self.exchange(call, Operation::Respond, &body)?;
        let (received, reply) = self.read(call, incoming, |text| {
            let reply = self.dialect().read_respond(text)?;
            match &reply.conversation_id {
                Some(id) if id != conversation_id => Err(Unreadable::OfAnotherConversation),
                _ => Ok(reply),
            }
        })?;
        Ok(Reply {
            conversation_id: conversation_id.to_owned(),
            response: reply.response,
            end_conversation: reply.end_conversation,
            handoff: reply.handoff,
            answer: answer(call, received),
        })
    }

    pub(crate) fn close_in(
        &self,
        call: &Arc<Call>,
        conversation_id: &str,
        request: &Close,
    ) -> Result<Closed, Error> {
        check_conversation_id(conversation_id)?;
        let body = self.dialect().close_body(conversation_id, request)?;
        let incoming = self.exchange(call, Operation::Close, &body)?;
        if !incoming.received.is_success() {
            let received = incoming.keep_connection();
            let error = self.verdict(call).on_status(&received);
            // To close, a conversation that is over is what was wanted.
            return match says_that_it_is_over(&error) {
                true => Ok(Closed {
                    was_over: true,
                    answer: answer(call, received),
                }),
                false => Err(told(call, error)),
            };
        }
        let (received, reply) = self.read(call, incoming, read_close)?;
        match reply.success {
            true => Ok(Closed {
                was_over: false,
                answer: answer(call, received),
            }),
            false => Err(told(call, self.verdict(call).on_refused_close(&received))),
        }
    }

    /// Sends a request and takes in its answer.
    fn exchange(
        &self,
        call: &Arc<Call>,
        operation: Operation,
        body: &[u8],
    ) -> Result<Incoming, Error> {
        let Inner {
            settings,
            transport,
            user_agent,
            ..
        } = &*self.0;
        let (key_header, token_header) = settings.dialect.credential_headers();
        let length = body.len().to_string();
        let (method, uri) = match operation {
            Operation::Create => (Method::Post, &self.0.create),
            Operation::Respond => (Method::Post, &self.0.respond),
            Operation::Close => (Method::Put, &self.0.close),
        };
        let outgoing = Outgoing {
            method,
            uri,
            headers: &[
                ("Host", settings.base.authority.as_bytes()),
                ("User-Agent", user_agent.as_bytes()),
                (key_header, settings.api_key.reveal().as_bytes()),
                (token_header, settings.token.reveal().as_bytes()),
                (CORRELATION_HEADER, call.correlation_id.as_bytes()),
                ("Content-Type", b"application/json"),
                ("Content-Length", length.as_bytes()),
            ],
            body,
        };
        transport
            .send(call, &outgoing)
            .map_err(|failure| told(call, self.verdict(call).on_failure(failure)))
    }

    /// Reads an answer. Only one that is complete and makes sense leaves its connection to the next call.
    fn read<T>(
        &self,
        call: &Call,
        incoming: Incoming,
        understand: impl FnOnce(&str) -> Result<T, Unreadable>,
    ) -> Result<(ReceivedHead, T), Error> {
        let verdict = self.verdict(call);
        if !incoming.received.is_success() {
            return Err(told(call, verdict.on_status(&incoming.keep_connection())));
        }
        let body = std::str::from_utf8(&incoming.received.body);
        let understood = body.map_err(Unreadable::NotText).and_then(understand);
        match understood {
            Ok(reply) => Ok((incoming.keep_connection(), reply)),
            Err(unreadable) => Err(told(
                call,
                verdict.on_unreadable(&incoming.received, &unreadable),
            )),
        }
    }

    pub(crate) fn verdict<'a>(&'a self, call: &'a Call) -> Verdict<'a> {
        Verdict {
            settings: &self.0.settings,
            call,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.0.settings;
        formatter
            .debug_struct("Client")
            .field("base_url", &settings.base.text)
            .field("account_id", &settings.account_id)
            .field("project_id", &settings.project_id)
            .field("dialect", &settings.dialect)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Respond,
    Close,
}

/// An error of a call that has sent something, or tried to: it names the call and tells of the attempt.
fn told(call: &Call, error: Error) -> Error {
    let attempt = Attempt {
        started_at: call.began_at,
        elapsed: call.began.elapsed(),
        phase: error.phase(),
        delivery: Some(error.delivery()),
        outcome: error.message().to_owned(),
    };
    error
        .with_correlation_id(&call.correlation_id)
        .with_attempt(attempt)
}

fn check_conversation_id(id: &str) -> Result<(), Error> {
    if id.is_empty() || id.len() > 1024 {
        return Err(Error::invalid_argument(
            "conversation_id must be the id that create returned, 1 to 1,024 bytes long",
        ));
    }
    Ok(())
}

fn answer(call: &Call, received: ReceivedHead) -> Answer {
    Answer {
        raw: String::from_utf8(received.body).unwrap_or_default(),
        headers: received.headers,
        correlation_id: call.correlation_id.clone(),
        elapsed: call.began.elapsed(),
    }
}

fn operation_uri(settings: &Settings, operation: &str) -> Result<Uri, Error> {
    let Settings {
        base,
        version,
        account_id,
        project_id,
        ..
    } = settings;
    let text = format!(
        "{}/{version}/{account_id}/{project_id}/chat/{operation}",
        base.text
    );
    text.parse().map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("{text:?} is not a URL: {error}"),
        )
        .with_phase(Phase::Prepare)
    })
}
