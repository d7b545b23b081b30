//! What was typed at the prompt, kept from one conversation to the next for its owner alone.

use crate::sys::own_files::ForItsOwner;
use crate::sys::places::state_directory;
use rustyline::DefaultEditor;
use std::fs::{DirBuilder, OpenOptions};
use std::path::PathBuf;

/// Where the history is; `None` where there is no place for it.
pub(super) struct History(Option<PathBuf>);

impl History {
    /// Loads what is kept into the editor. An editor without a history is still an editor: what goes wrong is not said.
    pub(super) fn load(editor: &mut DefaultEditor, wanted: bool) -> Self {
        let file = if wanted { prepare() } else { None };
        if let Some(file) = &file {
            let _ = editor.load_history(file);
        }
        Self(file)
    }

    /// Adds what was typed since it was loaded.
    pub(super) fn save(&self, editor: &mut DefaultEditor) {
        if let Some(file) = &self.0 {
            let _ = editor.append_history(file);
        }
    }
}

/// Makes the file with the right permissions, before anybody writes into it.
fn prepare() -> Option<PathBuf> {
    let directory = state_directory()?.join("polyai");
    DirBuilder::new()
        .recursive(true)
        .for_its_owner()
        .create(&directory)
        .ok()?;
    let file = directory.join("history");
    OpenOptions::new()
        .append(true)
        .create(true)
        .for_its_owner()
        .open(&file)
        .ok()?;
    Some(file)
}
