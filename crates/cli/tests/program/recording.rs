//! What `--record` writes, and that the simulator replays it.

use crate::support::{KEY, LONG, Program, Ran, TOKEN, simulator};
use polyai_chat_simulator::{Action, Answer, Dialect, Fault, Operation, Pause, Script, Simulator};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

/// A service that says all kinds of things, its client's key among them.
const SERVICE: &str = r#"
[[conversations]]
greeting = "Grüß Gott {{Sam}} 👋, your key is canary-key-7f3a"
fields = { locale = "de-AT", echoed = ["canary-token-91bc"] }
[[conversations.turns]]
reply = "You \"said\"\n\ttwo \\ lines"
[[conversations.turns]]
reply = "Are you there?"
fields_json = '{"confidence": 0.75, "nothing": null}'
[[conversations.turns]]
reply = ""
[[conversations.turns]]
reply = "A colleague, 請稍候"
handoff = { destination = "returns-desk", reason = "customer asked canary-key-7f3a", chat = { canary-token-91bc = [1, 2.5] } }
[[conversations.turns]]
reply = "Goodbye"
end = true
handoff_json = '{"destination": null}'
"#;

const SAID: [&str; 10] = [
    "-m",
    "My key is canary-key-7f3a. {Where} is my \"order\"?\n\u{1b}😀",
    "--no-message",
    "-m",
    "",
    "-m",
    "A human",
    "-m",
    "bye",
    "--verbose",
];

fn playing(script: &str, dialect: Dialect) -> Simulator {
    Simulator::builder()
        .credentials(KEY, TOKEN)
        .script(Script::parse(script, "script.toml").unwrap())
        .dialect(dialect)
        .start()
        .unwrap()
}

/// Holds the conversation with this agent, and gives what was recorded.
fn recorded(agent: &Simulator, more: &[&str]) -> (Ran, String) {
    let program = Program::for_simulator(agent);
    let file = program.path("talk.toml");
    let mut arguments = vec!["chat", "--record", &file];
    arguments.extend(more);
    let ran = program.run(&arguments);
    (ran, std::fs::read_to_string(file).unwrap())
}

/// A recording, but for its times.
fn timeless(recording: &str) -> Vec<&str> {
    let lines = recording.lines();
    lines.filter(|line| !line.starts_with("delay_ms")).collect()
}

#[test]
fn a_recording_that_is_replayed_and_recorded_is_the_same() {
    for dialect in [Dialect::Current, Dialect::Legacy] {
        let (ran, first) = recorded(&playing(SERVICE, dialect), &SAID);
        ran.assert_status(0);
        assert!(!first.contains("canary"), "{first}");
        assert!(first.contains("your key is [redacted]"), "{first}");
        assert_eq!(
            first.matches("[[conversations.turns]]").count(),
            5,
            "{first}"
        );
        assert_eq!(
            first.matches("no_message = true").count(),
            usize::from(dialect == Dialect::Current)
        );
        assert_eq!(
            first.matches("\nhandoff").count(),
            if dialect == Dialect::Current { 2 } else { 0 }
        );
        assert_eq!(first.matches("delay_ms = ").count(), 6, "{first}");
        assert!(first.contains("\nend = true\n"), "{first}");
        assert!(first.contains("{{Sam}} 👋"), "{first}");

        let agent = playing(&first, dialect);
        let (replayed, second) = recorded(&agent, &SAID);
        replayed.assert_status(0);
        assert_eq!(timeless(&second), timeless(&first));
        replayed.assert_shows("Are you there?");
        let held = &agent.conversations()[0];
        assert_eq!((held.turns, held.ended), (5, true));
    }
}

