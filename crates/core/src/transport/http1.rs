//! An answer in HTTP/1.1, read to its end.
//!
//! ureq-proto knows the protocol and touches no socket: it is shown what has come, and says what that means. Of a head it is
//! shown what frames the body and what says whether the connection goes on; all headers are kept in one piece.

use super::answer_head::{self, Beginning, CODING};
use super::failure::{Cause, Failure};
use super::input::Input;
use super::message::ReceivedHead;
use super::options::Limits;
use crate::config::Settings;
use crate::model::{Headers, Phase};
use http::{Request, Response};
use std::time::Duration;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::{BodyMode, Error as ProtocolError};

/// What may be read of a body beyond the limit of a head before it is noticed that no sense can be made of it.
const READ_AHEAD_BYTES: usize = 16 * 1024;

/// How much memory is taken for a body because of its announced length alone.
const MOST_ANNOUNCED_BYTES: usize = 64 * 1024;

/// Where bytes come from.
pub(super) trait Source {
    /// What has come and was not used yet.
    fn input(&mut self) -> &mut Input;

    /// Waits for more of it, which may be none: the other side has ended the connection.
    fn fill(&mut self, phase: Phase) -> Result<usize, Failure>;
}

/// A complete answer.
pub(super) struct Received {
    pub(super) head: ReceivedHead,
    /// The connection must not carry another request.
    pub(super) must_close: bool,
    /// How long it may rest before the next one, where the other side says so.
    pub(super) held_for: Option<Duration>,
}

/// What the head of an answer says.
struct Head {
    status: u16,
    headers: Headers,
    held_for: Option<Duration>,
    /// Whether it may say how its body is coded.
    has_coding: bool,
}

/// Waits for the answer to a request that has been sent, and reads it. The wait comes first: reading takes stack, and thousands
/// of threads may be waiting.
pub(super) fn receive(source: &mut impl Source, limits: Limits) -> Result<Received, Failure> {
    if source.input().unread().is_empty() && source.fill(Phase::Headers)? == 0 {
        return Err(Failure::new(Cause::Lost, Phase::Headers, ""));
    }
    receive_begun(source, limits)
}

#[inline(never)]
fn receive_begun(source: &mut impl Source, limits: Limits) -> Result<Received, Failure> {
    let mut protocol = awaiting_answer()?;
    let Head {
        status,
        headers,
        held_for,
        has_coding,
    } = receive_head(source, &mut protocol, limits)?;
    let contradicts_itself = match has_coding {
        true => framing(&headers),
        false => Ok(false),
    };
    let mut head = ReceivedHead {
        status,
        headers,
        body: Vec::new(),
    };
    let contradicts_itself = match contradicts_itself {
        Ok(contradicts_itself) => contradicts_itself,
        Err(words) => {
            return Err(Failure {
                received: Some(Box::new(head)),
                ..Failure::new(Cause::Malformed, Phase::Body, words)
            });
        }
    };
    let must_close = match protocol.proceed() {
        Some(RecvResponseResult::RecvBody(protocol)) => {
            match receive_body(source, protocol, &mut head.body, limits) {
                Ok(must_close) => must_close,
                Err(failure) => {
                    return Err(Failure {
                        received: Some(Box::new(head)),
                        ..failure
                    });
                }
            }
        }
        Some(RecvResponseResult::Redirect(end)) => end.must_close_connection(),
        Some(RecvResponseResult::Cleanup(end)) => end.must_close_connection(),
        None => return Err(out_of_step()),
    };
    Ok(Received {
        head,
        must_close: must_close || contradicts_itself,
        held_for,
    })
}

/// Whether a head frames its body in two ways at once, after which nothing on the connection can be trusted (RFC 9112, section
/// 6.1). An error for a way that we do not know: the body would be taken for something that it is not.
fn framing(headers: &Headers) -> Result<bool, &'static str> {
    let named = |wanted: &'static str| {
        let found = headers.iter().filter(move |(name, _)| *name == wanted);
        found.map(|(_, value)| value.trim_ascii())
    };
    let mut codings = named(CODING);
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(named("content-length").next().is_some())
        }
        _ => Err("its Transfer-Encoding is not chunked, which is the only one there is for us"),
    }
}

/// The protocol at the point where a request has been sent. We write requests ourselves, see [`super::message`]; of a request
/// only HEAD and CONNECT would change how its answer is read.
fn awaiting_answer() -> Result<Call<RecvResponse>, Failure> {
    const LONGER_THAN_ITS_REQUEST: usize = 32;
    let mut protocol = Call::new(Request::new(())).map_err(not_http)?.proceed();
    protocol
        .write(&mut [0; LONGER_THAN_ITS_REQUEST])
        .map_err(not_http)?;
    match protocol.proceed().map_err(not_http)? {
        Some(SendRequestResult::RecvResponse(protocol)) => Ok(protocol),
        _ => Err(out_of_step()),
    }
}

