//! `include/polyai_chat.json`: the ABI for programs. It says nothing about the version, so that it changes with the ABI only.

use std::collections::BTreeSet;

use crate::abi::Abi;

pub(crate) fn manifest(abi: &Abi) -> Result<String, String> {
    let mut text = serde_json::to_string_pretty(abi).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

pub(crate) fn read(text: &str) -> Result<Abi, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The names of the functions, one a line, sorted.
pub(crate) fn exports(abi: &Abi) -> String {
    let names = abi.functions.iter().map(|function| &function.name);
    let sorted: BTreeSet<&String> = names.collect();
    sorted.iter().map(|name| format!("{name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::{exports, manifest, read};
    use crate::sample;

    #[test]
    fn it_says_what_a_generated_test_has_to_know() {
        let text = manifest(&sample::abi().unwrap()).unwrap();
        assert!(text.ends_with("}\n") && !text.contains("\"version\""));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read["abi"],
            serde_json::json!({"newest": 1, "oldest": 1, "soname": "libpolyai_chat.so.1"})
        );
        let functions = read["functions"].as_array().unwrap();
        let new = functions
            .iter()
            .find(|function| function["name"] == "polyai_client_new")
            .unwrap();
        assert_eq!(
            (&new["blocks"], &new["blocks_text"]),
            (&false.into(), &"never".into())
        );
        assert_eq!(
            new["returns"],
            serde_json::json!({"type": "polyai_status", "nullable": false})
        );
        assert_eq!(
            new["parameters"],
            serde_json::json!([
                {"name": "config", "type": "const polyai_config *", "role": "handle", "handle": "polyai_config",
                 "nullable": true, "ownership": "borrowed"},
                {"name": "client", "type": "polyai_client **", "role": "out_handle", "handle": "polyai_client",
                 "nullable": false, "ownership": "given"},
                {"name": "error", "type": "polyai_error **", "role": "error", "handle": "polyai_error",
                 "nullable": true, "ownership": "given"},
            ])
        );
        assert_eq!(read["constants"][0]["value"], 0);
        let callback = read["types"].as_array().unwrap().last().unwrap();
        assert_eq!(
            callback["signature"],
            "void (*polyai_log_callback)(void *user_data, const char *line, size_t length)"
        );
    }

    #[test]
    fn what_was_written_can_be_read() {
        let text = manifest(&sample::abi().unwrap()).unwrap();
        assert_eq!(manifest(&read(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn the_exports_are_sorted() {
        let names = exports(&sample::abi().unwrap());
        let names: Vec<&str> = names.lines().collect();
        assert!(
            names.is_sorted() && names.contains(&"polyai_reply_free"),
            "{names:?}"
        );
    }
}