#[test]
fn a_recording_without_texts_can_be_given_away_and_replays_the_same_way() {
    let service = SERVICE
        .replace("two", "canary words")
        .replace("de-AT", "canary locale")
        .replace("Sam", "canary name");
    for dialect in [Dialect::Current, Dialect::Legacy] {
        let mut said = vec![
            "--redact-text",
            "-m",
            "a canary secret",
            "--no-message",
            "-m",
            "",
        ];
        said.extend(["-m", "A canary human", "-m", "bye canary"]);
        let (ran, first) = recorded(&playing(&service, dialect), &said);
        ran.assert_status(0);
        for word in ["canary", "colleague", "bye", "human", "customer", "key"] {
            assert!(!first.contains(word), "{word}: {first}");
        }
        for line in [
            "greeting = \"greeting xxxxxxxxx",
            "message = \"message 1 xxxxxx\"",
            "reply = \"\"",
            "reply = \"reply 4 xxxxxxxx",
            "end = true",
        ] {
            assert!(first.contains(line), "{line}: {first}");
        }
        if dialect == Dialect::Current {
            assert!(first.contains("destination = \"returns-desk\""), "{first}");
            assert!(first.contains("reason = \"text\""), "{first}");
        }
        let (replayed, second) = recorded(&playing(&first, dialect), &said);
        replayed.assert_status(0);
        assert_eq!(timeless(&second), timeless(&first));
    }
}

#[test]
fn errors_of_the_service_are_replayed_with_status_and_code() {
    let quota = Answer::status(429).error_code("QUOTA");
    for (operation, answer, status, line) in [
        (
            Operation::Respond,
            quota,
            19,
            "answer = { status = 429, error_code = \"QUOTA\" }\ntimes = 3\n",
        ),
        (
            Operation::Respond,
            Answer::status(500).error_code("FUNCTION_FAILED"),
            20,
            "FUNCTION_FAILED",
        ),
        (
            Operation::Respond,
            Answer::status(502).body(
                "text/html",
                polyai_chat_simulator::AnswerBody::Text("<h1>".to_owned()),
            ),
            20,
            "answer = { status = 502, body = { text = \"\" } }\n",
        ),
        (
            Operation::Create,
            Answer::status(503).error_code("BUSY"),
            20,
            "error_code = \"BUSY\"",
        ),
    ] {
        let service = simulator();
        service.fail(Fault::new(answer).on(operation)).unwrap();
        let (ran, first) = recorded(&service, &["-m", "hello"]);
        ran.assert_status(status);
        assert!(first.contains(line), "{first}");
        let (replayed, second) = recorded(&playing(&first, Dialect::Current), &["-m", "hello"]);
        replayed.assert_status(status);
        assert_eq!(timeless(&second), timeless(&first));
    }
}

#[test]
fn a_file_that_is_there_is_kept_and_nothing_is_sent() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let file = program.file("talk.toml", "precious");
    for more in [&["-m", "hello"][..], &["--json", "-m", "hello"]] {
        let mut arguments = vec!["chat", "--record", &file];
        arguments.extend(more);
        let ran = program.run(&arguments);
        ran.assert_status(11);
        ran.assert_complains("talk.toml: it is there already; remove it");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    program
        .run(&["chat", "--record", "/nowhere/x", "-m", "x"])
        .assert_status(11);
    program
        .run(&["chat", "--redact-text", "-m", "x"])
        .assert_status(2);
    program
        .run(&["chat", "--record", "y", "--conversation-id", "z", "-m", "x"])
        .assert_status(2);
    assert_eq!(simulator.counts().requests, 0);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it_and_without_a_conversation_there_is_none() {
    let program = Program::new();
    let file = program.path("talk.toml");
    program
        .run(&["chat", "--simulator", "--record", &file, "-m", "hello"])
        .assert_status(0);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("# simulator, no PolyAI service contacted\n"),
        "{text}"
    );

    let gone = simulator();
    let program = Program::for_simulator(&gone);
    drop(gone);
    let file = program.path("talk.toml");
    let ran = program.words(&format!("chat --record {file} --max-attempts 1 -m hello"));
    assert_ne!(ran.status, Some(0));
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn what_was_said_before_the_program_was_killed_can_be_replayed() {
    let service = simulator();
    let delay = Action::delay(Pause::Headers, 60_000);
    service
        .fail(Fault::new(delay).on(Operation::Respond).nth(2))
        .unwrap();
    let program = Program::for_simulator(&service);
    let file = program.path("talk.toml");
    let mut child = program.spawn(&["chat", "--record", &file, "-m", "hello", "-m", "lost"]);
    assert!(service.wait_for(|records| records.requests_to(Operation::Respond) == 2, LONG));
    child.kill().unwrap();
    child.wait().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("[[conversations.turns]]").count(), 1, "{text}");
    let ran = Program::new().run(&["chat", "--simulator", "--script", &file, "-m", "hello"]);
    ran.assert_status(0);
    ran.assert_shows("Hello again!");
}

