//! Everything that knows ureq and sockets: a request goes in, one complete answer or one truthful failure comes out.

mod answer_head;
mod buffers;
mod connect;
mod connection;
mod dial;
mod failure;
mod head;
mod identity;
mod names;
mod poll;
mod pool;
mod proxy;
mod socket;
mod stream;
mod tls;
mod trace;
mod transport;
mod trust;
mod wire;

pub use connect::{ConnectionReport, ProxyReport, TlsReport};
pub(crate) use connection::{Incoming, Outgoing, ReceivedHead};
pub(crate) use failure::{Cause, Failure};
pub(crate) use head::{Method, PreparedHead};
pub(crate) use trace::Trace;
pub(crate) use transport::Transport;
