//! The bytes between ureq and the socket.

use ureq::unversioned::transport::Buffers;

/// What a connection keeps while it is idle; a larger turn grows it for as long as it lasts.
const RESTING_INPUT_BYTES: usize = 3 * 1024;
const RESTING_OUTPUT_BYTES: usize = 2 * 1024;

/// The least room that is offered for reading.
const LEAST_INPUT_BYTES: usize = 2 * 1024;
/// The least room that is offered for writing. ureq's own head, of two short lines, has to fit in.
const LEAST_OUTPUT_BYTES: usize = 1024;

/// Input and output of one connection. Output gathers until it is taken, so that head and body leave together.
#[derive(Debug, Default)]
pub(super) struct WireBuffers {
    input: Vec<u8>,
    consumed: usize,
    filled: usize,
    progress: bool,
    /// The head of an answer is looked at before ureq sees any of it.
    awaits_head: bool,
    output: Vec<u8>,
    gathered: usize,
}

impl WireBuffers {
    /// Counts what ureq has just written behind what was gathered before.
    pub(super) fn gather(&mut self, amount: usize) {
        self.gathered = (self.gathered + amount).min(self.output.len());
    }

    pub(super) fn gathered(&self) -> &[u8] {
        self.output.get(..self.gathered).unwrap_or_default()
    }

    /// Puts other bytes in the place of what was gathered.
    pub(super) fn replace_gathered(&mut self, bytes: &[u8]) {
        if self.output.len() < bytes.len() {
            self.output.resize(bytes.len(), 0);
        }
        if let Some(place) = self.output.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
            self.gathered = bytes.len();
        }
    }

    /// How many bytes were read that nothing could be made of yet.
    pub(super) fn unconsumed(&self) -> usize {
        self.filled - self.consumed
    }

    pub(super) fn forget_gathered(&mut self) {
        self.gathered = 0;
    }

    /// What is received next begins with the head of an answer.
    pub(super) fn await_head(&mut self) {
        self.awaits_head = true;
    }

    pub(super) fn awaits_head(&self) -> bool {
        self.awaits_head
    }

    /// Leaves the head that is there to ureq.
    pub(super) fn leave_head(&mut self) {
        self.awaits_head = false;
    }

    /// Puts a shorter head in the place of the one that is there.
    pub(super) fn show_head(&mut self, length: usize, shown: &[u8]) {
        self.awaits_head = false;
        let end = self.consumed + length;
        let beginning = end.saturating_sub(shown.len());
        if let Some(place) = self.input.get_mut(beginning..end) {
            place.copy_from_slice(shown);
            self.consumed = beginning;
        }
    }

    pub(super) fn has_input(&self) -> bool {
        self.consumed < self.filled
    }

    /// Gives back what a large turn needed.
    pub(super) fn rest(&mut self) {
        if self.filled == self.consumed {
            (self.filled, self.consumed) = (0, 0);
            self.input.truncate(RESTING_INPUT_BYTES);
            self.input.shrink_to(RESTING_INPUT_BYTES);
        }
        if self.gathered == 0 {
            self.output.truncate(RESTING_OUTPUT_BYTES);
            self.output.shrink_to(RESTING_OUTPUT_BYTES);
        }
    }
}

impl Buffers for WireBuffers {
    fn output(&mut self) -> &mut [u8] {
        let wanted = (self.gathered + LEAST_OUTPUT_BYTES).max(RESTING_OUTPUT_BYTES);
        if self.output.len() < wanted {
            self.output.resize(wanted, 0);
        }
        self.output.get_mut(self.gathered..).unwrap_or_default()
    }

    fn input(&self) -> &[u8] {
        self.input
            .get(self.consumed..self.filled)
            .unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        let wanted = self.filled + LEAST_INPUT_BYTES;
        if self.input.len() < wanted {
            // Doubling, so that a head of the largest size is copied a few times and not once a packet. What cannot be
            // made sense of is bounded by who reads: heads, and what frames a chunked body.
            let grown = (self.filled * 2).max(wanted).max(RESTING_INPUT_BYTES);
            self.input.resize(grown, 0);
        }
        self.input.get_mut(self.filled..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled = (self.filled + amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed = (self.consumed + amount).min(self.filled);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // The first is for chunked bodies, which we never send.
        (&mut [], self.output())
    }

    fn can_use_input(&self) -> bool {
        self.has_input() && self.progress && !self.awaits_head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_gathers_behind_what_is_there() {
        let mut buffers = WireBuffers::default();
        buffers.output()[..4].copy_from_slice(b"head");
        buffers.gather(4);
        buffers.output()[..4].copy_from_slice(b"body");
        buffers.gather(4);
        assert_eq!(buffers.gathered(), b"headbody");
        buffers.forget_gathered();
        assert!(buffers.gathered().is_empty());
    }

    #[test]
    fn other_bytes_take_the_place_of_what_was_gathered() {
        let mut buffers = WireBuffers::default();
        buffers.output()[..4].copy_from_slice(b"head");
        buffers.gather(4);
        let long = vec![b'k'; 10_000];
        buffers.replace_gathered(&long);
        assert_eq!(buffers.gathered(), long);
        assert!(buffers.output().len() >= LEAST_OUTPUT_BYTES);
        buffers.replace_gathered(b"short");
        buffers.output()[..4].copy_from_slice(b"body");
        buffers.gather(4);
        assert_eq!(buffers.gathered(), b"shortbody");
    }

    #[test]
    fn a_shorter_head_takes_the_place_of_one_that_was_looked_at() {
        let mut buffers = WireBuffers::default();
        buffers.await_head();
        buffers.input_append_buf()[..12].copy_from_slice(b"long head 42");
        buffers.input_appended(12);
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
        buffers.show_head(10, b"head");
        assert_eq!(buffers.input(), b"head42");
        buffers.input_consume(4);
        assert!(buffers.can_use_input() && buffers.input() == b"42");
    }

    #[test]
    fn input_grows_with_a_large_head_and_rests_small() {
        let mut buffers = WireBuffers::default();
        for _ in 0..64 {
            let room = buffers.input_append_buf();
            assert!(room.len() >= LEAST_INPUT_BYTES);
            room[..1024].fill(b'x');
            buffers.input_appended(1024);
        }
        assert_eq!(buffers.input().len(), 64 * 1024);
        buffers.input_consume(64 * 1024);
        buffers.rest();
        assert!(!buffers.has_input() && buffers.input.capacity() <= 2 * RESTING_INPUT_BYTES);
    }
}
