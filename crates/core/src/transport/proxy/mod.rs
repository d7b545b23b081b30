//! The route through a proxy: to the proxy, an agreement with it, and from then on the service's bytes only.

mod agreement;
mod http;
mod open;
mod socks;

pub(super) use open::open;
