//! A hostile service, proxy or gateway puts what it was sent wherever it can: nothing of it is in an error, a log line or an
//! attempt, in whatever form.
#![cfg(test)]

mod fixture;
mod raw;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::{KEY, TOKEN, config};
use polyai_chat_core::{Client, Error, Respond};
use raw::{RawServer, answering, proxy_answering};
use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PASSWORD: &str = "canary-pass-52d1";
const SENTENCE: &str = "My card 4242 1881 \"Zoë\" & <sons> was stolen on Monday";
const CANARIES: [&str; 4] = [KEY, TOKEN, PASSWORD, SENTENCE];

type Change = fn(&str) -> String;
type Place = fn(&str) -> Vec<u8>;

/// What a server may make of what it was sent.
const FORMS: &[(&str, Change)] = &[
    ("plain", str::to_owned),
    ("upper case", |text| text.to_uppercase()),
    ("percent", |text| {
        let bytes = text.bytes();
        bytes
            .map(|byte| match byte.is_ascii_alphanumeric() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect()
    }),
    ("percent, all of it, twice", |text| {
        text.bytes().map(|byte| format!("%25{byte:02x}")).collect()
    }),
    ("a form", |text| text.replace(' ', "+").replace('&', "%26")),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 of more", |text| {
        STANDARD.encode(format!("sam:{text}, and so on"))
    }),
    ("HTML", |text| {
        let text = text.replace('&', "&amp;").replace('"', "&quot;");
        text.replace('<', "&lt;").replace('ë', "&#235;")
    }),
    ("HTML, numbers", |text| {
        let characters = text.chars();
        characters
            .map(|character| format!("&#x{:x};", u32::from(character)))
            .collect()
    }),
    ("JSON", |text| {
        let text = serde_json::to_string(text).unwrap();
        text.trim_matches('"').replace('ë', "\\u00EB")
    }),
    ("JSON in JSON", |text| {
        let text = serde_json::to_string(&serde_json::to_string(text).unwrap()).unwrap();
        text.trim_matches('"').to_owned()
    }),
    ("with invisible letters", |text| {
        text.replace('a', "a\u{200b}").replace(' ', "\u{a0}")
    }),
    ("cut", |text| {
        let kept: String = text.chars().take(14).collect();
        format!("{kept}...")
    }),
];

