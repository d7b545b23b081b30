//! Secrets are not left behind in memory: not those that were replaced, none once everything is freed, and none of a call that
//! failed.
#![cfg(test)]
#![cfg(target_os = "linux")]

mod fixture;
mod raw;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::{builder, config};
use polyai_chat_core::{Client, Config, Create, ErrorKind, Secret};
use raw::{RawServer, answering, read_request, serving};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

/// They are long, and their ends are looked for: what is given back to the allocator is soon written over at its beginning. They
/// are of both cases, so that a copy in small letters is another text.
const KEY: &str =
    "A-Key-Of-Which-A-Part-May-Be-Written-Over-While-Its-End-Can-Still-Be-Found-Canary-Key-3f9a";
const TOKEN: &str = "A-Token-Of-Which-A-Part-May-Be-Written-Over-While-Its-End-Can-Still-Be-Found-Canary-Token-71bc";
const PASSWORD: &str = "A-Password-Of-Which-A-Part-May-Be-Written-Over-While-Its-End-Can-Still-Be-Found-Canary-Pass-52d1";
/// Of what they end with, these are no two's.
const END_BYTES: usize = 20;

/// Bytes of a secret that are not those of the secret, so that the search does not find its own pattern.
fn hidden(secret: &str) -> Vec<u8> {
    secret.bytes().map(|byte| !byte).collect()
}

fn shown(hidden: &[u8]) -> String {
    hidden.iter().map(|byte| char::from(!byte)).collect()
}

/// How often the memory that this process may write holds the end of the secret, as it is or in small letters.
fn copies_of(secret: &[u8]) -> usize {
    let secret = &secret[secret.len() - END_BYTES..];
    const AT_ONCE: u64 = 1 << 16;
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let overlap = secret.len() - 1;
    // It is a part of the memory that is looked at, and does not count.
    let mut block = vec![0; usize::try_from(AT_ONCE).unwrap() + overlap];
    let own = block.as_ptr_range();
    let own = own.start as u64..own.end as u64;
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        for at in (begin..end).step_by(usize::try_from(AT_ONCE).unwrap()) {
            memory.seek(SeekFrom::Start(at)).unwrap();
            let size = usize::try_from(end - at).unwrap().min(block.len());
            if memory.read_exact(&mut block[..size]).is_err() {
                break; // such as what a driver maps
            }
            found += block[..size]
                .windows(secret.len())
                .zip(at..)
                .filter(|(window, address)| {
                    let mut pairs = window.iter().zip(secret);
                    pairs.all(|(byte, hidden)| byte.eq_ignore_ascii_case(&!hidden))
                        && !own.contains(address)
                })
                .count();
        }
    }
    block.fill(0);
    std::hint::black_box(&mut block);
    found
}

/// The secrets that the outer process gave.
fn given() -> Vec<Vec<u8>> {
    let mut input = std::io::stdin().lock();
    let mut given = Vec::new();
    let mut length = [0];
    while input.read_exact(&mut length).is_ok() {
        let mut secret = vec![0; usize::from(length[0])];
        input.read_exact(&mut secret).unwrap();
        given.push(secret);
    }
    given
}

fn is_inside() -> bool {
    std::env::var_os("URL").is_some()
}

/// Runs a test of this program once more, in a process that knows of the secrets only what it is given.
fn inside(test: &str, url: &str, secrets: &[&str]) {
    inside_with(test, &[("URL", url)], secrets);
}

