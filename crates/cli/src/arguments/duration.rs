//! Times as people write them: `500ms`, `5s`, `1.5s`, `2m`.

use std::time::Duration;

/// Reads a time. A number alone is refused: nobody could tell whether it means seconds or milliseconds.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    const SHAPE: &str = "write a number with its unit, such as 500ms, 5s, 1.5s or 2m";
    let digits = text
        .find(|character: char| !(character.is_ascii_digit() || character == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(SHAPE.to_owned()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.contains('.') || fraction.is_empty() || fraction.len() > 9 {
        return Err(SHAPE.to_owned());
    }
    let whole: u64 = whole.parse().map_err(|_| SHAPE.to_owned())?;
    let scale = 10_u64.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let fraction: u64 = fraction.parse().map_err(|_| SHAPE.to_owned())?;
    let parts = fraction.saturating_mul(unit_ms);
    if !parts.is_multiple_of(scale) {
        return Err("must be a whole number of milliseconds".to_owned());
    }
    let milliseconds = whole
        .checked_mul(unit_ms)
        .and_then(|whole_ms| whole_ms.checked_add(parts / scale))
        .ok_or("is too long")?;
    if milliseconds == 0 {
        return Err("must be longer than zero".to_owned());
    }
    Ok(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("1.5s", 1_500),
            ("0.25s", 250),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_time_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "0s",
            "-1s",
            "inf",
            "1e3s",
            "1.s",
            ".5s",
            "1.2.3s",
            "0.5ms",
            "5 s",
            "5S",
            "99999999999999999999s",
            "18446744073709551615h",
            "1.0000000000s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