#[test]
fn a_turn_without_an_answer_is_noted_and_not_replayed() {
    let service = simulator();
    let lost = Action::Reset {
        at: polyai_chat_simulator::Moment::AfterTurn,
    };
    service
        .fail(Fault::new(lost).on(Operation::Respond).nth(2))
        .unwrap();
    let (ran, text) = recorded(&service, &["-m", "hello", "-m", "canary lost"]);
    assert_ne!(ran.status, Some(0));
    let noted = text.lines().any(|line| {
        line.starts_with("# A turn had no answer here, and is not replayed: ")
            && line.ends_with(", delivery unknown.")
    });
    assert!(noted, "{text}");
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(text.matches("[[conversations.turns]]").count(), 1, "{text}");
    Script::parse(&text, "talk.toml").unwrap();
}

#[cfg(unix)]
#[test]
fn a_recording_that_cannot_be_written_on_ends_with_a_whole_turn() {
    let program = Program::new();
    let file = program.path("talk.toml");
    let line = format!(
        "ulimit -f 2; trap '' XFSZ; exec '{}' chat --simulator --record '{file}' -m hello -m '{}' -m bye",
        env!("CARGO_BIN_EXE_polyai-chat"),
        "x".repeat(5_000)
    );
    let ran = Ran::from(
        program
            .in_environment("sh", &["-c", &line])
            .output()
            .unwrap(),
    );
    ran.assert_status(1);
    ran.assert_complains("ends with the last turn that is in it");
    assert_eq!(
        ran.output.matches("agent>").count(),
        4,
        "the conversation goes on"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("[[conversations.turns]]").count(), 1, "{text}");
    Script::parse(&text, "talk.toml").unwrap();
}

#[test]
fn a_strict_replay_says_what_was_expected() {
    let program = Program::new();
    let file = program.path("talk.toml");
    program
        .run(&["chat", "--simulator", "--record", &file, "-m", "hello"])
        .assert_status(0);
    let strict = format!("strict = true\n{}", std::fs::read_to_string(&file).unwrap());
    let strict = program.file("strict.toml", strict);
    program
        .run(&["chat", "--simulator", "--script", &strict, "-m", "hello"])
        .assert_status(0);
    let ran = program.run(&["chat", "--simulator", "--script", &strict, "-m", "hullo"]);
    assert_ne!(ran.status, Some(0));
    ran.assert_complains("is the message \"hello\", not the message \"hullo\"");
}

#[test]
fn a_replay_speaks_the_dialect_of_the_recording() {
    let program = Program::new();
    let file = program.path("talk.toml");
    let legacy = [
        "chat",
        "--simulator",
        "--dialect",
        "legacy",
        "--record",
        &file,
        "-m",
        "hello",
    ];
    program.run(&legacy).assert_status(0);
    let ran = program.words(&format!(
        "chat --simulator --script {file} --verbose -m hello"
    ));
    ran.assert_status(0);
    ran.assert_shows("conversation WEBCHAT_");
}

/// What the manual shows is what happens. Only times differ.
#[cfg(unix)]
#[test]
fn the_manual_shows_what_really_happens() {
    let manual = include_str!("../../../../docs/simulator.md");
    let program = Program::new();
    let directory = std::path::Path::new(env!("CARGO_BIN_EXE_polyai-chat"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let timeless = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| match line.split_once("delay_ms = ") {
                Some((before, _)) => format!("{before}delay_ms"),
                None => line.to_owned(),
            });
        lines.collect()
    };
    let mut commands = 0;
    for block in manual.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for shown in block.split("$ ").skip(1) {
            let (command, output) = shown.split_once('\n').unwrap();
            let ran = program
                .in_environment("sh", &["-c", command])
                .env("PATH", &path)
                .current_dir(program.home.path())
                .output()
                .unwrap();
            let ran = Ran::from(ran);
            assert_eq!(
                timeless(&ran.output),
                timeless(output),
                "{command}: {ran:?}"
            );
            commands += 1;
        }
    }
    assert!(commands >= 3, "{commands}");
}
