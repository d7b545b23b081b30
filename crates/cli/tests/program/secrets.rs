#[cfg(unix)]
use crate::support::Ran;
use crate::support::{KEY, Program, TOKEN, simulator};
#[cfg(unix)]
use polyai_chat_simulator::Operation;

#[test]
fn a_key_is_not_taken_from_an_argument_nor_repeated() {
    let program = Program::new();
    for arguments in [
        &["chat", "--api-key", KEY, "-m", "x"][..],
        &["chat", "--simulator", "--token=canary"],
        &["--api-key", KEY, "doctor"],
        &["doctor", "--token", TOKEN],
        &["chat", "--key-fd", KEY, "-m", "x"],
        &["chat", "--token-fd", TOKEN, "-m", "x"],
    ] {
        let ran = program.run(arguments);
        assert!(matches!(ran.status, Some(2 | 11)), "{ran:?}");
        ran.assert_keeps_secrets();
    }
    let ran = program.run(&["chat", "--api-key", KEY]);
    for way in ["POLYAI_API_KEY", "--profile", "--key-fd", "--prompt-keys"] {
        ran.assert_complains(way);
    }
}

#[test]
fn no_output_holds_key_or_token() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let wrong = Program::for_simulator(&simulator).with("POLYAI_API_KEY", "canary-of-another");
    let transcripts = [
        program.path("transcript.txt"),
        program.path("transcript.jsonl"),
    ];
    for (program, status) in [(&program, 0), (&wrong, 14)] {
        for transcript in &transcripts {
            let ran = program.run(&[
                "chat",
                "--verbose",
                "--transcript",
                transcript,
                "-m",
                "hello",
            ]);
            ran.assert_status(status);
            ran.assert_keeps_secrets();
        }
        for arguments in [
            &["chat", "--json", "-m", "hello"][..],
            &["doctor"],
            &["doctor", "--json"],
        ] {
            let ran = program.run(arguments);
            ran.assert_status(status);
            ran.assert_keeps_secrets();
        }
    }
    for transcript in &transcripts {
        assert!(
            !std::fs::read_to_string(transcript)
                .unwrap()
                .contains("canary")
        );
    }
}

#[test]
fn a_wrong_key_in_the_environment_or_a_profile_is_not_shown() {
    let program = Program::new().with("POLYAI_API_KEY", "canary\nX-Injected: yes");
    let ran = program.run(&["chat", "-m", "x"]);
    ran.assert_status(12);
    ran.assert_complains("api_key (environment variable POLYAI_API_KEY): holds a line break");
    ran.assert_keeps_secrets();
    let program = Program::new();
    let file = program.file("config.toml", "[default]\n\napi_key = \"canary key\"\n");
    let ran = program
        .with("POLYAI_CONFIG_FILE", &file)
        .run(&["chat", "-m", "x"]);
    ran.assert_status(12);
    ran.assert_complains("line 3");
    ran.assert_keeps_secrets();
}

#[test]
fn a_login_in_a_url_is_refused_and_not_shown() {
    for (option, url) in [
        ("base_url", "https://canary:canary@chat.example/polyai"),
        ("base_url", "https://canary:cana/ry@chat.example"),
        ("base_url", "http://canary:cana@ry@chat.example"),
        ("base_url", "canary:canary@chat.example"),
        ("studio_url", "https://canary:canary@studio.poly.ai/a/b"),
        ("studio_url", "https://canary:cana/ry@studio.poly.ai/a/b"),
    ] {
        let variable = format!("POLYAI_{}", option.to_uppercase());
        let program = Program::new().with(&variable, url);
        for arguments in [&["doctor"][..], &["doctor", "--json"], &["chat", "-m", "x"]] {
            let ran = program.run(arguments);
            ran.assert_status(12);
            ran.assert_keeps_secrets();
            for part in ["cana", "ry@"] {
                assert!(!ran.output.contains(part), "{ran:?}");
                assert!(!ran.errors.contains(part), "{ran:?}");
            }
        }
        let ran = program.run(&["doctor"]);
        let scheme = url.split_once("canary").unwrap().0;
        ran.assert_shows(&format!("{option} = {scheme}***@"));
    }
}

#[cfg(unix)]
#[test]
fn keys_are_read_from_file_descriptors() {
    let simulator = simulator();
    let configured = Program::for_simulator(&simulator)
        .with("POLYAI_API_KEY", "wrong")
        .with("POLYAI_TOKEN", "wrong");
    let (key, token) = (
        configured.file("key", format!("{KEY}\r\n")),
        configured.file("token", TOKEN),
    );
    let both = configured.file("both", format!("{KEY}\n{TOKEN}\n"));
    let program = env!("CARGO_BIN_EXE_polyai-chat");
    for line in [
        format!("'{program}' chat --key-fd 3 --token-fd 4 -m hello 3<'{key}' 4<'{token}'"),
        format!("'{program}' chat --key-fd 3 --token-fd 3 -m hello 3<'{both}'"),
        format!("cat '{both}' | '{program}' chat --key-fd 0 --token-fd 0 -m hello"),
    ] {
        let ran = Ran::from(
            configured
                .in_environment("sh", &["-c", &line])
                .output()
                .unwrap(),
        );
        ran.assert_status(0);
        ran.assert_keeps_secrets();
    }
    assert_eq!(simulator.requests_to(Operation::Create), 3);
    let ran = configured.run(&["chat", "--key-fd", "99", "-m", "x"]);
    ran.assert_status(11);
}

#[cfg(unix)]
#[test]
fn keys_are_asked_for_only_on_a_terminal() {
    let simulator = simulator();
    let configured = Program::for_simulator(&simulator);
    let program = env!("CARGO_BIN_EXE_polyai-chat");
    // In a session of its own there is no terminal to ask on.
    let ran = Ran::from(
        configured
            .in_environment(
                "setsid",
                &["--wait", program, "chat", "--prompt-keys", "-m", "x"],
            )
            .output()
            .unwrap(),
    );
    ran.assert_status(11);
    ran.assert_complains("needs a terminal");
}
