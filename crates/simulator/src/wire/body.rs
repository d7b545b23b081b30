//! Request bodies, by length or in chunks.

use super::head::Framing;
use super::stream::Wire;
use std::io;

const MOST_LINE: usize = 8 * 1024;

#[derive(Debug)]
pub(crate) enum BadBody {
    TooLarge,
    Malformed,
    Lost,
}

impl From<io::Error> for BadBody {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// Reads a whole body; what was read of it stays in `body` also when it fails.
pub(crate) async fn read(
    wire: &mut Wire,
    framing: Framing,
    limit: usize,
    body: &mut Vec<u8>,
) -> Result<(), BadBody> {
    match framing {
        Framing::Length(length) => {
            let length = usize::try_from(length)
                .ok()
                .filter(|length| *length <= limit)
                .ok_or(BadBody::TooLarge)?;
            read_bytes(wire, length, body).await
        }
        Framing::Chunked => read_chunks(wire, limit, body).await,
    }
}

async fn read_bytes(wire: &mut Wire, mut count: usize, body: &mut Vec<u8>) -> Result<(), BadBody> {
    loop {
        let taken = wire.take(count);
        count -= taken.len();
        body.extend_from_slice(&taken);
        if count == 0 {
            return Ok(());
        }
        if wire.fill().await? == 0 {
            return Err(BadBody::Lost);
        }
    }
}

async fn read_chunks(wire: &mut Wire, limit: usize, body: &mut Vec<u8>) -> Result<(), BadBody> {
    loop {
        let line = read_line(wire).await?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| BadBody::Malformed)?;
        if size == 0 {
            break;
        }
        if size > limit.saturating_sub(body.len()) {
            return Err(BadBody::TooLarge);
        }
        read_bytes(wire, size, body).await?;
        if !read_line(wire).await?.is_empty() {
            return Err(BadBody::Malformed);
        }
    }
    while !read_line(wire).await?.is_empty() {}
    Ok(())
}

async fn read_line(wire: &mut Wire) -> Result<String, BadBody> {
    loop {
        if let Some(at) = wire.buffer.iter().position(|byte| *byte == b'\n') {
            let line = wire.take(at + 1);
            return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        if wire.buffer.len() > MOST_LINE {
            return Err(BadBody::Malformed);
        }
        if wire.fill().await? == 0 {
            return Err(BadBody::Lost);
        }
    }
}
