//! What is different between two ABIs, and whether programs that were built with the old one break.

use std::collections::BTreeMap;

use crate::abi::{Abi, Constant, Function, Ownership, Parameter, Return, Type, TypeKind};

/// One item of the ABI that is not as it was.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) sort: Sort,
    pub(crate) was: Option<String>,
    pub(crate) is: Option<String>,
    pub(crate) details: Vec<Detail>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Removed,
    Changed,
    Renumbered,
    Added,
}

#[derive(Debug)]
pub(crate) struct Detail {
    pub(crate) text: String,
    pub(crate) breaks: bool,
    pub(crate) seen_by: SeenBy,
}

/// Who else than us can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeenBy {
    /// abidiff, which compares types.
    Types,
    /// The preprocessor, which knows the values of constants.
    Preprocessor,
    /// Nobody: it is a promise that C has no words for.
    Nobody,
}

use SeenBy::{Nobody, Preprocessor, Types};

/// What the numbers of the ABI are called where a change of them is reported.
pub(crate) const SONAME: &str = "SONAME";
pub(crate) const NEWEST: &str = "POLYAI_ABI_VERSION";
const OLDEST: &str = "POLYAI_ABI_OLDEST";

impl Change {
    pub(crate) fn breaks(&self) -> bool {
        self.details.iter().any(|detail| detail.breaks)
    }

    /// Whether this other one would call it a break too.
    pub(crate) fn breaks_for(&self, seen_by: SeenBy) -> bool {
        let mut details = self.details.iter();
        details.any(|detail| detail.breaks && detail.seen_by == seen_by)
    }

    /// All that is said of it, by which it is known again.
    pub(crate) fn summary(&self) -> String {
        let details: Vec<&str> = self
            .details
            .iter()
            .map(|detail| detail.text.as_str())
            .collect();
        format!("{}: {}", self.name, details.join("; "))
    }
}

impl Detail {
    fn breaking(seen_by: SeenBy, text: String) -> Detail {
        Detail {
            text,
            breaks: true,
            seen_by,
        }
    }

    /// More is promised than before. Programs go on; those that count on it need this library.
    fn more(text: &str) -> Detail {
        Detail {
            text: text.to_owned(),
            breaks: false,
            seen_by: Nobody,
        }
    }
}

pub(crate) fn compare(old: &Abi, new: &Abi) -> Vec<Change> {
    let mut changes = numbers(old, new);
    changes.extend(pairs(&old.types, &new.types, |item| &item.name).filter_map(
        |(name, was, is)| {
            let details = match (was, is) {
                (Some(was), Some(is)) => changed_type(was, is, old),
                (Some(_), None) => vec![Detail::breaking(Nobody, "it is gone".to_owned())],
                _ => vec![Detail::more("it is new")],
            };
            let declaration = Type::declaration;
            change(
                name,
                was.map(declaration),
                is.map(declaration),
                Sort::Changed,
                details,
            )
        },
    ));
    let constants = pairs(&old.constants, &new.constants, |item| &item.name);
    changes.extend(
        constants
            .filter(|(name, ..)| *name != NEWEST)
            .filter_map(|(name, was, is)| constant(name, was, is)),
    );
    let functions = pairs(&old.functions, &new.functions, |item| &item.name);
    changes.extend(functions.filter_map(|(name, was, is)| {
        let details = match (was, is) {
            (Some(was), Some(is)) => changed_function(was, is),
            (Some(was), None) => vec![removed_function(was, old, new)],
            _ => vec![Detail::more("it is new")],
        };
        let declaration = Function::declaration;
        change(
            name,
            was.map(declaration),
            is.map(declaration),
            Sort::Changed,
            details,
        )
    }));
    changes
}

/// The items of both, by their names.
fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&'a T) -> &'a String,
) -> impl Iterator<Item = (&'a str, Option<&'a T>, Option<&'a T>)> {
    let mut pairs: BTreeMap<&'a str, (Option<&'a T>, Option<&'a T>)> = BTreeMap::new();
    for item in old {
        pairs.entry(name(item)).or_default().0 = Some(item);
    }
    for item in new {
        pairs.entry(name(item)).or_default().1 = Some(item);
    }
    pairs.into_iter().map(|(name, (was, is))| (name, was, is))
}

