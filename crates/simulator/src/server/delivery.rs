//! Sends a reply, as its faults want it.

use super::exchange::After;
use super::plan::{Alteration, Cut, Plan};
use crate::fault::{Direction, Moment, Pause};
use crate::wire::reply::{ConnectionLine, Envelope, LengthLine, Reply, ReplyBody};
use crate::wire::stream::Wire;
use serde_json::Value;
use std::io;
use std::time::Duration;

pub(super) struct Delivery<'a> {
    pub(super) plan: &'a Plan,
    pub(super) correlation_id: &'a str,
    pub(super) connection: ConnectionLine,
}

pub(super) struct Delivered {
    /// Whether the reply was sent to its last byte.
    pub(super) complete: bool,
    pub(super) then: After,
}

pub(super) async fn send(
    wire: &mut Wire,
    mut reply: Reply,
    delivery: &Delivery<'_>,
) -> io::Result<Delivered> {
    let plan = delivery.plan;
    for alteration in &plan.alterations {
        alter(&mut reply, alteration);
    }
    reply.headers.extend(plan.header_lines.iter().cloned());
    reply.headers.extend(filler_headers(plan.header_filler));
    let closes = delivery.connection == ConnectionLine::Close || reply.announces_close();

    if let Some(cut) = plan.cut(Moment::AfterTurn) {
        return Ok(cut_short(cut));
    }
    wire.pause(plan.delay(Pause::Headers)).await?;
    if let Some(garbage) = &plan.garbage {
        wire.write(garbage.as_bytes()).await?;
        return Ok(cut_short(Cut::Close));
    }

    let body = reply.body_bytes();
    let head = reply.head_bytes(&Envelope {
        correlation_id: delivery.correlation_id,
        connection: delivery.connection,
        length: length_line(plan, body.len()),
    });
    if let Some(cut) = plan.cut(Moment::InHeaders) {
        wire.write(first_half(&head)).await?;
        return Ok(cut_short(cut));
    }
    if let Some(bytes_per_second) = plan.endless_bytes_per_second {
        wire.write(&head).await?;
        return send_without_end(wire, &body, bytes_per_second).await;
    }
    send_pieces(wire, plan, head, &body).await?;
    if let Some(cut) = plan.cut(Moment::InBody) {
        return Ok(cut_short(cut));
    }
    let then = match plan.cut(Moment::AfterReply) {
        Some(cut) => After::Cut(cut),
        None if closes => After::Cut(Cut::Close),
        None => After::KeepOpen(plan.close_idle),
    };
    Ok(Delivered {
        complete: plan.length_off_by <= 0,
        then,
    })
}

/// One write where nothing is to be slow: a reply is one packet, as the service's gateway sends it.
async fn send_pieces(wire: &mut Wire, plan: &Plan, head: Vec<u8>, body: &[u8]) -> io::Result<()> {
    let mut together = match plan.drip(Direction::Headers) {
        Some(pace) => {
            wire.write_slowly(&head, pace).await?;
            Vec::new()
        }
        None => head,
    };
    let pause = plan.delay(Pause::Body);
    if !pause.is_zero() {
        wire.write(&together).await?;
        together.clear();
        wire.pause(pause).await?;
    }
    let body = if plan.cut(Moment::InBody).is_some() {
        first_half(body)
    } else {
        body
    };
    if let Some(pace) = plan.drip(Direction::Body) {
        wire.write(&together).await?;
        together.clear();
        wire.write_slowly(body, pace).await?;
    } else {
        together.extend_from_slice(body);
    }
    if plan.cut(Moment::InBody).is_none()
        && let Some(surplus) = &plan.surplus
    {
        together.extend_from_slice(surplus.as_bytes());
    }
    wire.write(&together).await
}

/// Spaces, which are allowed after JSON, in chunks, until the client has enough.
async fn send_without_end(
    wire: &mut Wire,
    body: &[u8],
    bytes_per_second: u64,
) -> io::Result<Delivered> {
    const TICKS_PER_SECOND: u64 = 50;
    let (size, pause) = if bytes_per_second < TICKS_PER_SECOND {
        (
            1,
            Duration::from_micros(1_000_000 / bytes_per_second.max(1)),
        )
    } else {
        let size = usize::try_from(bytes_per_second / TICKS_PER_SECOND).unwrap_or(usize::MAX);
        (size, Duration::from_millis(1000 / TICKS_PER_SECOND))
    };
    let mut chunk = chunk_of(body);
    loop {
        wire.write(&chunk).await?;
        wire.pause(pause).await?;
        chunk = chunk_of(&vec![b' '; size.min(16 * 1024 * 1024)]);
    }
}

fn chunk_of(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

fn length_line(plan: &Plan, length: usize) -> LengthLine {
    if plan.endless_bytes_per_second.is_some() {
        LengthLine::Chunked
    } else {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        LengthLine::ContentLength(length.saturating_add_signed(plan.length_off_by))
    }
}

fn cut_short(cut: Cut) -> Delivered {
    Delivered {
        complete: false,
        then: After::Cut(cut),
    }
}

fn first_half(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() / 2).unwrap_or(bytes)
}

fn alter(reply: &mut Reply, alteration: &Alteration) {
    let ReplyBody::Json(Value::Object(fields)) = &mut reply.body else {
        return;
    };
    for (name, value) in &alteration.set {
        fields.insert(name.clone(), value.clone());
    }
    for name in &alteration.remove {
        fields.remove(name);
    }
    if let Some(Value::String(response)) = fields.get_mut("response") {
        let padding = usize::try_from(alteration.pad_response).unwrap_or(0);
        response.push_str(&"x".repeat(padding));
    }
}

fn filler_headers(bytes: u64) -> impl Iterator<Item = String> {
    const EACH: u64 = 1000;
    (0..bytes.div_ceil(EACH)).map(move |index| {
        let name = format!("X-Filler-{index}: ");
        let rest = (bytes - index * EACH).min(EACH);
        let used = u64::try_from(name.len()).unwrap_or(0);
        let padding = usize::try_from(rest.saturating_sub(used)).unwrap_or(0);
        format!("{name}{}", "x".repeat(padding.max(1)))
    })
}
