//! Everything that knows ureq and sockets: a request goes in, one complete answer or one truthful failure comes out.

mod answer_head;
mod buffers;
mod carrier;
mod connect;
mod connection;
mod dial;
mod failure;
mod identity;
mod message;
mod names;
mod options;
mod poll;
mod pool;
mod proxy;
mod report;
mod socket;
mod stream;
mod tls;
mod trace;
mod transport;
mod trust;
mod way;
mod wire;

pub(crate) use connection::Incoming;
pub(crate) use failure::{Cause, Failure};
pub(crate) use message::{Method, Outgoing, PreparedHead, ReceivedHead};
pub use report::{ConnectionReport, ProxyReport, TlsReport};
pub(crate) use trace::Trace;
pub(crate) use transport::Transport;
