//! A cap on the calls that are under way.

use crate::model::{Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the calls that are under way, and refuses those beyond the cap.
#[derive(Debug)]
pub(crate) struct CallsInFlight {
    count: AtomicU64,
    most: Option<u64>,
}

/// One call that is under way, until this is dropped.
pub(crate) struct InFlight<'a>(&'a CallsInFlight);

impl CallsInFlight {
    pub(crate) fn new(most: Option<u64>) -> Self {
        Self {
            count: AtomicU64::new(0),
            most,
        }
    }

    pub(crate) fn enter(&self) -> Result<InFlight<'_>, Error> {
        let others = self.count.fetch_add(1, Ordering::Relaxed);
        let entered = InFlight(self);
        match self.most {
            Some(most) if others >= most => Err(Error::new(
                ErrorKind::Busy,
                format!("{most} calls are under way, which is the cap (max_calls_in_flight)"),
            )),
            _ => Ok(entered),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_the_cap_are_refused_until_others_end() {
        let calls = CallsInFlight::new(Some(2));
        let (first, _second) = (calls.enter().unwrap(), calls.enter().unwrap());
        let error = calls.enter().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!(calls.count(), 2);
        drop(first);
        assert!(calls.enter().is_ok());
        assert!(CallsInFlight::new(None).enter().is_ok());
    }
}