fn receive_head(
    source: &mut impl Source,
    protocol: &mut Call<RecvResponse>,
    limits: Limits,
) -> Result<Head, Failure> {
    let most = limits.max_header_bytes;
    loop {
        let unread = source.input().unread();
        let (used, response) = match answer_head::read(unread) {
            Beginning::Incomplete if unread.len() <= most => (0, None),
            Beginning::Head {
                length,
                headers,
                shown,
            } if length <= most => {
                let (_, response) = shown_to(protocol, shown.as_bytes())?;
                let response = response.ok_or_else(out_of_step)?;
                source.input().consume(length);
                return Ok(Head {
                    status: response.status().as_u16(),
                    headers,
                    held_for: shown.held_for,
                    has_coding: shown.has_coding,
                });
            }
            Beginning::Interim { length } if length <= most => (length, None),
            // The protocol has the words for what makes no sense.
            Beginning::Unusual => shown_to(protocol, unread)?,
            Beginning::Head { .. } | Beginning::Interim { .. } | Beginning::Incomplete => {
                return Err(too_large(limits));
            }
        };
        if used > most || (used == 0 && unread.len() > most) {
            return Err(too_large(limits));
        }
        source.input().consume(used);
        if let Some(response) = response {
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
            return Ok(Head {
                status: response.status().as_u16(),
                headers: Headers::new(headers),
                held_for: None,
                has_coding: true,
            });
        }
        if used == 0 && source.fill(Phase::Headers)? == 0 {
            return Err(Failure::new(Cause::Lost, Phase::Headers, ""));
        }
    }
}

/// What the protocol makes of a head.
fn shown_to(
    protocol: &mut Call<RecvResponse>,
    head: &[u8],
) -> Result<(usize, Option<Response<()>>), Failure> {
    protocol.try_response(head, false).map_err(not_http)
}

/// Reads to the end of the body, and returns whether the connection must be closed after it. The bytes read before a
/// failure stay in `body`.
fn receive_body(
    source: &mut impl Source,
    mut protocol: Call<RecvBody>,
    body: &mut Vec<u8>,
    limits: Limits,
) -> Result<bool, Failure> {
    let most = limits.max_body_bytes;
    let ends_with_the_connection = protocol.body_mode() == BodyMode::CloseDelimited;
    if let BodyMode::LengthDelimited(length) = protocol.body_mode() {
        let announced = usize::try_from(length).unwrap_or(usize::MAX);
        body.reserve_exact(announced.min(most).min(MOST_ANNOUNCED_BYTES));
    }
    while ends_with_the_connection || !protocol.can_proceed() {
        let before = body.len();
        let used = read_some(&mut protocol, source.input().unread(), body).map_err(|error| {
            let words = format!("its body is not framed as HTTP/1.1: {error}");
            Failure::new(Cause::Malformed, Phase::Body, words)
        })?;
        source.input().consume(used);
        if body.len() > most {
            body.truncate(most);
            let words = format!("its body is larger than max_body_bytes = {most}");
            return Err(Failure::new(Cause::Malformed, Phase::Body, words));
        }
        if used > 0 || body.len() > before {
            continue;
        }
        let most_unread = limits.max_header_bytes.saturating_add(READ_AHEAD_BYTES);
        if source.input().unread().len() > most_unread {
            let words = "what frames its body is larger than max_header_bytes";
            return Err(Failure::new(Cause::Malformed, Phase::Body, words));
        }
        if source.fill(Phase::Body)? == 0 {
            // Some servers leave out what follows the last chunk.
            return match ends_with_the_connection || protocol.is_ended_chunked() {
                true => Ok(true),
                false => Err(Failure::new(Cause::Lost, Phase::Body, "")),
            };
        }
    }
    Ok(match protocol.proceed() {
        Some(RecvBodyResult::Redirect(end)) => end.must_close_connection(),
        Some(RecvBodyResult::Cleanup(end)) => end.must_close_connection(),
        None => true,
    })
}

/// Has the protocol read from what is there, and returns how much of it was used.
fn read_some(
    protocol: &mut Call<RecvBody>,
    unread: &[u8],
    body: &mut Vec<u8>,
) -> Result<usize, ProtocolError> {
    let before = body.len();
    // To take off what frames a body never makes it longer. What a length announces is not exceeded.
    let most = match protocol.body_mode() {
        BodyMode::LengthDelimited(left) => usize::try_from(left).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    body.resize(before + unread.len().min(most), 0);
    let outcome = protocol.read(unread, body.get_mut(before..).unwrap_or_default());
    let written = outcome.as_ref().map_or(0, |(_, written)| *written);
    body.truncate(before + written);
    outcome.map(|(used, _)| used)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
#[cold]
#[inline(never)]
fn not_http(error: ProtocolError) -> Failure {
    let words = format!("it is not HTTP/1.1: {error}");
    Failure::new(Cause::Malformed, Phase::Headers, words)
}

#[cold]
#[inline(never)]
fn too_large(limits: Limits) -> Failure {
    let words = format!(
        "its head is larger than max_header_bytes = {}",
        limits.max_header_bytes
    );
    Failure::new(Cause::Malformed, Phase::Headers, words)
}

/// Only a defect of ours leads here.
#[cold]
#[inline(never)]
fn out_of_step() -> Failure {
    let words = "the HTTP library is not where it should be";
    Failure::new(Cause::Internal, Phase::Headers, words)
}

/// Bytes that came and ended, for the fuzz targets.
struct Prepared<'a> {
    input: Input,
    rest: &'a [u8],
}

impl Source for Prepared<'_> {
    fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn fill(&mut self, _: Phase) -> Result<usize, Failure> {
        let room = self.input.room();
        let (now, later) = self.rest.split_at(room.len().min(self.rest.len()));
        if let Some(room) = room.get_mut(..now.len()) {
            room.copy_from_slice(now);
        }
        self.rest = later;
        self.input.appended(now.len());
        Ok(now.len())
    }
}

/// Reads these bytes as the whole answer to a request, for the fuzz targets.
pub(crate) fn received_from(bytes: &[u8], settings: &Settings) -> Result<ReceivedHead, Failure> {
    let mut source = Prepared {
        input: Input::default(),
        rest: bytes,
    };
    let limits = Limits {
        max_body_bytes: settings.max_body_bytes,
        max_header_bytes: settings.max_header_bytes,
    };
    receive(&mut source, limits).map(|received| received.head)
}
