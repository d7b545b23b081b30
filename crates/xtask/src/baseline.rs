//! `tests/abi/baseline`: the ABI that was accepted last, with which the present one is compared.
//!
//! - `polyai_chat.h` and `polyai_chat.json` are what was accepted last.
//! - `ACCEPTED` lists the breaks that were accepted since the last release, with their reasons; it is there while there are any.
//! - `first/` has the header with which the present SONAME began: programs that were built with it must run.
//! - `frozen/` has what the last release came with, once there is one. None of it can be broken.

use std::fs;
use std::path::{Path, PathBuf};

use crate::abi::Abi;
use crate::changes::Change;
use crate::manifest;

const HEADER: &str = "polyai_chat.h";
const MANIFEST: &str = "polyai_chat.json";
const BREAKS: &str = "ACCEPTED";
const FIRST: &str = "first";
const FROZEN: &str = "frozen";

/// A header with its manifest.
pub(crate) struct Interface {
    pub(crate) header: String,
    pub(crate) manifest: String,
    pub(crate) abi: Abi,
}

pub(crate) struct Baseline {
    folder: PathBuf,
    /// What was accepted last; nothing before the first time.
    pub(crate) accepted: Option<Interface>,
    pub(crate) frozen: Option<Interface>,
    /// A line for each: what changed, ` -- `, and why that was accepted.
    breaks: Vec<String>,
}

impl Interface {
    pub(crate) fn read(folder: &Path) -> Result<Interface, String> {
        let read = |name| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let (header, manifest) = (read(HEADER)?, read(MANIFEST)?);
        let abi = manifest::read(&manifest)
            .map_err(|error| format!("{}: {error}", folder.join(MANIFEST).display()))?;
        Ok(Interface {
            header,
            manifest,
            abi,
        })
    }

    /// Nothing where there is no such folder, or no manifest in it.
    fn read_if_there(folder: &Path) -> Result<Option<Interface>, String> {
        let there = folder.join(MANIFEST).exists();
        there.then(|| Interface::read(folder)).transpose()
    }

    fn write(&self, folder: &Path) -> Result<(), String> {
        write(folder, HEADER, &self.header)?;
        write(folder, MANIFEST, &self.manifest)
    }
}

impl Baseline {
    pub(crate) fn read(folder: PathBuf) -> Result<Baseline, String> {
        let breaks = fs::read_to_string(folder.join(BREAKS)).unwrap_or_default();
        Ok(Baseline {
            accepted: Interface::read_if_there(&folder)?,
            frozen: Interface::read_if_there(&folder.join(FROZEN))?,
            breaks: breaks.lines().map(str::to_owned).collect(),
            folder,
        })
    }

    /// Why this break was accepted, if it was, and exactly this one.
    pub(crate) fn reason(&self, change: &Change) -> Option<&str> {
        let summary = change.summary();
        let mut reasons = self
            .breaks
            .iter()
            .filter_map(|line| line.strip_prefix(&summary)?.strip_prefix(" -- "));
        reasons.next()
    }

    pub(crate) fn accept_break(&mut self, change: &Change, why: &str) -> Result<(), String> {
        self.breaks.push(format!("{} -- {why}", change.summary()));
        self.write_breaks()
    }

    /// From now on the present one is what others are compared with.
    pub(crate) fn accept(&self, present: &Interface) -> Result<(), String> {
        present.write(&self.folder)
    }

    /// Nobody has an older program any more.
    pub(crate) fn restart_first(&self, present: &Interface) -> Result<(), String> {
        write(&self.folder.join(FIRST), HEADER, &present.header)
    }

    pub(crate) fn freeze(&mut self, present: &Interface) -> Result<(), String> {
        present.write(&self.folder.join(FROZEN))?;
        self.forget_breaks()
    }

    /// For an ABI of another name: nothing of the old one counts.
    pub(crate) fn begin(&mut self, present: &Interface) -> Result<(), String> {
        let frozen = self.folder.join(FROZEN);
        if frozen.exists() {
            fs::remove_dir_all(&frozen)
                .map_err(|error| format!("{}: {error}", frozen.display()))?;
        }
        self.accept(present)?;
        self.restart_first(present)?;
        self.forget_breaks()
    }

    fn forget_breaks(&mut self) -> Result<(), String> {
        self.breaks.clear();
        self.write_breaks()
    }

    fn write_breaks(&self) -> Result<(), String> {
        let path = self.folder.join(BREAKS);
        if self.breaks.is_empty() {
            // There may be none.
            let _ = fs::remove_file(path);
            return Ok(());
        }
        let lines: String = self.breaks.iter().map(|line| format!("{line}\n")).collect();
        write(&self.folder, BREAKS, &lines)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}
