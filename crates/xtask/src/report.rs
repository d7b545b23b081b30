//! The changes of an ABI for a person: what is not as it was, whether that breaks programs, and how to mend it.

use crate::changes::{Change, SONAME, Sort};
use crate::gate::{Gate, Standing};

pub(crate) fn changes(gate: &Gate) -> String {
    let mut text = String::new();
    for (sort, heading) in [
        (Sort::Removed, "removed"),
        (Sort::Changed, "changed"),
        (Sort::Renumbered, "renumbered"),
        (Sort::Added, "added"),
    ] {
        let mut of_sort = gate
            .changes()
            .filter(|(change, _)| change.sort == sort)
            .peekable();
        if of_sort.peek().is_some() {
            text.push_str(&format!("{heading}\n"));
        }
        for (change, standing) in of_sort {
            text.push_str(&one(change, &standing));
        }
    }
    text
}

fn one(change: &Change, standing: &Standing<'_>) -> String {
    let standing = match standing {
        Standing::Addition => "breaks nothing".to_owned(),
        Standing::Accepted(why) => format!("BREAKS programs; accepted: {why}"),
        Standing::Break => "BREAKS programs".to_owned(),
        Standing::BreakForGood => "BREAKS programs, and was released".to_owned(),
    };
    let mut text = format!("  {}: {standing}\n", change.name);
    if change.sort != Sort::Added {
        for detail in &change.details {
            text.push_str(&format!("    {}\n", detail.text));
        }
    }
    let is = change.is.as_ref().filter(|_| change.was != change.is);
    for (word, declaration) in [("was", change.was.as_ref()), ("is ", is)] {
        if let Some(declaration) = declaration {
            text.push_str(&format!("    {word}  {declaration}\n"));
        }
    }
    if change.breaks() {
        text.push_str(&format!("    mend: {}\n", mend(change)));
    }
    text.push('\n');
    text
}

fn mend(change: &Change) -> &'static str {
    let is_number = change.was.is_none();
    match change.sort {
        Sort::Changed if change.name == SONAME => {
            "leave it, unless all programs are to be linked anew"
        }
        Sort::Changed if is_number => "give it back its number",
        Sort::Removed => "bring it back; what is of no use any more can stay and say so",
        Sort::Changed => "leave it as it was, and add another one beside it",
        Sort::Renumbered => {
            "give it back its number; a new meaning takes a new name, and a number never used before"
        }
        Sort::Added => "",
    }
}
