use crate::support::{Program, simulator};

#[test]
fn wrong_options_are_refused_with_option_source_and_remedy() {
    let simulator = simulator();
    let configured = || Program::for_simulator(&simulator);
    let cases: [(Program, &[&str], i32, &[&str]); 13] = [
        (
            Program::new(),
            &[],
            12,
            &["POLYAI_REGION", "POLYAI_ACCOUNT_ID", "POLYAI_API_KEY"],
        ),
        (
            configured(),
            &["--region", "mars"],
            12,
            &["region (given explicitly)", "known are us"],
        ),
        (
            configured(),
            &["--region", "uk", "--base-url", "https://a.example"],
            12,
            &["region", "base_url", "set only one"],
        ),
        (
            configured(),
            &["--base-url", "http://a.example"],
            12,
            &["base_url", "allow_plain_http"],
        ),
        (
            configured(),
            &["--account-id", "../x"],
            12,
            &["account_id", "given explicitly", "letters, digits"],
        ),
        (
            configured(),
            &["--account-id", ""],
            12,
            &["account_id", "empty"],
        ),
        (
            configured().with("POLYAI_PROJECT_ID", "a b"),
            &[],
            12,
            &[
                "project_id",
                "environment variable POLYAI_PROJECT_ID",
                "letters",
            ],
        ),
        (
            configured(),
            &["--timeout", "0s"],
            2,
            &["--timeout", "longer than zero"],
        ),
        (
            configured(),
            &["--timeout", "5"],
            2,
            &["--timeout", "500ms"],
        ),
        (
            configured(),
            &["--attributes-json", "[1]"],
            11,
            &["--attributes-json", "not an object"],
        ),
        (
            configured(),
            &["--attributes-json", "{"],
            11,
            &["--attributes-json", "not JSON"],
        ),
        (
            configured(),
            &["--attribute", "x"],
            2,
            &["--attribute", "name=value"],
        ),
        (configured(), &["--profile", "nobody"], 12, &["config.toml"]),
    ];
    for (program, arguments, status, words) in cases {
        let mut all = vec!["chat", "-m", "x"];
        all.extend(arguments);
        let ran = program.run(&all);
        ran.assert_status(status);
        for word in words {
            assert!(ran.errors.contains(word), "{word}: {ran:?}");
        }
    }
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn help_lists_the_exit_statuses() {
    for arguments in [
        &["--help"][..],
        &["chat", "--help"],
        &["doctor", "--help"],
        &["simulator", "-h"],
    ] {
        let ran = Program::new().run(arguments);
        ran.assert_status(0);
        for kind in polyai_chat_core::ErrorKind::ALL {
            assert!(
                ran.output.contains(kind.name()),
                "{} in {arguments:?}",
                kind.name()
            );
        }
    }
}

#[test]
fn a_profile_is_chosen_by_flag_by_environment_or_by_default() {
    let simulator = simulator();
    let program = Program::new();
    let profile = |name: &str, key: &str| {
        format!(
            "[{name}]\nbase_url = \"{}\"\naccount_id = \"{}\"\nproject_id = \"{}\"\napi_key = \"{key}\"\ntoken = \"{}\"\n",
            simulator.url(),
            simulator.account_id(),
            simulator.project_id(),
            simulator.token()
        )
    };
    let file = program.file(
        "config.toml",
        profile("default", "wrong") + &profile("right", &simulator.api_key()),
    );
    let program = program.with("POLYAI_CONFIG_FILE", &file);
    program.run(&["chat", "-m", "x"]).assert_status(14);
    program
        .run(&["chat", "--profile", "right", "-m", "x"])
        .assert_status(0);
    let program = program.with("POLYAI_PROFILE", "right");
    program.run(&["chat", "-m", "x"]).assert_status(0);
    program
        .run(&["chat", "--profile", "default", "-m", "x"])
        .assert_status(14);
}
