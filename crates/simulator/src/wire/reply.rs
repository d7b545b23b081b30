//! Replies, and what they look like on the wire.

use serde_json::Value;
use std::fmt::Write;
use std::time::SystemTime;

/// Says on every reply who answers.
pub(crate) const NOTICE: &str = "simulator, no PolyAI service contacted";

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: ReplyBody,
}

#[derive(Clone, Debug)]
pub(crate) enum ReplyBody {
    Json(Value),
    Bytes(Vec<u8>),
}

/// What goes around a reply, whatever it is.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) correlation_id: &'a str,
    pub(crate) connection: ConnectionLine,
    pub(crate) length: LengthLine,
}

/// What a reply says about the connection. HTTP/1.1 keeps it without a word, HTTP/1.0 does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionLine {
    Absent,
    KeepAlive,
    Close,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum LengthLine {
    ContentLength(u64),
    Chunked,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: ReplyBody::Json(body),
        }
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8".to_owned(),
            headers: Vec::new(),
            body: ReplyBody::Bytes(text.as_bytes().to_vec()),
        }
    }

    pub(crate) fn with_header(mut self, line: String) -> Self {
        self.headers.push(line);
        self
    }

    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        match &self.body {
            ReplyBody::Json(value) => value.to_string().into_bytes(),
            ReplyBody::Bytes(bytes) => bytes.clone(),
        }
    }

    /// Whether a header of the reply's own says that the connection will be closed.
    pub(crate) fn announces_close(&self) -> bool {
        self.headers.iter().any(|line| {
            line.split_once(':').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("connection")
                    && value.trim().eq_ignore_ascii_case("close")
            })
        })
    }

    pub(crate) fn head_bytes(&self, envelope: &Envelope<'_>) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nDate: {}\r\nServer: polyai-chat-simulator\r\nX-Simulator: {NOTICE}\r\nX-PolyAI-Correlation-Id: {}\r\n",
            self.status,
            reason(self.status),
            httpdate::fmt_http_date(SystemTime::now()),
            envelope.correlation_id,
        );
        let mut line = |text: &str| {
            head.push_str(text);
            head.push_str("\r\n");
        };
        if !self.content_type.is_empty() {
            line(&format!("Content-Type: {}", self.content_type));
        }
        for header in &self.headers {
            line(header);
        }
        match envelope.connection {
            ConnectionLine::Close if !self.announces_close() => line("Connection: close"),
            ConnectionLine::KeepAlive if !self.announces_close() => line("Connection: keep-alive"),
            _ => {}
        }
        // Writing to a String cannot fail.
        let _ = match envelope.length {
            LengthLine::ContentLength(length) => write!(head, "Content-Length: {length}\r\n\r\n"),
            LengthLine::Chunked => write!(head, "Transfer-Encoding: chunked\r\n\r\n"),
        };
        head.into_bytes()
    }
}

/// The usual words for a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
