//! The table. A fault that the server repeats shows what is tried again; one that happens once shows what comes of that.

mod answers;
mod connections;
mod replies;
mod slowness;

use crate::row::Row;

/// Every line, under the headings of the document.
pub(crate) fn chapters() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("No connection", connections::not_opened()),
        ("The connection ends", connections::ended()),
        ("Idle connections", connections::idle()),
        ("Too slow", slowness::rows()),
        ("Refused by the service", answers::refusals()),
        ("Too many requests", answers::rate_limits()),
        ("The service fails", answers::failures()),
        ("Redirects", answers::redirects()),
        ("Replies that cannot be read", replies::unreadable()),
        ("Replies that can", replies::readable()),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    chapters().into_iter().flat_map(|(_, rows)| rows).collect()
}