/// Nothing where there are no details.
fn change(
    name: &str,
    was: Option<String>,
    is: Option<String>,
    sort: Sort,
    details: Vec<Detail>,
) -> Option<Change> {
    let sort = match (&was, &is) {
        (Some(_), None) => Sort::Removed,
        (None, Some(_)) => Sort::Added,
        _ => sort,
    };
    (!details.is_empty()).then(|| Change {
        name: name.to_owned(),
        sort,
        was,
        is,
        details,
    })
}

fn numbers(old: &Abi, new: &Abi) -> Vec<Change> {
    let (old, new) = (&old.numbers, &new.numbers);
    let soname = (old.soname != new.soname).then(|| {
        Detail::breaking(
            Types,
            format!("`{}` has become `{}`", old.soname, new.soname),
        )
    });
    let oldest = (old.oldest != new.oldest).then(|| {
        Detail::breaking(
            Nobody,
            format!("it was {}, and is {}", old.oldest, new.oldest),
        )
    });
    let newest = (old.newest != new.newest).then(|| Detail {
        text: format!("it was {}, and is {}", old.newest, new.newest),
        breaks: new.newest < old.newest,
        seen_by: Nobody,
    });
    let all = [(SONAME, soname), (OLDEST, oldest), (NEWEST, newest)];
    all.into_iter()
        .filter_map(|(name, detail)| {
            let details = detail.into_iter().collect();
            change(name, None, None, Sort::Changed, details)
        })
        .collect()
}

fn changed_type(was: &Type, is: &Type, old: &Abi) -> Vec<Detail> {
    let same = match (&was.kind, &is.kind) {
        (TypeKind::Opaque { .. }, TypeKind::Opaque { .. }) => true,
        (TypeKind::Integer { c: was }, TypeKind::Integer { c: is }) => was == is,
        (TypeKind::Callback { signature: was }, TypeKind::Callback { signature: is }) => {
            nameless(was) == nameless(is)
        }
        _ => false,
    };
    if same {
        return Vec::new();
    }
    let seen_by = if is_reached(&was.name, old) {
        Types
    } else {
        Nobody
    };
    vec![Detail::breaking(
        seen_by,
        format!("`{}` has become `{}`", was.declaration(), is.declaration()),
    )]
}

/// The signature of a callback without the names of its parameters, which mean nothing to a compiler.
fn nameless(signature: &str) -> String {
    let Some((head, parameters)) = signature.trim_end_matches(')').rsplit_once('(') else {
        return signature.to_owned();
    };
    let parameters: Vec<&str> = parameters
        .split(',')
        .map(|parameter| {
            let parameter = parameter.trim();
            let of = parameter
                .trim_end_matches(|of: char| of.is_alphanumeric() || of == '_')
                .trim_end();
            if of.is_empty() { parameter } else { of }
        })
        .collect();
    format!("{head}({})", parameters.join(", "))
}

/// Whether a function uses the type, itself or in a callback.
fn is_reached(name: &str, abi: &Abi) -> bool {
    let names = |c: &str| {
        c.split(|of: char| !of.is_alphanumeric() && of != '_')
            .any(|word| word == name)
    };
    let uses = |function: &Function| {
        names(&function.returns.c)
            || function
                .parameters
                .iter()
                .any(|parameter| names(&parameter.c))
    };
    let in_callback = |of: &Type| match &of.kind {
        TypeKind::Callback { signature } => of.name != name && names(signature),
        _ => false,
    };
    abi.functions.iter().any(uses)
        || abi
            .types
            .iter()
            .any(|of| in_callback(of) && is_reached(&of.name, abi))
}

fn constant(name: &str, was: Option<&Constant>, is: Option<&Constant>) -> Option<Change> {
    let (mut sort, mut details) = (Sort::Changed, Vec::new());
    match (was, is) {
        (Some(was), Some(is)) => {
            if was.value != is.value {
                sort = Sort::Renumbered;
                details.push(Detail::breaking(
                    Preprocessor,
                    format!("it was {}, and is {}", was.value, is.value),
                ));
            }
            if was.c != is.c {
                details.push(Detail::breaking(
                    Nobody,
                    format!("its type was `{}`, and is `{}`", was.c, is.c),
                ));
            }
        }
        (Some(_), None) => details.push(Detail::breaking(Preprocessor, "it is gone".to_owned())),
        _ => details.push(Detail::more("it is new")),
    }
    let declaration = |of: &Constant| format!("#define {} {} ({})", of.name, of.value, of.c);
    change(
        name,
        was.map(declaration),
        is.map(declaration),
        sort,
        details,
    )
}

