//! What a text may be read as: with the escapes in it undone, as what it is where it is base64, and as a reader who compares words
//! reads it. Each byte of a reading knows which bytes of the text mean it.
//!
//! A reading may be one of a secret, so it is wiped.

use super::secret::WipedOnDrop;

/// What ends a text that was cut.
pub(super) const CUT: &str = "…";

/// A byte as it is meant, and the bytes of the text that mean it.
#[derive(Clone, Copy, Default)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) start: u32,
    pub(super) end: u32,
}

pub(super) type Reading = WipedOnDrop<Unit>;

pub(super) fn bytes_of(units: &[Unit]) -> WipedOnDrop<u8> {
    units.iter().map(|unit| unit.byte).collect()
}

pub(super) fn units(text: &[u8]) -> Reading {
    let numbers = (0u32..).zip(text);
    numbers
        .map(|(start, byte)| Unit {
            byte: *byte,
            start,
            end: start + 1,
        })
        .collect()
}

/// Undoes the escapes of URLs, of HTML and of strings, also those of those.
#[cold]
#[inline(never)]
pub(super) fn unescaped(mut text: Reading) -> Reading {
    for _ in 0..3 {
        let is_escape = |unit: &Unit| matches!(unit.byte, b'%' | b'&' | b'\\');
        if !text.iter().any(is_escape) {
            break;
        }
        text = unescaped_once(&text);
    }
    text
}

