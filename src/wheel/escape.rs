//! Shows text that came from a file without letting it steer a terminal or a reader's eye.

use std::fmt::Write as _;

/// The most characters of one untrusted text that are shown.
const SHOWN: usize = 300;

/// Escapes untrusted text for display: control characters, line separators, bidirectional
/// controls and whatever shows nothing (or what looks like a space and is none) become `\n`, `\t`,
/// `\r` or `\u{…}`; so does what would begin a command to the log of a build (`::` at its start, `##`).
/// Text longer than 300 characters is cut with `…`. Everything else is kept as it is.
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

/// As [`escape`], for text that is ours and may hold anything of others: nothing is cut, and lines
/// stay lines. The last thing before a terminal or a log: what a writer forgot steers neither.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let indent = line.len().saturating_sub(line.trim_start().len());
        let (indent, rest) = line.split_at_checked(indent).unwrap_or(("", line));
        shown.push_str(indent);
        // Our own lines have `:` within, never two of them at their start.
        let mut fresh = String::new();
        if rest.starts_with("::") {
            code(&mut fresh, ':');
        }
        let rest = rest.get(usize::from(!fresh.is_empty())..).unwrap_or(rest);
        shown.push_str(&fresh);
        let mut before = None;
        for character in rest.chars() {
            match character {
                '\t' => shown.push(character),
                '#' if before == Some('#') => code(&mut shown, '#'),
                _ if is_unseen(character) => code(&mut shown, character),
                _ => shown.push(character),
            }
            before = Some(character);
        }
        shown.push_str(end);
    }
    shown
}

/// As [`harmless`], for JSON, which stays the same value: what its writer let pass is written by
/// number, as JSON does it.
#[must_use]
pub fn harmless_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        // `##[` would begin a command; a `#` stands in strings alone.
        let is_second = character == '#' && shown.ends_with('#');
        if character == '\n' || !(is_second || is_unseen(character)) {
            shown.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
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
        // A line that begins with `::` is a command to GitHub's runner, one with `##[` or `##vso[`
        // anywhere to the older one and to Azure's.
        ':' if shown.trim_start().is_empty() => code(shown, character),
        '#' if shown.ends_with('#') => code(shown, character),
        _ if is_unseen(character) => code(shown, character),
        _ => shown.push(character),
    }
}

fn code(shown: &mut String, character: char) {
    let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
}

/// Does a character steer, hide or break text, or look like a space without being one?
fn is_unseen(character: char) -> bool {
    character.is_control()
        || is_invisible(character)
        || (character.is_whitespace() && character != ' ')
}

/// What shows nothing or reorders what is shown: Unicode's `Default_Ignorable_Code_Point` (zero
/// widths, fillers, variation selectors, tags; also those places of it that are not given out yet),
/// its bidirectional controls, blank letters, and what is no character at all.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{13430}'..='\u{1345f}'
            | '\u{16fe4}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d159}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
    fn what_shows_nothing_is_shown_by_its_number() {
        for character in [
            '\u{115f}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0101}',
            '\u{34f}',
            '\u{2800}',
            '\u{ffa0}',
            '\u{e0041}',
            '\u{200b}',
            '\u{feff}',
            '\u{2066}',
            '\u{ad}',
            '\u{180e}',
            '\u{1160}',
            '\u{17b4}',
            '\u{2063}',
            '\u{1d173}',
            '\u{a0}',
            '\u{3000}',
            '\u{2028}',
            '\u{85}',
            '\u{fff9}',
            '\u{16fe4}',
            '\u{1d159}',
            '\u{e01ef}',
        ] {
            let by_number = format!("a\\u{{{:x}}}b", u32::from(character));
            let text = format!("a{character}b");
            assert_eq!(escape(&text), by_number);
            assert_eq!(harmless(&text), by_number);
            let json = serde_json::to_string(&text).unwrap();
            let plain = harmless_json(&json);
            assert!(plain.is_ascii(), "{plain}");
            assert_eq!(serde_json::from_str::<String>(&plain).unwrap(), text);
        }
    }

    #[test]
    fn no_name_begins_a_command_to_a_log() {
        assert_eq!(escape("::error::x"), "\\u{3a}:error::x");
        assert_eq!(escape(" ::stop-commands::x"), " \\u{3a}:stop-commands::x");
        assert_eq!(escape("a##[error]"), "a#\\u{23}[error]");
        assert_eq!(escape("a::b#c"), "a::b#c");
        assert_eq!(
            harmless("a\n  ::error::x\n\u{1b}]0;t\u{7}##vso[a]\n"),
            "a\n  \\u{3a}:error::x\n\\u{1b}]0;t\\u{7}#\\u{23}vso[a]\n"
        );
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
