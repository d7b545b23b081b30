//! Key and token are not left behind in memory: not those that were replaced, and none once everything is freed.
#![cfg(test)]
#![cfg(target_os = "linux")]

mod fixture;

use fixture::{KEY, TOKEN, builder, config};
use polyai_chat_core::{Client, Create, Secret};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

/// Bytes of a secret that are not those of the secret, so that whoever looks for it does not find what it looks with.
fn hidden(secret: &str) -> Vec<u8> {
    secret.bytes().map(|byte| !byte).collect()
}

fn shown(hidden: &[u8]) -> String {
    hidden.iter().map(|byte| char::from(!byte)).collect()
}

/// How often the memory that this process may write holds the secret.
fn copies_of(secret: &[u8]) -> usize {
    const AT_ONCE: u64 = 1 << 16;
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let overlap = secret.len() - 1;
    // Of one size, and wiped before each use: it is a part of the memory that it looks at.
    let mut block = vec![0; usize::try_from(AT_ONCE).unwrap() + overlap];
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        for at in (begin..end).step_by(usize::try_from(AT_ONCE).unwrap()) {
            block.fill(0);
            std::hint::black_box(&mut block);
            memory.seek(SeekFrom::Start(at)).unwrap();
            let size = usize::try_from(end - at).unwrap().min(block.len());
            if memory.read_exact(&mut block[..size]).is_err() {
                break; // such as what a driver maps
            }
            found += block[..size]
                .windows(secret.len())
                .filter(|window| {
                    window
                        .iter()
                        .zip(secret)
                        .all(|(byte, hidden)| *byte == !hidden)
                })
                .count();
        }
    }
    block.fill(0);
    std::hint::black_box(&mut block);
    found
}

fn in_a_process_of_its_own() {
    let mut given = [Vec::new(), Vec::new()];
    let mut input = std::io::stdin().lock();
    for secret in &mut given {
        let mut length = [0];
        input.read_exact(&mut length).unwrap();
        secret.resize(usize::from(length[0]), 0);
        input.read_exact(secret).unwrap();
    }
    let [key, token] = &given;
    let url = std::env::var("URL").unwrap();
    let replaced = |name: &str| Secret::from(format!("replaced-{name}"));
    let client = Client::new(
        config(&url)
            .api_key(Secret::from(shown(key)))
            .token(Secret::from(shown(token))),
    )
    .unwrap();
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

    let client = Client::new(
        config(&url)
            .api_key(Secret::from(shown(key)))
            .token(Secret::from(shown(token))),
    )
    .unwrap();
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

#[test]
fn key_and_token_are_not_left_behind_in_memory() {
    if std::env::var_os("URL").is_some() {
        return in_a_process_of_its_own();
    }
    let simulator = builder().start().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "key_and_token_are_not_left_behind_in_memory",
            "--nocapture",
        ])
        .env("URL", simulator.url())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for secret in [KEY, TOKEN] {
        input
            .write_all(&[u8::try_from(secret.len()).unwrap()])
            .unwrap();
        input.write_all(&hidden(secret)).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(simulator.counts().requests, 6);
}
