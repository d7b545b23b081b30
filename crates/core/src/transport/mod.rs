//! Everything that knows HTTP and sockets: a request goes in, one complete answer or one truthful failure comes out.

mod answer_head;
mod carrier;
mod connect;
mod connection;
mod dial;
mod failure;
mod http1;
mod identity;
mod input;
mod message;
mod names;
mod options;
mod pool;
mod proxy;
mod report;
mod route;
mod socket;
mod stream;
mod sys;
mod system_authorities;
mod tls;
mod trace;
mod transport;
mod trust;

pub(crate) use failure::{Cause, Failure};
pub(crate) use http1::received_from;
pub(crate) use message::{Method, Outgoing, PreparedHead, ReceivedHead};
pub(crate) use pool::Incoming;
pub use report::{ConnectionReport, ProxyReport, TlsReport};
pub(crate) use trace::Trace;
pub(crate) use transport::Transport;