fn removed_function(was: &Function, old: &Abi, new: &Abi) -> Detail {
    let is_old = |name: &String| old.functions.iter().any(|other| other.name == *name);
    let renamed = new.functions.iter().find(|other| {
        !is_old(&other.name)
            && other.declaration().replacen(&other.name, &was.name, 1) == was.declaration()
    });
    let text = match renamed {
        Some(other) => format!("it is gone; it may have been renamed to {}", other.name),
        None => "it is gone".to_owned(),
    };
    Detail::breaking(Types, text)
}

fn changed_function(was: &Function, is: &Function) -> Vec<Detail> {
    let mut details = changed_return(&was.returns, &is.returns);
    details.extend(changed_parameters(&was.parameters, &is.parameters));
    // What is said of both beyond one word is prose, and may become clearer.
    match (was.notice.blocks, is.notice.blocks) {
        (false, true) => details.push(Detail::breaking(
            Nobody,
            format!("it never blocked, and blocks {}", is.notice.blocks_text),
        )),
        (true, false) => details.push(Detail::more("it blocked, and never does now")),
        _ => {}
    }
    match (was.notice.threads.as_str(), is.notice.threads.as_str()) {
        ("any", "any") => {}
        ("any", other) => details.push(Detail::breaking(
            Nobody,
            format!("it was for any thread, and is for {other}"),
        )),
        (_, "any") => details.push(Detail::more("it is for any thread now")),
        _ => {}
    }
    details
}

fn changed_return(was: &Return, is: &Return) -> Vec<Detail> {
    if was.c != is.c {
        let text = format!("it returned `{}`, and returns `{}`", was.c, is.c);
        return vec![Detail::breaking(Types, text)];
    }
    let mut details = Vec::new();
    match (was.nullable, is.nullable) {
        (false, true) => details.push(Detail::breaking(
            Nobody,
            "its result was never NULL, and may be".to_owned(),
        )),
        (true, false) => details.push(Detail::more("its result may no longer be NULL")),
        _ => {}
    }
    details.extend(changed_owner("its result", was.ownership, is.ownership));
    details
}

fn changed_parameters(was: &[Parameter], is: &[Parameter]) -> Vec<Detail> {
    if was.len() != is.len() {
        return other_parameters(was, is);
    }
    let mut details = Vec::new();
    let place = |name: &str| was.iter().position(|parameter| parameter.name == name);
    let moved = is
        .iter()
        .enumerate()
        .any(|(index, parameter)| place(&parameter.name).is_some_and(|before| before != index));
    if moved {
        let same_types = was.iter().zip(is).all(|(was, is)| was.c == is.c);
        let seen_by = if same_types { Nobody } else { Types };
        details.push(Detail::breaking(
            seen_by,
            format!("its arguments were {}, and are {}", names(was), names(is)),
        ));
    }
    for (number, (before, after)) in was.iter().zip(is).enumerate() {
        // A parameter with another name is the same one, unless that name was another's.
        let before = if moved {
            was.iter().find(|other| other.name == after.name)
        } else {
            Some(before)
        };
        let Some(before) = before else { continue };
        let whose = format!("argument {} ({})", number + 1, after.name);
        details.extend(changed_parameter(&whose, before, after));
    }
    details
}

/// Where their number is another, by their names.
fn other_parameters(was: &[Parameter], is: &[Parameter]) -> Vec<Detail> {
    let mut details = Vec::new();
    for (number, parameter) in was.iter().enumerate() {
        let whose = format!("argument {} ({})", number + 1, parameter.name);
        match is.iter().find(|other| other.name == parameter.name) {
            Some(after) => details.extend(changed_parameter(&whose, parameter, after)),
            None => details.push(Detail::breaking(Types, format!("{whose} is gone"))),
        }
    }
    for (number, parameter) in is.iter().enumerate() {
        if was.iter().all(|other| other.name != parameter.name) {
            let text = format!("argument {} ({}) is new", number + 1, parameter.name);
            details.push(Detail::breaking(Types, text));
        }
    }
    details
}

