//! The arguments of `chat`.

use super::{connection, switch};
use clap::{Arg, ArgAction, Command, value_parser};
use std::path::PathBuf;

/// What is said when a conversation is created, and cannot be said about one that exists.
const ON_CREATE: [&str; 9] = [
    "variant-id",
    "channel",
    "attribute",
    "attributes-json",
    "lang",
    "input-lang",
    "output-lang",
    "user-id",
    "metadata-json",
];

/// What says where the service is and who asks; with the simulator all of that is known.
const OF_THE_SERVICE: [&str; 11] = [
    "region",
    "base_url",
    "studio_url",
    "account_id",
    "project_id",
    "allow_plain_http",
    "ca_file",
    "profile",
    "key-fd",
    "token-fd",
    "prompt-keys",
];

pub(super) fn command() -> Command {
    Command::new(super::CHAT)
        .about("Holds a conversation: at the prompt, or scripted with -m or --input-file")
        .long_about(
            "Holds a conversation with the agent. With -m, --input-file, --json or an input that is no terminal it is \
             scripted: it sends one message after the other, stops when the agent ends the conversation, and closes \
             what it created, also on errors and on Ctrl-C. Otherwise it is interactive; /help lists what can be \
             typed there.",
        )
        .args(messages())
        .args(conversation())
        .args(output())
        .args(simulator())
        .args(connection::arguments())
        .after_help(crate::exit_status::table())
}

fn messages() -> [Arg; 3] {
    [
        Arg::new("message")
            .short('m')
            .long("message")
            .value_name("TEXT")
            .action(ArgAction::Append)
            .allow_hyphen_values(true)
            .help("A message to send; repeat it for more turns. An empty one is sent too"),
        Arg::new("no-message")
            .long("no-message")
            .action(ArgAction::Append)
            .num_args(0)
            .value_parser(value_parser!(bool))
            .default_missing_value("true")
            .help("A turn without a message, as when the customer is silent; -m before and after it keep their order"),
        Arg::new("input-file")
            .long("input-file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Sends each line of this file, after those of -m; - is the standard input. Empty lines are skipped"),
    ]
}

fn conversation() -> Vec<Arg> {
    const HEADING: &str = "Conversation";
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let arguments = [
        text(
            "conversation-id",
            "ID",
            "Goes on with this conversation instead of creating one; it is not closed unless --close is given",
        )
        .conflicts_with_all(ON_CREATE),
        switch("close", "Closes the conversation of --conversation-id at the end").requires("conversation-id"),
        text("variant-id", "ID", "The variant of the agent"),
        text("channel", "CHANNEL", "The channel: webchat, whatsapp, sms, api, or a newer one"),
        text("attribute", "NAME=VALUE", "What the agent may know about the caller, as text; repeat it for more")
            .action(ArgAction::Append)
            .value_parser(name_and_value),
        text("attributes-json", "JSON", "The same as a JSON object, for values that are no text; --attribute adds to it"),
        text("lang", "CODE", "The language of both sides, such as en-US"),
        text("input-lang", "CODE", "The language of the messages, instead of --lang"),
        text("output-lang", "CODE", "The language of the replies, instead of --lang"),
        text("user-id", "ID", "Dialect legacy: who the session belongs to [default: a new UUID]"),
        text("metadata-json", "JSON", "Dialect legacy: what goes with the conversation, a JSON object"),
    ];
    arguments
        .into_iter()
        .map(|argument| argument.help_heading(HEADING))
        .collect()
}

fn output() -> Vec<Arg> {
    [
        switch("json", "Prints one JSON object when the conversation is over; scripted only"),
        Arg::new("transcript")
            .long("transcript")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Appends what is said to this file: as JSON lines if its name ends in .jsonl, else as text"),
        Arg::new("record")
            .long("record")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with("conversation-id")
            .help(
                "Records the conversation in this new file, without key and token, as a script that simulator --script \
                 replays",
            ),
        switch(
            "redact-text",
            "Records placeholders in place of what customer and agent say: message 1, reply 1",
        )
        .requires("record"),
        switch("verbose", "Shows conversation id, correlation ids and times").short('v'),
        switch("no-history", "Neither reads nor keeps the history of what was typed at the prompt"),
    ]
    .into_iter()
    .map(|argument| argument.help_heading("Output"))
    .collect()
}

fn simulator() -> [Arg; 2] {
    const HEADING: &str = "Simulator";
    [
        switch(
            "simulator",
            "Starts the embedded simulator and talks to it over HTTP; reads neither environment nor profile",
        )
        .conflicts_with_all(OF_THE_SERVICE)
        .help_heading(HEADING),
        Arg::new("simulator-script")
            .long("simulator-script")
            .visible_alias("script")
            .value_name("FILE")
            .requires("simulator")
            .value_parser(value_parser!(PathBuf))
            .help("What the simulated agent says: a TOML file")
            .help_heading(HEADING),
    ]
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}
