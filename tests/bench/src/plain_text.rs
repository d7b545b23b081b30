//! Makes plain text of hostile Markdown, of which each text has as many KiB as the input says; what that costs is counted from outside.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program of the benchmark answers with a line, and fails loudly"
)]

use polyai_chat_core::plain_text;
use std::io::stdin;
use std::time::Instant;

/// Pieces that are hard to read, one a line, with `\n` for a line break.
const PIECES: &str = include_str!("../../../crates/core/tests/plain_text/hostile.txt");

fn main() {
    let mut line = String::new();
    stdin().read_line(&mut line).unwrap();
    let size = line.trim().parse::<usize>().unwrap() * 1024;
    let start = Instant::now();
    let mut bytes = 0;
    for piece in PIECES.lines() {
        let piece = piece.replace("\\n", "\n").replace("\\t", "\t");
        let many = piece.repeat(size / 2 / piece.len());
        bytes += plain_text(&format!("{many}{many}")).len();
        bytes += plain_text(&format!("{many}a\n{}", "b\n".repeat(size / 4))).len();
    }
    println!(
        "{{\"bytes\": {bytes}, \"wall_us\": {}}}",
        start.elapsed().as_micros()
    );
}