/// Where a service or a gateway can put it.
const PLACES: &[(&str, Place)] = &[
    ("status line", |it| {
        head(&format!("HTTP/1.1 418 {it}\r\nContent-Length: 0"), "")
    }),
    ("status line that is none", |it| {
        head(&format!("HTTP/9 {it}"), "")
    }),
    ("no head", |it| format!("{it}\r\n\r\n").into_bytes()),
    ("any header", |it| {
        answer("500 Oh", &format!("X-Echo: {it}"), "")
    }),
    ("name of a header", |it| {
        answer("500 Oh", &format!("{it}: x"), "")
    }),
    ("content type", |it| {
        answer("502 Oh", &format!("Content-Type: text/{it}"), "oh")
    }),
    ("content type of a reply", |it| {
        answer("200 OK", &format!("Content-Type: text/{it}"), "oh")
    }),
    ("location", |it| {
        answer("302 Found", &format!("Location: http://x/?{it}"), "")
    }),
    ("retry-after", |it| {
        answer("429 Slow", &format!("Retry-After: {it}"), "")
    }),
    ("content encoding", |it| {
        answer("400 No", &format!("Content-Encoding: {it}"), "")
    }),
    ("transfer encoding", |it| {
        head(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {it}"), "")
    }),
    ("content length", |it| {
        head(&format!("HTTP/1.1 200 OK\r\nContent-Length: {it}"), "")
    }),
    ("chunk", |it| {
        head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", it)
    }),
    ("keep-alive", |it| {
        answer("500 Oh", &format!("Keep-Alive: timeout={it}"), "")
    }),
    ("correlation id", |it| {
        answer("500 Oh", &format!("X-PolyAI-Correlation-Id: {it}"), "")
    }),
    ("error_message", |it| {
        envelope("400 No", "error_message", it)
    }),
    ("error", |it| envelope("422 No", "error", it)),
    ("message", |it| envelope("401 No", "message", it)),
    ("error_code", |it| envelope("404 No", "error_code", it)),
    ("error_code of a 500", |it| {
        envelope("500 No", "error_code", it)
    }),
    ("error_id", |it| envelope("403 No", "error_id", it)),
    ("any field", |it| envelope("410 No", "detail", it)),
    ("name of a field", |it| {
        answer("400 No", "", &format!("{{{}: 1}}", quoted(it)))
    }),
    ("a validator's list", |it| {
        let list = format!(
            "[{{\"loc\": [\"body\"], \"msg\": {0}, \"input\": {0}}}]",
            quoted(it)
        );
        answer("422 No", "Content-Type: application/json", &list)
    }),
    ("a text", |it| {
        answer("400 No", "Content-Type: text/plain", it)
    }),
    ("a page", |it| {
        answer(
            "403 No",
            "Content-Type: text/html",
            &format!("<html>{it}</html>"),
        )
    }),
    ("a page for a reply", |it| {
        answer("200 OK", "", &format!("<html>{it}</html>"))
    }),
    ("a page that is cut", |it| {
        head(
            "HTTP/1.1 502 Oh\r\nContent-Length: 9999",
            &format!("<html>{it}"),
        )
    }),
    ("a reply of another type", |it| {
        answer("200 OK", "", &format!("{{\"response\": [{}]}}", quoted(it)))
    }),
    ("a reply of another conversation", |it| {
        let reply = format!(
            "{{\"response\": \"r\", \"conversation_id\": {}}}",
            quoted(it)
        );
        answer("200 OK", "", &reply)
    }),
    ("a wrong flag", |it| {
        let reply = format!(
            "{{\"response\": \"r\", \"end_conversation\": {}}}",
            quoted(it)
        );
        answer("200 OK", "", &reply)
    }),
];

/// Where a proxy can.
const OF_PROXIES: &[(&str, Place)] = &[
    ("status line", |it| head(&format!("HTTP/1.1 503 {it}"), "")),
    ("no HTTP", |it| format!("HTTP/{it}\r\n\r\n").into_bytes()),
    ("no head", |it| format!("{it}\r\n\r\n").into_bytes()),
    ("scheme", |it| {
        head(&format!("HTTP/1.1 407 Who\r\nProxy-Authenticate: {it}"), "")
    }),
    ("scheme of a 401", |it| {
        head(&format!("HTTP/1.1 401 Who\r\nWWW-Authenticate: {it}"), "")
    }),
    ("several schemes", |it| {
        head(
            &format!("HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: {it}"),
            "",
        )
    }),
    ("reason", |it| {
        head(&format!("HTTP/1.1 502 Oh\r\nX-Squid-Error: {it}"), "")
    }),
    ("status", |it| {
        head(&format!("HTTP/1.1 502 Oh\r\nProxy-Status: {it}"), "")
    }),
    ("far on", |it| {
        head(&format!("HTTP/1.1 502 {}{it}", "x".repeat(180)), "")
    }),
    ("cut", |it| {
        head(
            &format!("HTTP/1.1 502 {}", &it[..it.floor_char_boundary(14)]),
            "",
        )
    }),
];

fn head(head: &str, body: &str) -> Vec<u8> {
    format!("{head}\r\n\r\n{body}").into_bytes()
}

fn answer(status: &str, header: &str, body: &str) -> Vec<u8> {
    let line = match header {
        "" => String::new(),
        header => format!("\r\n{header}"),
    };
    head(
        &format!("HTTP/1.1 {status}\r\nContent-Length: {}{line}", body.len()),
        body,
    )
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn envelope(status: &str, field: &str, text: &str) -> Vec<u8> {
    let body = format!("{{\"success\": false, \"{field}\": {}}}", quoted(text));
    answer(status, "Content-Type: application/json", &body)
}

/// Everything that is said about one turn.
fn told(service: &str, proxy: &RawServer) -> (String, Option<Error>) {
    let lines = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&lines);
    let config = config(service)
        .allow_plain_http(true)
        .proxy(proxy.url.replace("://", &format!("://sam:{PASSWORD}@")))
        .max_attempts(2)
        .backoff(Duration::from_millis(1))
        .recent_attempts(10)
        .on_log(move |_, line| log.lock().unwrap().push_str(line));
    let client = Client::new(config).unwrap();
    let request = Respond::new(SENTENCE);
    let mut told = format!("{request:?} {client:?}");
    let error = client.respond("c-1", request).err();
    for attempt in client.recent_attempts(0) {
        told.push_str(&format!("{attempt:?} {}", attempt.to_json()));
    }
    if let Some(error) = &error {
        told.push_str(&format!(
            "{error} {error:?} {:?} {:?} {:?} {:?} {:?}",
            error.error_code(),
            error.service_message(),
            error.body_excerpt(),
            error.causes(),
            error.attempts()
        ));
        let mut cause = error.source();
        while let Some(this) = cause {
            told.push_str(&format!("{this} {this:?}"));
            cause = this.source();
        }
        for (name, value) in error.headers() {
            told.push_str(&format!("{name}: {}", String::from_utf8_lossy(value)));
        }
    }
    told.push_str(&lines.lock().unwrap());
    (told, error)
}

fn check(told: &str, place: &str) {
    for canary in CANARIES {
        for (form, change) in FORMS {
            let changed: Vec<char> = change(canary).chars().collect();
            let length = changed.len().min(20);
            for part in changed.windows(length) {
                let part: String = part.iter().collect();
                assert!(
                    !told.contains(&part),
                    "{place}, {form}: {part:?} is in {told}"
                );
            }
        }
    }
    assert!(
        !told.to_lowercase().contains("canary-") && !told.contains("4242 1881"),
        "{place}: {told}"
    );
    let line_breaks = |character: char| character.is_control() && character != '\n';
    assert!(!told.contains(line_breaks), "{place}: {told:?}");
}

#[test]
fn no_place_of_an_answer_shows_what_was_sent() {
    for (place, answer) in PLACES {
        for (form, change) in FORMS {
            let changed = CANARIES.map(change).join(" | ");
            let server = answering(answer(&changed));
            let (told, error) = told("http://service.test", &server);
            check(&told, &format!("{place}, {form}"));
            assert!(error.is_some(), "{place}, {form}");
        }
    }
}

#[test]
fn no_place_of_a_proxys_answer_shows_what_was_sent() {
    for (place, answer) in OF_PROXIES {
        for (form, change) in FORMS {
            for canary in CANARIES {
                let server = proxy_answering(answer(&change(canary)));
                let (told, error) = told("https://service.test", &server);
                check(&told, &format!("{place}, {form}"));
                assert!(error.is_some(), "{place}, {form}");
            }
        }
    }
}

#[test]
fn the_text_of_a_failure_is_bounded_whatever_the_service_says() {
    let megabytes = "x y ".repeat(1_900_000);
    for server in [
        answering(envelope("400 No", "error_message", &megabytes)),
        answering(envelope("500 No", "error_code", &megabytes)),
        answering(answer(
            "502 No",
            "Content-Type: text/html",
            &format!("<{megabytes}"),
        )),
        answering(answer(
            "502 No",
            &format!("Content-Type: {}", &megabytes[..60_000]),
            "",
        )),
    ] {
        let client =
            Client::new(config(&server.url).max_attempts(1).recent_attempts(1000)).unwrap();
        let error = client.respond("c-1", SENTENCE).unwrap_err();
        for text in [
            error.to_string(),
            format!("{error:?}"),
            error.service_message().unwrap_or_default().to_owned(),
            error.error_code().unwrap_or_default().to_owned(),
            error.body_excerpt().unwrap_or_default().to_owned(),
            format!("{:?}", client.recent_attempts(0)),
        ] {
            assert!(text.len() < 8 * 1024, "{}: {:.100}", text.len(), text);
        }
    }
}

#[test]
fn control_characters_in_a_log_are_escaped() {
    let server = answering(envelope(
        "400 No",
        "error_message",
        "a\r\nWARN forged \u{1b}[31m\u{202e}b",
    ));
    let client = Client::new(config(&server.url)).unwrap();
    let error = client.respond("c-1", "x").unwrap_err();
    assert!(
        error
            .message()
            .contains("a\\r\\nWARN forged \\u{1b}[31m\\u{202e}b"),
        "{error}"
    );
}

#[test]
fn a_code_that_decides_is_no_secret() {
    let server = answering(envelope("404 No", "error_code", "CONVERSATIONS_NOT_FOUND"));
    let client = Client::new(config(&server.url)).unwrap();
    let error = client
        .respond("c-1", "CONVERSATIONS_NOT_FOUND")
        .unwrap_err();
    assert_eq!(error.error_code(), Some("CONVERSATIONS_NOT_FOUND"));
}

#[test]
fn a_wrong_name_is_shown_in_part_only() {
    let mut request = polyai_chat_core::Request::new();
    let long = "x\u{202e}\n".repeat(100_000);
    for error in [
        request.set(&long, "").unwrap_err(),
        request.set_header(&long, "").unwrap_err(),
        polyai_chat_core::Config::new().set(&long, "").unwrap_err(),
    ] {
        assert!(error.message().len() < 1024, "{}", error.message().len());
        assert!(error.message().contains("x\\u{202e}\\n"), "{error}");
    }
}
