//! What has come over a connection and was not used yet.

/// What a connection keeps while it is idle; a larger answer grows it for as long as it lasts.
const RESTING_BYTES: usize = 3 * 1024;

/// The least room that is offered for reading.
const LEAST_ROOM_BYTES: usize = 2 * 1024;

#[derive(Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    used: usize,
    filled: usize,
}

impl Input {
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.used..self.filled).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used >= self.filled
    }

    /// Room for more, which `appended` then says was filled.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.used > 0 {
            self.bytes.copy_within(self.used..self.filled, 0);
            self.filled -= self.used;
            self.used = 0;
        }
        let wanted = self.filled + LEAST_ROOM_BYTES;
        if self.bytes.len() < wanted {
            // Doubled, so that a head of the largest size is copied a few times and not once a packet.
            let grown = (self.filled * 2).max(wanted).max(RESTING_BYTES);
            self.bytes.resize(grown, 0);
        }
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    pub(super) fn appended(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.bytes.len());
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.used = (self.used + count).min(self.filled);
    }

    /// Gives back what a large answer needed.
    pub(super) fn rest(&mut self) {
        if self.is_empty() {
            (self.used, self.filled) = (0, 0);
            self.bytes.truncate(RESTING_BYTES);
            self.bytes.shrink_to(RESTING_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_a_large_head_and_rests_small() {
        let mut input = Input::default();
        for _ in 0..64 {
            let room = input.room();
            assert!(room.len() >= LEAST_ROOM_BYTES);
            room[..1024].fill(b'x');
            input.appended(1024);
        }
        assert_eq!(input.unread().len(), 64 * 1024);
        input.consume(64 * 1024);
        input.rest();
        assert!(input.is_empty() && input.bytes.capacity() <= 2 * RESTING_BYTES);
    }
}
