//! The C++ binding: what it does, what it does not let compile, and that it leaves nothing of the library out.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, and say what it leaves out"
)]

use polyai_chat_abi::{
    Finished, PATIENCE, Program, Running, SCRIPT, Under, builder, manifest, not_run, repository,
    scratch, simulator, under,
};
use polyai_chat_simulator::{
    Action, Answer, AnswerBody, Dialect, Fault, Operation, RetryAfter, Script, Simulator,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

const STRICT: &[&str] = &["-Wconversion", "-Wshadow"];
const WITHOUT: &[&str] = &["-fno-exceptions", "-fno-rtti"];

fn build(name: &str) -> Program {
    Program::build_with(&format!("tests/abi/programs/cpp_{name}.cpp"), STRICT)
}

/// A simulator whose agent does not answer what begins with "slow".
fn slow_simulator() -> Simulator {
    let rule = "\n[[rules]]\npattern = \"^slow\"\nreply = \"At last.\"\ndelay_ms = 600000\n";
    let script = Script::parse(&format!("{SCRIPT}{rule}"), "slow.toml").unwrap();
    builder().script(script).start().unwrap()
}

/// Runs a program that says which message it has sent, and goes on when the service has it.
fn run_in_step(program: &Program, simulator: &Simulator, messages: &[&str]) -> Finished {
    let mut running = Running::start(&mut program.command_for(simulator));
    for message in messages {
        assert_eq!(running.line(), *message);
        assert!(
            simulator.wait_for(
                |records| records
                    .received()
                    .any(|request| request.complete && request.text().contains(message)),
                PATIENCE
            ),
            "{message}"
        );
        running.write("\n");
    }
    running.finish()
}

// ---- The examples ----

#[test]
fn the_shortest_example_holds_a_conversation() {
    let program = Program::build_with("examples/cpp/conversation.cpp", STRICT);
    let simulator = simulator();
    let finished = program.run(&simulator, &[]).well();
    assert_eq!(
        finished.stdout,
        "agent: Hello Sam.\nagent: You said: Where is my order?\n"
    );
    assert_eq!(simulator.requests_to(Operation::Close), 1);

    let mut stranger = program.command_for(&simulator);
    let refused = Running::start(stranger.env("POLYAI_API_KEY", "another")).finish();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("authentication"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_pool_of_threads_holds_many_conversations() {
    let program = Program::build_with("examples/cpp/thread_pool.cpp", STRICT);
    let simulator = simulator();
    let words = ["4", "20", "one", "human", "bye", "not said any more"];
    assert_eq!(
        program.run(&simulator, &words).well().stdout,
        "20 conversations, 60 replies, 0 said again, 20 handoffs, 0 failures\n"
    );
    assert_eq!(simulator.requests_to(Operation::Respond), 60);
    assert_eq!(simulator.requests_to(Operation::Close), 0);

    // Refused, and so said again; then broken off, and so not.
    simulator.clear();
    let refused = Answer::status(429).retry_after(RetryAfter::Seconds(0));
    let broken = Answer::status(500).processed();
    for (number, answer) in [(1, refused), (4, broken)] {
        simulator
            .fail(Fault::new(answer).on(Operation::Respond).nth(number))
            .unwrap();
    }
    let mut command = program.command_for(&simulator);
    command
        .env("POLYAI_MAX_ATTEMPTS", "1")
        .args(["1", "3", "one", "two"]);
    let finished = Running::start(&mut command).finish();
    assert_eq!(
        finished.stdout,
        "3 conversations, 4 replies, 1 said again, 0 handoffs, 1 failures\n"
    );
    assert_eq!(finished.status.code(), Some(1));
    assert_eq!(simulator.requests_to(Operation::Close), 3);
}

// ---- What it does ----

#[test]
fn a_reply_has_all_that_the_service_said() {
    let program = build("reply");
    for dialect in [Dialect::Current, Dialect::Legacy] {
        let simulator = builder().dialect(dialect).start().unwrap();
        let mood = Map::from_iter([("mood".to_owned(), json!({"glad": true}))]);
        let of_its_own = [
            Action::AlterReply {
                set: mood,
                remove: Vec::new(),
                pad_response: 0,
            },
            Action::AddHeaders {
                lines: vec!["X-Served-By: north\u{e9}".to_owned()],
                filler: 0,
            },
        ];
        for action in of_its_own {
            simulator
                .fail(Fault::new(action).on(Operation::Respond).nth(2))
                .unwrap();
        }
        program.run(&simulator, &[]).well();
        let messages: Vec<_> = simulator.conversations()[0].messages.clone().into();
        let no_message = match dialect {
            Dialect::Current => None,
            Dialect::Legacy => Some(""), // it has no turn without a message
        };
        let said = [
            Some("one"),
            Some("tw\0o"),
            Some(""),
            Some(""),
            no_message,
            Some("human"),
            Some("attached"),
            Some("by id"),
            no_message,
        ];
        assert_eq!(messages, said.map(|message| message.map(str::to_owned)));
    }
}

#[test]
fn an_error_has_all_that_is_known() {
    let program = build("errors");
    let simulator = simulator();
    let answers = [
        Answer::status(429)
            .retry_after(RetryAfter::Seconds(7))
            .error_code("SLOW_DOWN")
            .header("X-Queue", "17"),
        Answer::status(200)
            .body(
                "application/json",
                AnswerBody::Text("this is no JSON".to_owned()),
            )
            .processed(),
        Answer::status(500).processed(),
    ];
    for (number, answer) in (1..).zip(answers) {
        simulator
            .fail(Fault::new(answer).on(Operation::Respond).nth(number))
            .unwrap();
    }
    let mut command = program.command_for(&simulator);
    command.env("POLYAI_MAX_ATTEMPTS", "1");
    Running::start(&mut command).finish().well();
}

#[test]
fn a_handle_has_one_owner() {
    let simulator = simulator();
    build("ownership").run(&simulator, &[]).well();
    // Of four conversations one was given away with its client gone, and only its turn awaited.
    assert_eq!(simulator.requests_to(Operation::Create), 4);
    assert_eq!(simulator.requests_to(Operation::Close), 3);
}

#[test]
fn functions_that_are_called_may_throw_and_are_destroyed() {
    let simulator = slow_simulator();
    run_in_step(&build("callbacks"), &simulator, &["slow, hung up"]).well();
}

#[test]
fn a_turn_is_waited_for_polled_and_cancelled() {
    let simulator = slow_simulator();
    let sent = ["slow, given up", "slow, cancelled", "slow, shut down"];
    run_in_step(&build("turns"), &simulator, &sent).well();
}

#[test]
fn a_conversation_is_closed_at_the_end_of_its_scope() {
    let program = build("guard");
    let scenarios = [
        ("left", 1),
        ("exception", 1),
        ("moved", 1),
        ("ended", 0),
        ("closed", 1),
        ("dismissed", 0),
        ("destroyed", 0),
    ];
    for (scenario, closes) in scenarios {
        let simulator = simulator();
        program.run(&simulator, &[scenario]).well();
        assert_eq!(
            simulator.requests_to(Operation::Close),
            closes,
            "{scenario}"
        );
    }

    // There is no close in the legacy dialect, and nobody to hear one when the service fails: neither is an error.
    let legacy = builder().dialect(Dialect::Legacy).start().unwrap();
    program.run(&legacy, &["left"]).well();
    assert_eq!(legacy.requests_to(Operation::Close), 0);
    let failing = simulator();
    failing
        .fail(Fault::new(Answer::status(500)).on(Operation::Close))
        .unwrap();
    program.run(&failing, &["left"]).well();
    assert!(failing.requests_to(Operation::Close) > 0);
}

#[test]
fn texts_may_grow_and_numbers_be_new() {
    build("texts_that_grow").run(&simulator(), &[]).well();
}

#[test]
fn it_works_without_exceptions() {
    let flags = [STRICT, WITHOUT].concat();
    let program = Program::build_with("tests/abi/programs/cpp_no_exceptions.cpp", &flags);
    let simulator = simulator();
    program.run(&simulator, &[]).well();
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn files_with_and_without_exceptions_make_one_program() {
    let object = scratch("cpp").join(format!("without-{}.o", std::process::id()));
    let source = repository().join("tests/abi/programs/cpp_two_modes_without.cpp");
    let mut compiler = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    compiler
        .args(["-std=c++17", "-g", "-O0", "-fno-exceptions", "-c"])
        .args(includes());
    if under() == Under::AddressSanitizer {
        compiler.arg("-fsanitize=address");
    }
    accepted(
        &compiler
            .arg(source)
            .arg("-o")
            .arg(&object)
            .output()
            .unwrap(),
    );
    // What the linker meets first is what it takes, where two have the same name.
    let flags = ["-O0", object.to_str().unwrap()];
    let with = Program::build_with("tests/abi/programs/cpp_two_modes_with.cpp", &flags);
    fs::remove_file(object).unwrap();
    with.run(&simulator(), &[]).well();
}

// ---- What compiles, and what does not ----

fn includes() -> [String; 2] {
    ["include", "bindings/cpp"]
        .map(|directory| format!("-I{}", repository().join(directory).display()))
}

/// Checks a source, with every warning as an error.
fn compile(compiler: &str, flags: &[&str], source: &Path) -> Output {
    Command::new(compiler)
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(STRICT)
        .args(includes())
        .args(flags)
        .arg(source)
        .output()
        .unwrap()
}

fn accepted(output: &Output) {
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
}

/// The compilers of this machine, by the name under which they are found. Each has to be there in CI.
fn compilers() -> Vec<&'static str> {
    let known = [&["g++"][..], &["clang++", "clang++-14"][..]];
    let mut found = Vec::new();
    for names in known {
        let is_there = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
        match names.iter().find(is_there) {
            Some(name) => found.push(*name),
            None => not_run(&format!(
                "without any of {names:?}: INSTALL=1 tests/require c-tools"
            )),
        }
    }
    found
}

#[test]
fn it_compiles_with_every_standard_and_compiler() {
    let programs: [(&str, &[&str]); 3] = [
        ("ownership", &[]),
        ("errors", &["-fno-rtti"]),
        ("no_exceptions", WITHOUT),
    ];
    thread::scope(|scope| {
        for compiler in compilers() {
            scope.spawn(move || {
                // The name that older compilers know C++23 by, too.
                for standard in ["-std=c++17", "-std=c++20", "-std=c++2b"] {
                    for (name, flags) in programs {
                        let source = format!("tests/abi/programs/cpp_{name}.cpp");
                        let flags = [&[standard], flags].concat();
                        accepted(&compile(compiler, &flags, &repository().join(source)));
                    }
                }
            });
        }
    });
}

/// A statement in a function that has a client and a conversation.
fn source_with(statement: &str) -> String {
    format!(
        "#include <polyai_chat.hpp>\n#include <atomic>\n#include <iostream>\n#include <thread>\n#include <vector>\n\
         using namespace std::chrono_literals;\n\
         void block(polyai::Client& client, polyai::Conversation& conversation);\n\
         void block(polyai::Client& client, polyai::Conversation& conversation)\n\
         {{\nstatic_cast<void>(client);\nstatic_cast<void>(conversation);\n{statement}\n}}\n"
    )
}

fn write_source(name: &str, text: &str) -> PathBuf {
    let path = scratch("cpp").join(format!("{name}-{}.cpp", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

/// What must not compile, and what the compilers say about it, so that it is not refused for another reason.
fn mistakes() -> Vec<(String, &'static str)> {
    let views = [
        "conversation.respond(\"one\").response()",
        "conversation.respond(\"one\").handoff()",
        "conversation.respond(\"one\").headers()",
        "conversation.respond(\"one\").conversation_id()",
        "conversation.respond(\"one\").raw_json()",
        "client.create().id()",
        "client.create().greeting()",
        "client.create().close_on_exit()",
        "conversation.try_respond(\"one\")->response()",
        "(*conversation.try_respond(\"one\")).response()",
        "conversation.try_respond(\"one\").value().response()",
        "conversation.try_respond(\"one\").error().message()",
        "conversation.start_respond(\"one\").correlation_id()",
        "polyai::Client(polyai::Config()).base_url()",
    ];
    let ignored = [
        "client.try_create()",
        "conversation.try_respond(\"one\")",
        "conversation.try_close()",
        "conversation.try_close_if_open()",
        "polyai::Config().try_load_environment()",
        "conversation.respond(\"one\")",
        "conversation.start_respond(\"one\")",
        "conversation.close_on_exit()",
        "polyai::Config().set(\"region\", \"uk\")",
        "client.release()",
    ];
    let others = [
        ("auto copy = conversation;", "deleted"),
        ("auto copy = client;", "deleted"),
        (
            "auto turn = client.start_create(); auto copy = turn;",
            "deleted",
        ),
        ("conversation = client;", "no "),
        ("polyai::Client other = client.raw();", "conversion"),
        (
            "polyai_client* raw = client; static_cast<void>(raw);",
            "conver",
        ),
        (
            "if (conversation.start_respond(\"\").try_ready()) {}",
            "bool",
        ),
        (
            "auto request = polyai::Request().set_timeout(1000);",
            "no matching",
        ),
        (
            "polyai::Status status = 1; static_cast<void>(status);",
            "polyai::Status",
        ),
    ];
    let mut mistakes = Vec::new();
    mistakes.extend(views.map(|view| {
        (
            format!("auto text = {view}; static_cast<void>(text);"),
            "deleted",
        )
    }));
    mistakes.extend(ignored.map(|call| (format!("{call};"), "nodiscard")));
    mistakes.extend(others.map(|(text, complaint)| (text.to_owned(), complaint)));
    mistakes
}

#[test]
fn mistakes_do_not_compile() {
    // Beside each other in one file: that is one compilation, and every line has its own complaint.
    let mut source = source_with("");
    let mut expected = Vec::new();
    for (number, (statement, complaint)) in mistakes().into_iter().enumerate() {
        let line = source.lines().count() + 1;
        let parameters = "polyai::Client& client, polyai::Conversation& conversation";
        let uses = "static_cast<void>(client); static_cast<void>(conversation);";
        writeln!(
            source,
            "static void mistake_{number}({parameters}) {{ {uses} {statement} }}"
        )
        .unwrap();
        expected.push((line, statement, complaint));
    }
    let path = write_source("mistakes", &source);
    for compiler in compilers() {
        let no_limit = match compiler.starts_with("clang") {
            true => ["-std=c++17", "-ferror-limit=0", "-Wno-unused-function"],
            false => ["-std=c++17", "-fmax-errors=0", "-Wno-unused-function"],
        };
        let output = compile(compiler, &no_limit, &path);
        let complaints = String::from_utf8_lossy(&output.stderr);
        for (line, statement, complaint) in &expected {
            let place = format!("{}:{line}:", path.display());
            let is_refused = complaints.lines().any(|said| {
                said.starts_with(&place) && said.contains("error: ") && said.contains(complaint)
            });
            assert!(is_refused, "{compiler}: {statement}\n{complaints}");
        }
    }
    fs::remove_file(path).unwrap();
}

// ---- Nothing is left out ----

/// The text of `polyai_chat.hpp` and of its parts.
fn header() -> String {
    let directory = repository().join("bindings/cpp");
    let mut text = fs::read_to_string(directory.join("polyai_chat.hpp")).unwrap();
    for part in fs::read_dir(directory.join("polyai_chat")).unwrap() {
        text += &fs::read_to_string(part.unwrap().path()).unwrap();
    }
    text
}

/// The header's code, without comments and `#include`.
fn code() -> String {
    let text = header();
    let mut code = String::new();
    let mut rest = text.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    code.push_str(rest);
    code.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .filter(|line| !line.starts_with("#include") && !line.starts_with("#error"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn names_of(manifest: &Value, list: &str) -> BTreeSet<String> {
    manifest[list]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_function_of_the_library_is_used_and_no_other() {
    let manifest = manifest();
    let functions = names_of(&manifest, "functions");
    let types = names_of(&manifest, "types");
    let named: BTreeSet<String> = code()
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("polyai_"))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = functions.difference(&named).collect();
    assert!(missing.is_empty(), "not used: {missing:?}");
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| !functions.contains(*name) && !types.contains(*name))
        .collect();
    assert!(unknown.is_empty(), "not in the library: {unknown:?}");
}

#[test]
fn every_number_of_the_library_has_its_name() {
    let enumerations = [
        ("POLYAI_STATUS_", "Status"),
        ("POLYAI_DELIVERY_", "Delivery"),
        ("POLYAI_STATE_", "State"),
        ("POLYAI_LOG_", "LogLevel"),
    ];
    let mut source = "#include <polyai_chat.hpp>\n".to_owned();
    let mut count = 0;
    for constant in manifest()["constants"].as_array().unwrap() {
        let name = constant["name"].as_str().unwrap();
        for (prefix, enumeration) in enumerations {
            if let Some(rest) = name.strip_prefix(prefix) {
                let (value, number) = (rest.to_lowercase(), &constant["value"]);
                writeln!(
                    source,
                    "static_assert(static_cast<unsigned>(polyai::{enumeration}::{value}) == {number}u);"
                )
                .unwrap();
                count += 1;
            }
        }
    }
    assert_eq!(count, manifest()["constants"].as_array().unwrap().len() - 2);
    let path = write_source("numbers", &source);
    accepted(&compile(compilers()[0], &["-std=c++17"], &path));
    fs::remove_file(path).unwrap();
}

/// A declaration that users see, and the comment in front of it.
struct Declaration {
    place: String,
    text: String,
    comment: String,
}

/// What a brace opens.
#[derive(Clone, PartialEq)]
enum Place {
    /// A namespace, class or enumeration, and whether what comes now is for users.
    Declarations(String, bool),
    /// The inside of a function, and whatever else users do not look into.
    Body,
}

/// Reads the header from brace to brace.
fn declarations() -> Vec<Declaration> {
    let text = header();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let text = lines.join("\n");
    let mut rest = text.as_str();
    let mut places = vec![Place::Declarations(String::new(), true)];
    let (mut found, mut comment, mut statement) = (Vec::new(), String::new(), String::new());
    while let Some(letter) = rest.chars().next() {
        if rest.starts_with("/*") {
            let end = rest.find("*/").unwrap() + 2;
            comment = rest[..end].to_owned();
            rest = &rest[end..];
            continue;
        }
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap()..];
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        let Some(Place::Declarations(place, is_public)) = places.last().cloned() else {
            match letter {
                '{' => places.push(Place::Body),
                '}' => drop(places.pop()),
                _ => {}
            }
            continue;
        };
        let is_list = place.starts_with("enum");
        let is_inside_parentheses = statement.matches('(').count() > statement.matches(')').count();
        let is_label =
            letter == ':' && ["public", "private", "protected"].contains(&statement.trim());
        if is_inside_parentheses {
            statement.push(letter);
            continue;
        }
        if is_label {
            let is_public = statement.trim() == "public";
            *places.last_mut().unwrap() = Place::Declarations(place, is_public);
        } else if letter == '{' || letter == ';' || letter == '}' || (is_list && letter == ',') {
            let text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.is_empty() && is_public {
                found.push(Declaration {
                    place,
                    text: text.clone(),
                    comment: std::mem::take(&mut comment),
                });
            }
            match letter {
                '{' => places.push(opened_by(&text, is_public)),
                '}' => drop(places.pop()),
                _ => {}
            }
        } else {
            statement.push(letter);
            continue;
        }
        statement.clear();
        comment.clear();
    }
    found
}

fn opened_by(statement: &str, is_public: bool) -> Place {
    let of_class = statement.rsplit("> ").next().unwrap_or(statement);
    match of_class.split(' ').next() {
        Some("namespace") => {
            Place::Declarations(statement.to_owned(), !statement.contains("detail"))
        }
        Some("class") => Place::Declarations(statement.to_owned(), false),
        Some("struct" | "enum") => Place::Declarations(statement.to_owned(), is_public),
        _ => Place::Body,
    }
}

/// What is there without being a name of its own: deleted overloads, copies and moves, and what is defined elsewhere.
fn needs_no_words(declaration: &Declaration) -> bool {
    let text = &declaration.text;
    let of = declaration
        .place
        .split(' ')
        .filter(|word| !word.starts_with("[["))
        .nth(1);
    let name = of.unwrap_or_default();
    text.ends_with("= delete")
        || text.starts_with("extern")
        || text.starts_with("friend class")
        || text.starts_with("static_assert")
        || text.contains("operator=(")
        || text.starts_with('~')
        || text.starts_with(&format!("{name}(const {name}&"))
        || text.starts_with(&format!("{name}({name}&&"))
        || (text.starts_with("class ")
            && !declaration.text.contains(':')
            && !declaration.comment.starts_with("/**"))
        || text == "namespace detail"
        || text.contains("::close_on_exit()")
}

fn name_in(text: &str) -> &str {
    let before = text.split_once('(').map_or(text, |(before, _)| before);
    let before = before
        .split_once(" = ")
        .map_or(before, |(before, _)| before);
    before.rsplit(' ').next().unwrap()
}

#[test]
fn every_public_name_is_explained() {
    let declarations = declarations();
    let mut explained = BTreeSet::new();
    let mut problems = Vec::new();
    for declaration in &declarations {
        let is_number = declaration.place.starts_with("enum");
        let name = (declaration.place.as_str(), name_in(&declaration.text));
        if declaration.comment.starts_with("/**")
            && (is_number || declaration.comment.contains("Since: 0.1.0."))
        {
            explained.insert(name);
        } else if !explained.contains(&name) && !needs_no_words(declaration) {
            problems.push(format!("{}: {}", declaration.place, declaration.text));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(explained.len() > 150, "{}", explained.len());
}

// ---- The guide ----

#[test]
fn what_the_guide_shows_compiles() {
    let guide = fs::read_to_string(repository().join("docs/cpp.md")).unwrap();
    let mut count = 0;
    for section in guide.split("\n## ").skip(1) {
        let flags = match section.starts_with("Without exceptions\n") {
            true => WITHOUT,
            false => &[],
        };
        for rest in section.split("```cpp\n").skip(1) {
            let block = rest.split_once("```").unwrap().0;
            let text = match block.contains("int main(") {
                true => block.to_owned(),
                false => source_with(block),
            };
            count += 1;
            let path = write_source(&format!("guide-{count}"), &text);
            let flags = [&["-std=c++17"], flags].concat();
            accepted(&compile(compilers()[0], &flags, &path));
            fs::remove_file(path).unwrap();
        }
    }
    assert!(count > 5, "{count}");
}
