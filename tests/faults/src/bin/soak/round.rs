//! One round: clients and simulators that live for it alone.

use crate::caller::{Line, Notes};
use crate::chance::Chance;
use crate::faults::faults;
use crate::ledger::Ledger;
use crate::overshoot::{self, Overshoot};
use crate::questions::Questions;
use crate::report::Tally;
use polyai_chat_core::{Client, Config};
use polyai_chat_simulator::{Script, Simulator, TlsIdentity};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// The agent repeats what it hears, so that a reply to another turn is noticed.
const SCRIPT: &str = r#"
greeting = "Hello."
default_reply = "{message}"
"#;

/// Enough for a call; hundreds of them then cost little.
const STACK_BYTES: usize = 512 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// The outcome of a round.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) overshoot: Overshoot,
    /// That of a thread that only sleeps, for comparison.
    pub(crate) of_the_machine: Overshoot,
    pub(crate) disagreements: Vec<String>,
    pub(crate) connections: u64,
    pub(crate) retries: u64,
}

/// A simulator and its client.
struct Side {
    simulator: Simulator,
    client: Client,
}

impl Side {
    fn start(tls: bool, seed: u64) -> Result<Self, String> {
        let script = Script::parse(SCRIPT, "soak.toml").map_err(|error| error.to_string())?;
        let mut builder = Simulator::builder().script(script);
        if tls {
            builder = builder.tls(TlsIdentity::generate().map_err(|error| error.to_string())?);
        }
        let simulator = builder.start().map_err(|error| error.to_string())?;
        for fault in faults(seed).filter(|fault| tls || !belongs_to_tls(fault)) {
            simulator.fail(fault).map_err(|error| error.to_string())?;
        }
        let mut config = Config::new()
            .base_url(simulator.url())
            .account_id(simulator.account_id())
            .project_id(simulator.project_id())
            .api_key(simulator.api_key())
            .token(simulator.token())
            .backoff(Duration::from_millis(10));
        let file = AuthorityFile::write(&simulator)?;
        if let Some(AuthorityFile(path)) = &file {
            config = config.ca_file(path.to_string_lossy());
        }
        let client = Client::new(config).map_err(|error| error.to_string())?;
        Ok(Self { simulator, client })
    }

    /// Compares both sides' books when the server has dealt with everything.
    fn finish(self, ledger: &Ledger) -> Result<Outcome, String> {
        let retries = self.client.metrics().retries;
        drop(self.client);
        self.simulator.clear_faults();
        let settled = self
            .simulator
            .wait_for(|seen| seen.counts().open_connections == 0, PATIENCE);
        if !settled {
            return Err("the clients have gone, but connections are left".to_owned());
        }
        Ok(Outcome {
            disagreements: ledger.disagreements(&self.simulator),
            connections: self.simulator.connections(),
            retries,
            ..Outcome::default()
        })
    }
}

pub(crate) fn run(
    conversations: usize,
    length: Duration,
    seed: u64,
    questions: &Questions,
) -> Result<Outcome, String> {
    let sides = [Side::start(false, seed)?, Side::start(true, seed)?];
    let until = Instant::now() + length;
    let sleeper = thread::spawn(move || overshoot::of_the_machine(until));
    let notes = talk(&sides, conversations, until, seed, questions)?;
    let mut outcome = Outcome {
        of_the_machine: sleeper.join().map_err(|_| "the sleeper has panicked")?,
        ..Outcome::default()
    };
    for (side, notes) in sides.into_iter().zip(notes) {
        let compared = side.finish(&notes.ledger)?;
        outcome.tally.extend(&notes.tally);
        outcome.overshoot.extend(&notes.overshoot);
        outcome.disagreements.extend(compared.disagreements);
        outcome.disagreements.extend(notes.mixed_up);
        outcome.connections += compared.connections;
        outcome.retries += compared.retries;
    }
    Ok(outcome)
}

/// Every line on a thread of its own, half of them on each side.
fn talk(
    sides: &[Side; 2],
    conversations: usize,
    until: Instant,
    seed: u64,
    questions: &Questions,
) -> Result<[Notes; 2], String> {
    thread::scope(|scope| {
        let mut lines = Vec::new();
        for (number, (index, side)) in (0..conversations).zip(sides.iter().enumerate().cycle()) {
            let line = Line {
                number,
                client: &side.client,
                questions,
                until,
            };
            let chance = Chance::new(seed.wrapping_mul(8209).wrapping_add(number as u64));
            let started = thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || line.run(chance))
                .map_err(|error| format!("no thread for a conversation: {error}"))?;
            lines.push((index, started));
        }
        let mut notes = [Notes::default(), Notes::default()];
        for (index, line) in lines {
            let seen = line.join().map_err(|_| "a conversation has panicked")?;
            if let Some(notes) = notes.get_mut(index) {
                notes.extend(seen);
            }
        }
        Ok(notes)
    })
}

fn belongs_to_tls(fault: &polyai_chat_simulator::Fault) -> bool {
    format!("{:?}", fault.action).contains("Handshake")
}

impl Notes {
    fn extend(&mut self, other: Self) {
        self.ledger.extend(other.ledger);
        self.tally.extend(&other.tally);
        self.overshoot.extend(&other.overshoot);
        self.mixed_up.extend(other.mixed_up);
    }
}

/// The authority of a simulator as a file, which is gone when this is dropped.
struct AuthorityFile(PathBuf);

impl AuthorityFile {
    fn write(simulator: &Simulator) -> Result<Option<Self>, String> {
        let Some(pem) = simulator.ca_pem() else {
            return Ok(None);
        };
        let name = format!(
            "polyai-chat-soak-{}-{}.pem",
            std::process::id(),
            simulator.address().port()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, pem)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(Some(Self(path)))
    }
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        // The system clears its directory for temporary files otherwise.
        let _ = std::fs::remove_file(&self.0);
    }
}
