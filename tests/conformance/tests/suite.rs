//! The suite itself: its files, and every case in Rust.
#![cfg(test)]

use polyai_chat_conformance::{Outcome, Runner, case, families, run_case};
use std::path::{Path, PathBuf};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn runner() -> Runner {
    let program = env!("CARGO_BIN_EXE_conformance-runner").to_owned();
    Runner::start("rust", &[program]).unwrap()
}

#[test]
fn every_case_holds_in_rust() {
    let mut runner = runner();
    for family in families(&here().join("cases")).unwrap() {
        assert!(!family.cases.is_empty());
        for case in &family.cases {
            let played = run_case(case, &mut runner);
            let (name, seen) = (&case.name, played.seen.join("\n"));
            assert_eq!(
                played.outcome,
                Outcome::Passed,
                "{}: {name}\n{seen}",
                family.name
            );
        }
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let family: case::Family = toml::from_str(
        r#"
        about = "One case, which is wrong in each of its parts."
        [[cases]]
        name = "wrong"
        steps = [
            { do = "create", expect.greeting.response = "something else" },
        ]
        received.create = 2
        "#,
    )
    .unwrap();
    let played = run_case(&family.cases[0], &mut runner());
    let seen = played.seen.join("\n");
    assert!(
        seen.contains("step 1 (create): {") && seen.contains("\"greeting\":{"),
        "what was answered is shown: {seen}"
    );
    assert!(
        seen.contains("whole, acted on, status Some(200)"),
        "what was received is shown: {seen}"
    );
    match played.outcome {
        Outcome::Failed(wrong) => {
            assert!(wrong[0].contains("answer.greeting.response"), "{wrong:?}");
            assert!(
                wrong[1].contains("counted 1 creates and not 2"),
                "{wrong:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_field_that_nobody_knows_is_refused_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("odd.toml");
    std::fs::write(&file, "about = \"x\"\n[[cases]]\nname = \"y\"\nstep = []\n").unwrap();
    let error = families(directory.path()).unwrap_err();
    assert!(
        error.contains("odd.toml") && error.contains("line 4"),
        "{error}"
    );
}
