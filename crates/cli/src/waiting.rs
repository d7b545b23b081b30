//! A sign of life while the agent thinks, drawn from within the waiting call, so that no thread is needed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A reply that comes sooner needs no sign; it would only flicker.
const PATIENCE: Duration = Duration::from_millis(300);
const FRAME: Duration = Duration::from_millis(200);
const FRAMES: [&str; 4] = ["   ", ".  ", ".. ", "..."];

/// The sign, for one call.
#[derive(Clone)]
pub(crate) struct Waiting {
    began: Instant,
    drawn: Arc<AtomicUsize>,
    shown: bool,
}

impl Waiting {
    /// Begins to wait; nothing is drawn unless `shown`.
    pub(crate) fn begin(shown: bool) -> Self {
        Self {
            began: Instant::now(),
            drawn: Arc::default(),
            shown,
        }
    }

    /// Draws the next frame if it is time. To be called often while waiting.
    pub(crate) fn draw(&self) {
        let Some(waited) = self.began.elapsed().checked_sub(PATIENCE) else {
            return;
        };
        if !self.shown {
            return;
        }
        let number = usize::try_from(waited.as_millis() / FRAME.as_millis()).unwrap_or_default();
        // The number that is due is one more than that of the first frame, and 0 means that none was drawn.
        if self.drawn.swap(number + 1, Ordering::Relaxed) == number + 1 {
            return;
        }
        let frame = FRAMES.get(number % FRAMES.len()).unwrap_or(&"");
        let mut stream = io::stderr().lock();
        // A sign that cannot be drawn is not missed.
        let _ = write!(stream, "\ragent> {frame}");
        let _ = stream.flush();
    }

    /// Removes the sign.
    pub(crate) fn end(&self) {
        if self.drawn.load(Ordering::Relaxed) != 0 {
            let mut stream = io::stderr().lock();
            let _ = write!(stream, "\r          \r");
            let _ = stream.flush();
        }
    }
}
