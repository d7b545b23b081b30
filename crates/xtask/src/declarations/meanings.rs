//! The members of the core's enums, with what each means, where a language's own file has to hold them.

use crate::abi::{Abi, Constant};
use crate::documentation::wrapped;
use polyai_chat_core::ErrorKind;

/// The enums of C++, and the type in C that each stands for.
const OF_CPP: [(&str, &str); 4] = [
    ("Status", "polyai_status"),
    ("Delivery", "polyai_delivery"),
    ("State", "polyai_state"),
    ("LogLevel", "polyai_log_level"),
];

/// The enums of C++ with all members of its enums.
pub(crate) fn in_cpp(abi: &Abi, header: &str) -> Result<String, String> {
    let mut text = header.to_owned();
    for (name, of) in OF_CPP {
        let begin = format!("enum class {name} : std::uint32_t {{\n");
        let members = abi.constants.iter().filter(|constant| constant.c == of);
        let members: String = members.filter_map(as_in_cpp).collect();
        text = replaced(&text, &begin, "};\n", &members)
            .ok_or_else(|| format!("enums.hpp: there is no `{}`", begin.trim_end()))?;
    }
    Ok(text)
}

fn as_in_cpp(constant: &Constant) -> Option<String> {
    let name = constant.member.as_deref()?;
    let lines = wrapped(&constant.doc.join(" "), 124);
    let comment = match lines.as_slice() {
        [line] => format!("    /** {line} */\n"),
        lines => format!("    /**\n     * {}\n     */\n", lines.join("\n     * ")),
    };
    Some(format!("{comment}    {name} = {},\n", constant.name))
}

/// The exceptions of Python, each with what its kind means as its documentation.
pub(crate) fn in_python(module: &str) -> Result<String, String> {
    let mut text = module.to_owned();
    for kind in ErrorKind::ALL {
        let end = format!("\"\"\"\n\n    kind = \"{kind}\"\n");
        let meaning = wrapped(kind.meaning(), 110).join("\n    ");
        let before = text
            .split_once(&end)
            .and_then(|(before, _)| before.rsplit_once("\"\"\""));
        let (_, said) =
            before.ok_or_else(|| format!("_errors.py: no class has the kind {kind}"))?;
        text = text.replace(&format!("{said}{end}"), &format!("{meaning}{end}"));
    }
    Ok(text)
}

/// The text with something else between these two.
fn replaced(text: &str, begin: &str, end: &str, between: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{between}{end}{after}"))
}