fn inside_with(test: &str, variables: &[(&str, &str)], secrets: &[&str]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for secret in secrets {
        let length = u8::try_from(secret.len()).unwrap();
        input.write_all(&[length]).unwrap();
        input.write_all(&hidden(secret)).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

fn config_with(key: &[u8], token: &[u8]) -> Config {
    config(&std::env::var("URL").unwrap())
        .api_key(Secret::from(shown(key)))
        .token(Secret::from(shown(token)))
}

#[test]
fn key_and_token_are_not_left_behind_in_memory() {
    if !is_inside() {
        let simulator = builder().credentials(KEY, TOKEN).start().unwrap();
        let test = "key_and_token_are_not_left_behind_in_memory";
        inside(test, &simulator.url(), &[KEY, TOKEN]);
        assert_eq!(simulator.counts().requests, 6);
        return;
    }
    let [key, token] = &given()[..] else {
        panic!("a key and a token are given")
    };
    let replaced = |name: &str| Secret::from(format!("replaced-{name}"));
    let client = Client::new(config_with(key, token)).unwrap();
    assert!(
        copies_of(key) > 0 && copies_of(token) > 0,
        "the search finds what is there"
    );
    let conversation = client.create(Create::new()).unwrap();
    for length in [1, 3_000, 40_000] {
        conversation.respond("a".repeat(length)).unwrap();
    }
    client
        .replace_credentials(replaced("key"), replaced("token"))
        .unwrap();
    assert_eq!(
        (copies_of(key), copies_of(token)),
        (0, 0),
        "after they were replaced"
    );

    let client = Client::new(config_with(key, token)).unwrap();
    let conversation = client.create(Create::new()).unwrap();
    conversation.close().unwrap();
    drop(conversation);
    drop(client);
    assert_eq!(
        (copies_of(key), copies_of(token)),
        (0, 0),
        "after everything was freed"
    );
}

/// What refuses a call and repeats all secrets, in a form that has to be undone before they are found.
fn refusal() -> Vec<u8> {
    let echo = STANDARD.encode([KEY, TOKEN, PASSWORD].join(" "));
    let body = format!("{{\"error_message\": \"who is {echo}?\"}}");
    let length = body.len();
    format!("HTTP/1.1 401 No\r\nX-Echo: {echo}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A SOCKS proxy that leads to itself.
fn socks_answering(answer: Vec<u8>) -> RawServer {
    const USER_AND_PASSWORD: [u8; 2] = [5, 2];
    const ACCEPTED: [u8; 2] = [1, 0];
    const CONNECTED: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    serving(move |connection| {
        for reply in [&USER_AND_PASSWORD[..], &ACCEPTED, &CONNECTED] {
            assert!(connection.read(&mut [0; 1024]).unwrap() > 0);
            connection.write_all(reply).unwrap();
        }
        let request = read_request(connection);
        let _ = connection.write_all(&answer);
        u64::from(!request.is_empty())
    })
}

/// Runs a test with a server that is its own proxy, of each kind.
fn inside_behind_proxies(test: &str) {
    for (server, scheme) in [
        (answering(refusal()), "http"),
        (socks_answering(refusal()), "socks5h"),
    ] {
        let proxy = server.url.replace("http://", &format!("sam:{PASSWORD}@"));
        let proxy = format!("{scheme}://{proxy}");
        inside(test, &server.url, &[KEY, TOKEN, PASSWORD, &proxy]);
    }
}

fn client_behind(proxy: &[u8], key: &[u8], token: &[u8]) -> Client {
    let config = config_with(key, token)
        .proxy(Secret::from(shown(proxy)))
        .allow_plain_http(true);
    Client::new(config).unwrap()
}

#[test]
fn a_call_that_failed_leaves_no_secret_behind_in_memory() {
    if !is_inside() {
        return inside_behind_proxies("a_call_that_failed_leaves_no_secret_behind_in_memory");
    }
    let [key, token, password, proxy] = &given()[..] else {
        panic!("a key, a token, a password and a proxy are given")
    };
    let client = client_behind(proxy, key, token);
    let error = client.create(Create::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.message().contains("[redacted]"), "{error}");
    drop(client);
    assert_eq!(
        [key, token, password].map(|secret| copies_of(secret)),
        [0; 3],
        "{error}"
    );
}

#[test]
fn the_password_of_a_proxy_is_not_left_behind_in_memory() {
    if !is_inside() {
        return inside_behind_proxies("the_password_of_a_proxy_is_not_left_behind_in_memory");
    }
    let [key, token, password, proxy] = &given()[..] else {
        panic!("a key, a token, a password and a proxy are given")
    };
    let client = client_behind(proxy, key, token);
    let before = copies_of(password);
    client.warm_up(fixture::PATIENCE).unwrap();
    assert_eq!(copies_of(password), before, "after it was told");
    drop(client);
    assert_eq!(copies_of(password), 0, "after everything was freed");
}

#[test]
fn the_source_of_options_is_not_left_behind_in_memory() {
    let Some(file) = std::env::var_os("PROFILE_TO_READ") else {
        let proxy = format!("sam:{PASSWORD}@127.0.0.1:1");
        let file = tempfile::NamedTempFile::new().unwrap();
        let profile = format!("[default]\napi_key = \"{KEY}\"\n");
        fs::write(file.path(), profile).unwrap();
        let variables = [
            ("PROFILE_TO_READ", file.path().to_str().unwrap()),
            ("POLYAI_TOKEN", TOKEN),
            ("POLYAI_PROXY", "environment"),
            ("https_proxy", &proxy),
        ];
        let test = "the_source_of_options_is_not_left_behind_in_memory";
        return inside_with(test, &variables, &[KEY, TOKEN, PASSWORD]);
    };
    let secrets = given();
    let copies = || {
        let counts = secrets.iter().map(|secret| copies_of(secret));
        counts.collect::<Vec<_>>()
    };
    let before = copies();
    assert_eq!(before, [0, 1, 1], "the environment itself stays");
    let config = Config::from_environment().unwrap();
    let config = config.with_profile_from(file.as_ref(), None).unwrap();
    let config = config.studio_url("https://studio.poly.ai/acme/team");
    let client = Client::new(config.no_proxy("elsewhere")).unwrap();
    assert_eq!(copies(), [1, 2, 3], "settings and transport know the proxy");
    drop(client);
    assert_eq!(copies(), before, "after everything was freed");
}