fn unescaped_once(text: &[Unit]) -> Reading {
    // No escape is shorter than what it stands for.
    let mut meant = Reading::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let before = meant.len();
        let length = escape_in(rest, &mut meant).unwrap_or_else(|| {
            meant.push(*first);
            1
        });
        // Every byte that it stands for comes from the whole escape.
        let end = rest.get(length - 1).map_or(first.end, |last| last.end);
        for unit in meant.iter_mut().skip(before) {
            (unit.start, unit.end) = (first.start, end);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    meant
}

/// Writes what the escape at the beginning means, and returns how long it is.
fn escape_in(rest: &[Unit], meant: &mut Vec<Unit>) -> Option<usize> {
    let byte = |index: usize| rest.get(index).map(|unit| unit.byte);
    let digits = |from: usize, most: usize, radix: u32| {
        let mut number = 0_u32;
        let mut count = 0;
        while count < most
            && let Some(digit) =
                byte(from + count).and_then(|byte| char::from(byte).to_digit(radix))
        {
            number = number.saturating_mul(radix).saturating_add(digit);
            count += 1;
        }
        (count > 0).then_some((number, from + count))
    };
    let exactly =
        |from: usize, count: usize| digits(from, count, 16).filter(|(_, end)| *end == from + count);
    let mut put = |bytes: &[u8]| {
        meant.extend(bytes.iter().map(|byte| Unit {
            byte: *byte,
            start: 0,
            end: 0,
        }));
    };
    let mut put_number = |number: u32| {
        let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        put(character.encode_utf8(&mut [0; 4]).as_bytes());
    };
    match (byte(0)?, byte(1)?) {
        (b'%' | b'\\', b'u' | b'U') => {
            let (number, end) = match byte(2)? {
                b'{' => digits(3, 6, 16).map(|(number, end)| (number, end + 1))?,
                _ => exactly(2, 4)?,
            };
            let low = match (number, byte(end), byte(end + 1)) {
                (0xD800..0xDC00, Some(b'%' | b'\\'), Some(b'u' | b'U')) => exactly(end + 2, 4),
                _ => None,
            };
            match low {
                Some((low @ 0xDC00..0xE000, end)) => {
                    put_number(0x1_0000 + ((number - 0xD800) << 10) + (low - 0xDC00));
                    Some(end)
                }
                _ => {
                    put_number(number);
                    Some(end)
                }
            }
        }
        (b'%', _) => {
            let (number, end) = exactly(1, 2)?;
            put(&[u8::try_from(number).ok()?]);
            Some(end)
        }
        (b'\\', b'x') => {
            let (number, end) = exactly(2, 2)?;
            put(&[u8::try_from(number).ok()?]);
            Some(end)
        }
        (b'\\', b'n' | b'r' | b't') => {
            put(b" ");
            Some(2)
        }
        (b'\\', other @ (b'"' | b'\'' | b'\\' | b'/')) => {
            put(&[other]);
            Some(2)
        }
        (b'&', b'#') => {
            let (number, end) = match byte(2)? {
                b'x' | b'X' => digits(3, 8, 16)?,
                _ => digits(2, 8, 10)?,
            };
            put_number(number);
            Some(end + usize::from(byte(end) == Some(b';')))
        }
        (b'&', _) => {
            const NAMES: [(&str, u8); 6] = [
                ("amp;", b'&'),
                ("lt;", b'<'),
                ("gt;", b'>'),
                ("quot;", b'"'),
                ("apos;", b'\''),
                ("nbsp;", b' '),
            ];
            let is_here = |name: &&(&str, u8)| {
                (1..)
                    .zip(name.0.bytes())
                    .all(|(index, wanted)| byte(index) == Some(wanted))
            };
            let (name, meaning) = NAMES.iter().find(is_here)?;
            put(&[*meaning]);
            Some(1 + name.len())
        }
        _ => None,
    }
}

/// What a text is when base64 in it is read from every fourth symbol on. Between two runs of base64 stands what ends a text.
#[cold]
#[inline(never)]
pub(super) fn from_base64(text: &[Unit], phase: usize) -> Reading {
    // So much is read of runs of one symbol, which leave what ends a text and nothing else.
    let mut read = Reading::with_capacity(text.len() * 2 + CUT.len());
    let is_symbol = |unit: &Unit| value_of(unit.byte).is_some();
    let mut without_breaks = Reading::with_capacity(text.len());
    without_breaks.extend(
        text.iter()
            .filter(|unit| !matches!(unit.byte, b'\r' | b'\n')),
    );
    for run in without_breaks.chunk_by(|one, next| is_symbol(one) == is_symbol(next)) {
        let Some(first) = run.first().filter(|first| is_symbol(first)) else {
            continue;
        };
        for group in run.get(phase..).unwrap_or_default().chunks(4) {
            let (mut bits, mut count) = (0_u32, 0);
            for symbol in group {
                bits = bits << 6 | u32::from(value_of(symbol.byte).unwrap_or_default());
                count += 6;
            }
            let end = group.last().map_or(first.end, |last| last.end);
            let start = group.first().map_or(first.start, |first| first.start);
            while count >= 8 {
                count -= 8;
                let byte = u8::try_from(bits >> count & 0xFF).unwrap_or_default();
                read.push(Unit { byte, start, end });
            }
        }
        let end = run.last().map_or(first.end, |last| last.end);
        read.extend(CUT.bytes().map(|byte| Unit {
            byte,
            start: end,
            end,
        }));
    }
    read
}

fn value_of(symbol: u8) -> Option<u8> {
    Some(match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Control characters, and those that only say how others are shown.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Small letters only, one space for all that separates, nothing that cannot be seen. What is no UTF-8 is taken for Latin-1.
#[cold]
#[inline(never)]
pub(super) fn plain(text: &[Unit]) -> Reading {
    let bytes = bytes_of(text);
    // A byte of Latin-1 becomes two, and a small letter is never twice as long as the capital.
    let mut plain = Reading::with_capacity(text.len() * 2);
    let mut next = 0;
    let mut put = |character: char, length: usize| {
        let start = text.get(next).map_or(0, |unit| unit.start);
        let end = text.get(next + length - 1).map_or(0, |unit| unit.end);
        next += length;
        let is_space = character == '+' || character.is_whitespace();
        let last = plain.last_mut();
        if is_space {
            match last {
                Some(last) if last.byte == b' ' => last.end = end,
                _ => plain.push(Unit {
                    byte: b' ',
                    start,
                    end,
                }),
            }
        } else if !is_unseen(character) {
            for small in character.to_lowercase() {
                let mut buffer = [0; 4];
                plain.extend(small.encode_utf8(&mut buffer).bytes().map(|byte| Unit {
                    byte,
                    start,
                    end,
                }));
            }
        }
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            put(character, character.len_utf8());
        }
        for byte in chunk.invalid() {
            put(char::from(*byte), 1);
        }
    }
    plain
}
