//! The page at the simulator's root, for a browser; nothing of it comes from elsewhere.

use crate::wire::head::Head;
use crate::wire::reply::{Reply, ReplyBody};
use std::net::IpAddr;

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The root page for curl.
const TEXT: &str = "\
This is polyai-chat simulator: simulator, no PolyAI service contacted.

Chat API    POST   /VERSION/ACCOUNT/PROJECT/chat/create
            POST   /VERSION/ACCOUNT/PROJECT/chat/respond
            PUT    /VERSION/ACCOUNT/PROJECT/chat/close

Its own     GET    /                           a page for a browser, and this for other programs
            GET    /_simulator/received        the requests that were received
            DELETE /_simulator/received        forgets them, and the counters
            GET    /_simulator/conversations   every conversation and its turns
            GET    /_simulator/counts          counters
            GET    /_simulator/faults          the faults that are set
            POST   /_simulator/faults          adds one fault, or a list
            PUT    /_simulator/faults          replaces all faults by a list
            DELETE /_simulator/faults          takes all faults back
            DELETE /_simulator/faults/ID       takes one fault back
";

/// The file of the page at this path, if there is one.
pub(crate) fn file(head: &Head) -> Option<Reply> {
    match head.path() {
        "/" if accepts_html(head) => Some(part("text/html; charset=utf-8", HTML)),
        "/" => Some(Reply::text(200, TEXT)),
        "/_simulator/page.css" => Some(part("text/css; charset=utf-8", STYLE)),
        "/_simulator/page.js" => Some(part("text/javascript; charset=utf-8", SCRIPT)),
        _ => None,
    }
}

fn accepts_html(head: &Head) -> bool {
    head.any_case("Accept")
        .is_some_and(|(_, value)| value.contains("text/html"))
}

fn part(content_type: &str, text: &str) -> Reply {
    const POLICY: &str =
        "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'none'";
    Reply {
        status: 200,
        content_type: content_type.to_owned(),
        headers: vec![
            format!("Content-Security-Policy: {POLICY}"),
            "Cache-Control: no-store".to_owned(),
            "X-Content-Type-Options: nosniff".to_owned(),
        ],
        body: ReplyBody::Bytes(text.as_bytes().to_vec()),
    }
}

/// Whether a browser asks on behalf of another site's page, which has no business here.
pub(crate) fn is_of_another_site(head: &Head) -> bool {
    let host = head.any_case("Host").map(|(_, host)| host);
    if host.is_some_and(|host| !is_of_a_machine(host)) {
        return true;
    }
    let Some((_, origin)) = head.any_case("Origin") else {
        return false;
    };
    let named = origin.split_once("://").map_or("", |(_, named)| named);
    named != host.unwrap_or_default()
}

/// Whether a host is an address, or this machine. Any other name may be one that its owner makes lead here, so that a browser
/// takes this for a part of that site (DNS rebinding).
fn is_of_a_machine(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}
