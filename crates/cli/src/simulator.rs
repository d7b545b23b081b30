//! `simulator`: a local simulator of the service, for other programs to talk to.

use crate::exit_status;
use crate::failure::Failure;
use crate::interrupt::cannot_watch;
use crate::sys::signals::{INTERRUPT, Stopping};
use crate::terminal::{self, SIMULATOR_NOTICE};
use clap::ArgMatches;
use polyai_chat_core::ErrorKind;
use polyai_chat_simulator::{Dialect, Script, Simulator, SimulatorBuilder, TlsIdentity};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the subcommand until a signal ends it.
pub(crate) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    if matches.get_flag("print-script") {
        let mut output = io::stdout().lock();
        return output
            .write_all(Script::built_in_text().as_bytes())
            .and_then(|()| output.flush())
            .map(|()| 0)
            .map_err(|error| Failure::output(&error));
    }
    // Watched before anybody can learn that it runs, so that it always ends in order.
    let mut stopping = Stopping::watch().map_err(cannot_watch)?;
    let simulator = set_up(matches)?
        .start()
        .map_err(|error| Failure::Machine(error.to_string()))?;
    let ca_file = matches.get_one::<PathBuf>("ca-out");
    if let (Some(file), Some(pem)) = (ca_file, simulator.ca_pem()) {
        std::fs::write(file, pem)
            .map_err(|error| Failure::Machine(format!("--ca-out {}: {error}", file.display())))?;
    }
    announce(&simulator, ca_file.map(PathBuf::as_path))?;
    let signal = stopping.wait();
    let counts = simulator.counts();
    drop(simulator);
    terminal::remark(&format!(
        "{} connections, {} requests, {} conversations, {} turns",
        counts.connections, counts.requests, counts.created, counts.turns
    ));
    // Ctrl-C is how one ends it, so that is no failure.
    Ok(match signal {
        Some(INTERRUPT) | None => 0,
        Some(signal) => exit_status::signalled(signal),
    })
}

/// Reads a script; what is wrong with it is a matter of configuration, with its line.
pub(crate) fn load_script(file: &Path) -> Result<Script, Failure> {
    Script::from_file(file).map_err(|error| Failure::Own {
        kind: ErrorKind::Configuration,
        message: error.to_string(),
    })
}

/// The simulator's name for a dialect.
pub(crate) fn wire_dialect(name: &str) -> Dialect {
    match name {
        "legacy" => Dialect::Legacy,
        _ => Dialect::Current,
    }
}

fn set_up(matches: &ArgMatches) -> Result<SimulatorBuilder, Failure> {
    let mut builder = Simulator::builder();
    if let Some(address) = matches.get_one::<SocketAddr>("listen") {
        builder = builder.listen(*address);
    }
    if let Some(file) = matches.get_one::<PathBuf>("script") {
        builder = builder.script(load_script(file)?);
    }
    if let Some(dialect) = matches.get_one::<String>("dialect") {
        builder = builder.dialect(wire_dialect(dialect));
    }
    if let Some(limit) = matches.get_one::<Duration>("idle-limit") {
        builder = builder.idle_limit(*limit);
    }
    if matches.get_flag("tls") {
        let identity =
            TlsIdentity::generate().map_err(|error| Failure::Machine(error.to_string()))?;
        builder = builder.tls(identity);
    }
    Ok(builder)
}

/// The URL first, for a script that reads one line; then what a person pastes into a shell. Key and token are no secrets: they
/// open nothing but this simulator.
fn announce(simulator: &Simulator, ca_file: Option<&Path>) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", simulator.url())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::output(&error))?;
    let mut lines = vec![
        SIMULATOR_NOTICE.to_owned(),
        format!("export POLYAI_BASE_URL={}", simulator.url()),
        format!("export POLYAI_ACCOUNT_ID={}", simulator.account_id()),
        format!("export POLYAI_PROJECT_ID={}", simulator.project_id()),
        format!("export POLYAI_API_KEY={}", simulator.api_key()),
        format!("export POLYAI_TOKEN={}", simulator.token()),
        format!("export POLYAI_DIALECT={}", simulator.dialect().name()),
    ];
    if let Some(file) = ca_file {
        lines.push(format!("export POLYAI_CA_FILE={}", quoted(file)));
    }
    // A reader of the first line only may have gone by now.
    let _ = writeln!(output, "{}", lines.join("\n"));
    let _ = output.flush();
    if simulator.ca_pem().is_some() && ca_file.is_none() {
        terminal::remark(
            "no client trusts this certificate yet; --ca-out FILE writes the one to trust",
        );
    }
    Ok(())
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
