//! This machine's clock against the service's.

use super::finding::Finding;
use super::probe::Answer;
use polyai_chat_core::Client;
use polyai_chat_core::second_opinion::shown;
use std::time::{Duration, SystemTime};

const CHECK: &str = "clock";

/// More than a slow answer and the header's whole seconds explain.
const TOLERATED: Duration = Duration::from_secs(60);

/// Compares the clocks; a difference is a warning, as conversations work all the same.
pub(super) fn examine(client: &Client, answer: &Answer) -> Finding {
    let Some(text) = answer.date() else {
        return Finding::skipped(CHECK, "the service has not said what time it is");
    };
    match httpdate::parse_http_date(text) {
        Ok(theirs) => compare(theirs, answer.received_at),
        Err(_) => Finding::skipped(
            CHECK,
            format!(
                "the service's Date header is no date: {}",
                shown(client, text)
            ),
        ),
    }
}

fn compare(theirs: SystemTime, ours: SystemTime) -> Finding {
    let (difference, direction) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if difference > TOLERATED {
        return Finding::warning(
            CHECK,
            format!(
                "this machine's clock is {} s {direction} the service's",
                difference.as_secs()
            ),
            "set the clock of this machine, for instance by NTP: certificates and logs depend on it",
        );
    }
    Finding::ok(CHECK, "as the service's, within a minute")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_more_than_a_minute_is_a_warning() {
        let ours = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let minute = Duration::from_secs(60);
        for theirs in [ours, ours + minute, ours - minute] {
            assert!(format!("{:?}", compare(theirs, ours)).contains("Ok"));
        }
        let behind = format!("{:?}", compare(ours + Duration::from_secs(90), ours));
        assert!(
            behind.contains("Warning") && behind.contains("90 s behind"),
            "{behind}"
        );
        let ahead = format!("{:?}", compare(ours - Duration::from_secs(3_600), ours));
        assert!(ahead.contains("3600 s ahead of"), "{ahead}");
    }
}
