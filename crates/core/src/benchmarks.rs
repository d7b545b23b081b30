//! Parts of a turn, each by itself, for the micro-benchmarks only. No part of the public interface.

use crate::call::Respond;
use crate::config::Config;
use crate::model::Dialect;
use crate::model::Error;
use crate::transport::Transport;

/// The body of a turn's request.
///
/// # Errors
/// None for a request that only has a message.
pub fn respond_body(conversation_id: &str, request: &Respond) -> Result<Vec<u8>, Error> {
    Dialect::Current.respond_body(conversation_id, &request.0.fields)
}

/// Reads the body of a reply, and says how long the agent's words are.
#[must_use]
pub fn read_reply(body: &[u8], conversation_id: &str) -> Option<usize> {
    let text = std::str::from_utf8(body).ok()?;
    let reply = Dialect::Current.read_respond(text, conversation_id).ok()?;
    Some(reply.response.len())
}

/// The idle connections of a client, none of which was ever opened.
pub struct IdleConnections(Transport);

impl IdleConnections {
    /// So many of them, with a configuration that allows for that.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn new(count: u32, config: &Config) -> Result<Self, Error> {
        let transport = Transport::new(&config.resolve()?.0)?;
        transport.add_idle(count);
        Ok(Self(transport))
    }

    /// What a turn does with them: takes one, and puts it back.
    #[must_use]
    pub fn take_and_put(&self) -> bool {
        self.0.take_and_put_idle()
    }
}
