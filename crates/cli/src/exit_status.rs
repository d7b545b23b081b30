//! What the program returns to its caller.

use polyai_chat_core::ErrorKind;

/// A file or stream of this machine could not be used; the conversation itself may have gone well.
pub(crate) const MACHINE: u8 = 1;
/// The arguments were wrong; nothing was done.
pub(crate) const USAGE: u8 = 2;
/// The reader of the output has gone, as with SIGPIPE.
pub(crate) const OUTPUT_CLOSED: u8 = signalled(13);

/// An error of this kind.
pub(crate) fn of_kind(kind: ErrorKind) -> u8 {
    u8::try_from(10 + kind.number()).unwrap_or(MACHINE)
}

/// Stopped by this signal, as a shell would say it.
pub(crate) const fn signalled(signal: u8) -> u8 {
    128 + signal
}

/// The list for `--help`.
pub(crate) fn table() -> String {
    let mut table = "Exit status:\n    0  everything went well\n    \
        1  a file or port of this machine could not be used, or the output not be written\n    \
        2  wrong arguments\n"
        .to_owned();
    for kind in ErrorKind::ALL {
        let meaning = kind.meaning().split(". ").next().unwrap_or_default();
        let line = format!(
            "  {:>3}  {}: {}\n",
            of_kind(*kind),
            kind.name(),
            meaning.trim_end_matches('.')
        );
        table.push_str(&line);
    }
    table.push_str(
        "  129  stopped by a hangup, 130 by Ctrl-C, 143 by SIGTERM; the conversation was closed\n",
    );
    table.push_str("  141  the output pipe was closed (SIGPIPE); the conversation was closed");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_a_status_of_its_own_and_is_listed() {
        let table = table();
        for kind in ErrorKind::ALL {
            let line = format!("  {:>3}  {}:", of_kind(*kind), kind.name());
            assert!(table.contains(&line), "{line}");
            assert!((11..128).contains(&of_kind(*kind)));
        }
    }
}
