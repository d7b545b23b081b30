//! How a system asks a program to stop: signals, or events of its console.

#[cfg(unix)]
pub(crate) use unix::{Noted, Stopping, Terminating};
#[cfg(windows)]
pub(crate) use windows::{Noted, Stopping, Terminating};

/// The number of Ctrl-C, everywhere.
pub(crate) const INTERRUPT: u8 = 2;

#[cfg(unix)]
mod unix {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::{SigId, flag, low_level};
    use std::ffi::c_int;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::thread::{Builder, JoinHandle};

    /// The signals that ask for an orderly end: Ctrl-C, SIGTERM and a hangup, unless that is ignored, as under `nohup`.
    fn stopping() -> impl Iterator<Item = c_int> {
        [SIGINT].into_iter().chain(terminating())
    }

    /// The signals that end a program whose Ctrl-C means something else.
    fn terminating() -> impl Iterator<Item = c_int> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = (!ignores(&status, SIGHUP)).then_some(SIGHUP);
        [SIGTERM].into_iter().chain(hangup)
    }

    /// Whether a process of this status ignores a signal; bit 0 of the mask is signal 1.
    fn ignores(status: &str, signal: c_int) -> bool {
        status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
    }

    /// Notes signals while it lives.
    pub(crate) struct Noted {
        last: Arc<AtomicUsize>,
        registered: Vec<SigId>,
    }

    impl Noted {
        /// Notes the first one that asks the program to stop; a second one ends the program at once, as it would without us.
        pub(crate) fn first_that_stops() -> io::Result<Self> {
            let mut noted = Self::none();
            let is_noted = Arc::new(AtomicBool::new(false));
            for signal in stopping() {
                // In this order: the second signal must find the flag that the first one has set.
                let registered = [
                    flag::register_conditional_default(signal, Arc::clone(&is_noted)),
                    flag::register(signal, Arc::clone(&is_noted)),
                ];
                for id in registered {
                    noted.registered.push(id?);
                }
                noted.note(signal)?;
            }
            Ok(noted)
        }

        /// Notes Ctrl-C however often it comes.
        pub(crate) fn every_interrupt() -> io::Result<Self> {
            let mut noted = Self::none();
            noted.note(SIGINT)?;
            Ok(noted)
        }

        fn none() -> Self {
            Self {
                last: Arc::default(),
                registered: Vec::new(),
            }
        }

        fn note(&mut self, signal: c_int) -> io::Result<()> {
            let number = usize::try_from(signal).unwrap_or_default();
            let id = flag::register_usize(signal, Arc::clone(&self.last), number)?;
            self.registered.push(id);
            Ok(())
        }

        /// The number of the one that came last; 0 where none has.
        pub(crate) fn last(&self) -> Arc<AtomicUsize> {
            Arc::clone(&self.last)
        }
    }

    impl Drop for Noted {
        fn drop(&mut self) {
            for id in self.registered.drain(..) {
                low_level::unregister(id);
            }
        }
    }

    /// Waits for a signal that asks the program to stop.
    pub(crate) struct Stopping(Signals);

    impl Stopping {
        /// From now on such a signal does not end the program.
        pub(crate) fn watch() -> io::Result<Self> {
            Ok(Self(Signals::new(stopping())?))
        }

        /// Its number.
        pub(crate) fn wait(&mut self) -> Option<u8> {
            u8::try_from(self.0.forever().next()?).ok()
        }
    }

    /// While it lives, a signal that ends the program lets it say farewell first.
    pub(crate) struct Terminating {
        signals: Handle,
        thread: Option<JoinHandle<()>>,
    }

    impl Terminating {
        /// Watches on a thread: a read that waits for a line cannot be interrupted otherwise.
        pub(crate) fn watch(farewell: impl FnOnce() + Send + 'static) -> io::Result<Self> {
            let mut signals = Signals::new(terminating())?;
            let handle = signals.handle();
            let thread = Builder::new()
                .name("termination".to_owned())
                .spawn(move || {
                    if let Some(signal) = signals.forever().next() {
                        farewell();
                        let _ = low_level::emulate_default_handler(signal);
                    }
                })?;
            Ok(Self {
                signals: handle,
                thread: Some(thread),
            })
        }
    }

    impl Drop for Terminating {
        fn drop(&mut self) {
            self.signals.close();
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_hangup_that_is_ignored_is_left_alone() {
            assert!(ignores("Name:\tx\nSigIgn:\t0000000000001001\n", SIGHUP));
            assert!(!ignores("Name:\tx\nSigIgn:\t0000000000001000\n", SIGHUP));
            assert!(!ignores("", SIGHUP));
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
    use std::thread;
    use std::time::Duration;
    use windows_sys::Win32::System::Console::{
        CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler,
    };

    const INTERRUPT: usize = super::INTERRUPT as usize;
    /// A window that is closed, a user who logs off: what elsewhere is SIGTERM.
    const TERMINATION: usize = 15;
    /// Longer than the system leaves a program to which it has said that.
    const UNTIL_THE_END: Duration = Duration::from_secs(60);

    /// What is to be done about the next event.
    #[derive(Default)]
    struct Watchers {
        noted: Vec<(Arc<AtomicUsize>, What)>,
        stopping: Option<Sender<u8>>,
        farewell: Option<Box<dyn FnOnce() + Send>>,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum What {
        FirstThatStops,
        EveryInterrupt,
    }

    static WATCHERS: Mutex<Option<Watchers>> = Mutex::new(None);

    fn watchers() -> MutexGuard<'static, Option<Watchers>> {
        WATCHERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on a thread of the system's. An event that it does not handle ends the program.
    extern "system" fn handle(event: u32) -> i32 {
        let number = match event {
            CTRL_C_EVENT | CTRL_BREAK_EVENT => INTERRUPT,
            _ => TERMINATION,
        };
        let mut all = watchers();
        let Some(watching) = all.as_mut() else {
            return 0;
        };
        let mut is_handled = false;
        for (last, what) in &watching.noted {
            match what {
                What::EveryInterrupt if number != INTERRUPT => {}
                What::EveryInterrupt => {
                    last.store(number, Ordering::Relaxed);
                    is_handled = true;
                }
                What::FirstThatStops => is_handled |= last.swap(number, Ordering::Relaxed) == 0,
            }
        }
        if let Some(stopping) = watching.stopping.take() {
            is_handled |= stopping
                .send(u8::try_from(number).unwrap_or_default())
                .is_ok();
        }
        let farewell = (number == TERMINATION).then(|| watching.farewell.take());
        drop(all);
        if let Some(farewell) = farewell.flatten() {
            farewell();
            return 0;
        }
        if is_handled && number == TERMINATION {
            // The program is ended when this returns.
            thread::sleep(UNTIL_THE_END);
        }
        i32::from(is_handled)
    }

    #[allow(unsafe_code)]
    fn watch(change: impl FnOnce(&mut Watchers)) -> io::Result<()> {
        static ONCE: Once = Once::new();
        let mut installed = Ok(());
        ONCE.call_once(|| {
            // SAFETY: the function lives as long as the program.
            if unsafe { SetConsoleCtrlHandler(Some(handle), 1) } == 0 {
                installed = Err(io::Error::last_os_error());
            }
        });
        change(watchers().get_or_insert_default());
        installed
    }

    /// Notes events while it lives.
    pub(crate) struct Noted(Arc<AtomicUsize>);

    impl Noted {
        /// Notes the first one that asks the program to stop; a second one ends the program at once, as it would without us.
        pub(crate) fn first_that_stops() -> io::Result<Self> {
            Self::new(What::FirstThatStops)
        }

        /// Notes Ctrl-C however often it comes.
        pub(crate) fn every_interrupt() -> io::Result<Self> {
            Self::new(What::EveryInterrupt)
        }

        fn new(what: What) -> io::Result<Self> {
            let last = Arc::new(AtomicUsize::new(0));
            watch(|watchers| watchers.noted.push((Arc::clone(&last), what)))?;
            Ok(Self(last))
        }

        /// The number of the one that came last; 0 where none has.
        pub(crate) fn last(&self) -> Arc<AtomicUsize> {
            Arc::clone(&self.0)
        }
    }

    impl Drop for Noted {
        fn drop(&mut self) {
            if let Some(watchers) = watchers().as_mut() {
                watchers
                    .noted
                    .retain(|(last, _)| !Arc::ptr_eq(last, &self.0));
            }
        }
    }

    /// Waits for an event that asks the program to stop.
    pub(crate) struct Stopping(Receiver<u8>);

    impl Stopping {
        /// From now on such an event does not end the program.
        pub(crate) fn watch() -> io::Result<Self> {
            let (sender, receiver) = channel();
            watch(|watchers| watchers.stopping = Some(sender))?;
            Ok(Self(receiver))
        }

        /// Its number.
        pub(crate) fn wait(&mut self) -> Option<u8> {
            self.0.recv().ok()
        }
    }

    /// While it lives, an event that ends the program lets it say farewell first.
    pub(crate) struct Terminating;

    impl Terminating {
        pub(crate) fn watch(farewell: impl FnOnce() + Send + 'static) -> io::Result<Self> {
            watch(|watchers| watchers.farewell = Some(Box::new(farewell)))?;
            Ok(Self)
        }
    }

    impl Drop for Terminating {
        fn drop(&mut self) {
            if let Some(watchers) = watchers().as_mut() {
                watchers.farewell = None;
            }
        }
    }
}