fn changed_parameter(whose: &str, was: &Parameter, is: &Parameter) -> Vec<Detail> {
    if was.c != is.c {
        let text = format!("{whose} was `{}`, and is `{}`", was.c, is.c);
        return vec![Detail::breaking(Types, text)];
    }
    let mut details = Vec::new();
    match (was.nullable, is.nullable) {
        (true, false) => details.push(Detail::breaking(
            Nobody,
            format!("{whose} could be NULL, and is required now"),
        )),
        (false, true) => details.push(Detail::more(&format!("{whose} may be NULL now"))),
        _ => {}
    }
    details.extend(changed_owner(whose, was.ownership, is.ownership));
    details
}

fn changed_owner(whose: &str, was: Option<Ownership>, is: Option<Ownership>) -> Option<Detail> {
    let words = |of: Option<Ownership>| of.map_or("nobody's".to_owned(), |of| of.to_string());
    (was != is).then(|| {
        let text = format!("{whose} was {}, and is {}", words(was), words(is));
        Detail::breaking(Nobody, text)
    })
}

fn names(parameters: &[Parameter]) -> String {
    let names: Vec<&str> = parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{SeenBy, compare, nameless};
    use crate::abi::{Abi, Function};
    use crate::sample;

    /// What is said of a sample in which this function was changed so.
    fn said(name: &str, change: impl Fn(&mut Function)) -> Vec<(String, bool, SeenBy)> {
        let mut new = sample::abi().unwrap();
        let functions = new.functions.iter_mut();
        functions
            .filter(|function| function.name == format!("polyai_{name}"))
            .for_each(change);
        all(&sample::abi().unwrap(), &new)
    }

    fn all(old: &Abi, new: &Abi) -> Vec<(String, bool, SeenBy)> {
        compare(old, new)
            .into_iter()
            .flat_map(|change| change.details)
            .map(|detail| (detail.text, detail.breaks, detail.seen_by))
            .collect()
    }

    fn one(text: &str, breaks: bool, seen_by: SeenBy) -> Vec<(String, bool, SeenBy)> {
        vec![(text.to_owned(), breaks, seen_by)]
    }

    #[test]
    fn prose_and_names_of_parameters_may_change() {
        let same = said("config_set", |function| {
            function.notice.since = "0.2.0".to_owned();
            function.notice.summary = "Other words.".to_owned();
            function.notice.threads = "one at a time for every config".to_owned();
            function.parameters[1].name = "option".to_owned();
            function.parameters[2].name = "option_length".to_owned();
        });
        assert_eq!(same, []);
        assert_eq!(
            nameless("void (*cb)(void *user_data, polyai_level level, const char *line)"),
            "void (*cb)(void *, polyai_level, const char *)"
        );
        assert_eq!(nameless("void (*cb)(void)"), "void (*cb)(void)");
    }

    #[test]
    fn arguments_of_one_type_that_change_places_are_seen_by_us_alone() {
        let moved = said("config_set", |function| {
            function.parameters.swap(1, 3);
            function.parameters.swap(2, 4);
        });
        let text = "its arguments were config, key, key_length, value, value_length, error, and are config, value, \
                    value_length, key, key_length, error";
        assert_eq!(moved, one(text, true, SeenBy::Nobody));
    }

    #[test]
    fn a_promise_may_grow_but_not_shrink() {
        let grown = said("conversation_respond", |function| {
            function.notice.blocks = false;
        });
        assert_eq!(
            grown,
            one("it blocked, and never does now", false, SeenBy::Nobody)
        );
        let grown = said("config_set", |function| {
            function.parameters[3].nullable = true;
        });
        assert_eq!(
            grown,
            one("argument 4 (value) may be NULL now", false, SeenBy::Nobody)
        );
        let shrunk = said("client_log", |function| {
            function.parameters[2].ownership = None;
        });
        assert_eq!(
            shrunk,
            one(
                "argument 3 (user_data) was kept by the library, and is nobody's",
                true,
                SeenBy::Nobody
            )
        );
        let shrunk = said("config_new", |function| {
            function.notice.threads = "the first".to_owned();
        });
        assert!(shrunk.is_empty(), "it was for one at a time: {shrunk:?}");
    }

    #[test]
    fn the_newest_number_may_only_grow() {
        let (mut old, mut new) = (sample::abi().unwrap(), sample::abi().unwrap());
        new.numbers.newest = 2;
        assert_eq!(
            all(&old, &new),
            one("it was 1, and is 2", false, SeenBy::Nobody)
        );
        std::mem::swap(&mut old, &mut new);
        assert_eq!(
            all(&old, &new),
            one("it was 2, and is 1", true, SeenBy::Nobody)
        );
    }
}
