use super::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happens. Several faults may come together on one request: a delay, say, and a dripping body.
///
/// What happens before the service acts leaves the conversation as it was; what happens afterwards has
/// taken the turn. [`ConversationRecord::turns`](crate::ConversationRecord::turns) tells which it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Answers this instead of what the service would say.
    Answer(Answer),
    /// Waits.
    Delay {
        /// What is delayed.
        before: Pause,
        /// For how long, in milliseconds.
        ms: u64,
    },
    /// Takes so many bytes at a time, and pauses in between. Of a request up to 4,096 bytes have been read by then.
    Drip {
        /// What is slowed down.
        part: Direction,
        /// How many bytes at a time.
        #[serde(default = "one")]
        bytes: u64,
        /// The pause after each of them, in milliseconds.
        every_ms: u64,
    },
    /// Closes the connection in good order.
    Close {
        /// When.
        at: Moment,
    },
    /// Resets the connection, so that the client's system reports `ECONNRESET`.
    Reset {
        /// When.
        at: Moment,
    },
    /// Closes the connection when it was idle for so long after a reply.
    CloseIdle {
        /// How long, in milliseconds.
        after_ms: u64,
        /// Resets it instead.
        #[serde(default)]
        reset: bool,
    },
    /// Takes the turn, and sends a reply whose body never ends.
    EndlessBody {
        /// How fast.
        bytes_per_second: u64,
    },
    /// Sends a `Content-Length` that is wrong by so many bytes, and leaves the connection open.
    WrongLength {
        /// Above zero: more is promised than sent. Below zero: more is sent than promised.
        by: i64,
    },
    /// Sends these bytes after the reply, as a part of no reply.
    Surplus {
        /// The bytes.
        #[serde(default = "surplus_text")]
        text: String,
    },
    /// Takes the turn, answers something that is not HTTP, and closes.
    Garbage {
        /// The bytes.
        #[serde(default = "garbage_text")]
        text: String,
    },
    /// Changes the fields of the service's own reply.
    AlterReply {
        /// Fields to set, to values of any type.
        #[serde(default)]
        set: Map<String, Value>,
        /// Fields to leave out.
        #[serde(default)]
        remove: Vec<String>,
        /// Makes the `response` text longer by so many bytes.
        #[serde(default)]
        pad_response: u64,
    },
    /// Adds headers to the service's own reply.
    AddHeaders {
        /// Lines such as `"Retry-After: 2"`.
        #[serde(default)]
        lines: Vec<String>,
        /// Adds so many bytes of headers, 1,000 to a header.
        #[serde(default)]
        filler: u64,
    },
}

/// What a delay holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Everything on a new connection, the TLS handshake included.
    Accept,
    /// The answer to the TLS client's hello.
    Handshake,
    /// Reading on, when the first bytes of a request have come.
    Read,
    /// Acting on a request that was read. When the client leaves meanwhile, the turn is not taken.
    Turn,
    /// The reply, when the turn has been taken.
    Headers,
    /// The reply's body, when its headers have been sent.
    Body,
}

/// What drips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Reading the request.
    Request,
    /// Sending the reply's status line and headers.
    Headers,
    /// Sending the reply's body.
    Body,
}

/// When a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// As soon as it was accepted.
    Accept,
    /// After the TLS client's hello.
    Handshake,
    /// When the first bytes of a request have come, without looking at them.
    BeforeRead,
    /// When the request's headers were read; the service does not act on it.
    AfterHead,
    /// When the whole request was read; the service does not act on it.
    AfterRequest,
    /// When the service has acted on the request, before the first byte of the reply.
    AfterTurn,
    /// When half of the reply's headers were sent.
    InHeaders,
    /// When half of the reply's body was sent.
    InBody,
    /// When the reply was sent, without having announced it.
    AfterReply,
}

/// At which point of a connection's life it is decided whether a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connection,
    Read,
    Request,
}

impl Action {
    /// A [`Delay`](Self::Delay).
    #[must_use]
    pub fn delay(before: Pause, ms: u64) -> Self {
        Self::Delay { before, ms }
    }

    /// A [`Drip`](Self::Drip).
    #[must_use]
    pub fn drip(part: Direction, bytes: u64, every_ms: u64) -> Self {
        Self::Drip {
            part,
            bytes,
            every_ms,
        }
    }

    /// The service's own reply with these fields changed and those left out; anything but an object changes none.
    #[must_use]
    pub fn altered(set: Value, remove: &[&str]) -> Self {
        Self::AlterReply {
            set: match set {
                Value::Object(set) => set,
                _ => Map::new(),
            },
            remove: remove.iter().map(|&name| name.to_owned()).collect(),
            pad_response: 0,
        }
    }

    /// The service's own reply with so many bytes more in its `response`.
    #[must_use]
    pub fn padded(pad_response: u64) -> Self {
        Self::AlterReply {
            set: Map::new(),
            remove: Vec::new(),
            pad_response,
        }
    }

    /// So many bytes of headers more.
    #[must_use]
    pub fn long_head(filler: u64) -> Self {
        Self::AddHeaders {
            lines: Vec::new(),
            filler,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Delay {
                before: Pause::Accept | Pause::Handshake,
                ..
            }
            | Self::Close {
                at: Moment::Accept | Moment::Handshake,
            }
            | Self::Reset {
                at: Moment::Accept | Moment::Handshake,
            } => Stage::Connection,
            Self::Delay {
                before: Pause::Read,
                ..
            }
            | Self::Drip {
                part: Direction::Request,
                ..
            }
            | Self::Close {
                at: Moment::BeforeRead,
            }
            | Self::Reset {
                at: Moment::BeforeRead,
            } => Stage::Read,
            _ => Stage::Request,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        const MOST_FILLER: u64 = 1024 * 1024 * 1024;
        match self {
            Self::Answer(answer) => answer.check(),
            Self::Drip { bytes: 0, .. } => Err("`bytes` is 0".to_owned()),
            Self::EndlessBody {
                bytes_per_second: 0,
            } => Err("`bytes_per_second` is 0".to_owned()),
            Self::AlterReply { pad_response, .. } if *pad_response > MOST_FILLER => {
                Err(format!("`pad_response` is above {MOST_FILLER}"))
            }
            Self::AddHeaders { filler, .. } if *filler > MOST_FILLER => {
                Err(format!("`filler` is above {MOST_FILLER}"))
            }
            Self::AddHeaders { lines, .. } => lines.iter().try_for_each(|line| check_header(line)),
            _ => Ok(()),
        }
    }
}

pub(super) fn check_header(line: &str) -> Result<(), String> {
    if line.contains(':') {
        Ok(())
    } else {
        Err(format!(
            "the header line `{line}` is not of the form `Name: value`"
        ))
    }
}

fn one() -> u64 {
    1
}

fn surplus_text() -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned()
}

fn garbage_text() -> String {
    "this is not HTTP\u{0}\u{1}\u{2}\r\n\r\n".to_owned()
}
