//! Shows text that came from a file without letting it steer a terminal or a reader's eye.

use std::fmt::Write as _;

/// The most characters of one untrusted text that are shown.
const SHOWN: usize = 300;

/// Escapes untrusted text for display: control characters, line separators, bidirectional
/// controls and invisible format characters become `\n`, `\t`, `\r` or `\u{…}`; text longer
/// than 300 characters is cut with `…`. Everything else is kept as it is.
///
/// The result is for people, not for parsing back: a backslash is not doubled.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(SHOWN));
    for (position, character) in text.chars().enumerate() {
        if position == SHOWN {
            shown.push('…');
            break;
        }
        push(&mut shown, character);
    }
    shown
}

/// As [`escape`], for bytes that may not be UTF-8: a byte that is not becomes `\x..`.
#[must_use]
pub fn escape_bytes(bytes: &[u8]) -> String {
    // No character is longer than four bytes, so this keeps more than is ever shown.
    let bytes = bytes
        .get(..SHOWN.saturating_mul(4).saturating_add(4))
        .unwrap_or(bytes);
    let mut shown = String::new();
    let mut left = SHOWN;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                shown.push('…');
                return shown;
            }
            left = left.saturating_sub(1);
            push(&mut shown, character);
        }
        for byte in chunk.invalid() {
            left = left.saturating_sub(1);
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

fn push(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if character.is_control() || is_invisible(character) => {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
        _ => shown.push(character),
    }
}

/// Characters that reorder, hide or break text: Unicode's bidirectional controls, line and
/// paragraph separators, zero-width and other format characters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(
            escape("a\u{1b}[31m\n\u{7f}\u{9b}"),
            "a\\u{1b}[31m\\n\\u{7f}\\u{9b}"
        );
        assert_eq!(escape("exe\u{202e}gpj.so"), "exe\\u{202e}gpj.so");
        assert_eq!(escape("naïve/日本.py"), "naïve/日本.py");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_in_hex() {
        assert_eq!(escape_bytes(b"caf\x82\0"), "caf\\x82\\u{0}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(escape(&"x".repeat(65_535)).chars().count(), 301);
        assert_eq!(escape_bytes(&vec![b'x'; 65_535]).chars().count(), 301);
    }
}
