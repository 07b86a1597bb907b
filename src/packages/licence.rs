//! What a package says of its licence.

/// What a package says of its licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// An expression of SPDX: `GPL-2.0-or-later WITH GCC-exception-3.1`.
    Expression(String),
    /// Any other words.
    Name(String),
}

impl Licence {
    /// The licence field of a system whose rule is SPDX: an expression where it has the form of one.
    /// `None` for an empty field.
    pub fn of_spdx_field(text: &str) -> Option<Self> {
        let text = text.trim();
        match text {
            "" => None,
            _ if is_expression(text) => Some(Self::Expression(text.to_owned())),
            _ => Some(Self::Name(text.to_owned())),
        }
    }

    /// Any other licence field. `None` for an empty field.
    pub fn of_words(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::Name(text.to_owned()))
    }
}

/// Whether a text has the form of an SPDX expression: identifiers, `AND`, `OR`, `WITH` and parentheses.
///
/// Source: SPDX 2.3, annex D. `custom`, which Alpine writes for what SPDX has no name for, is none.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_u32;
    // An identifier or `(` comes next, else an operator or `)`.
    let mut wants_operand = true;
    for word in spaced.split_whitespace() {
        match (word, wants_operand) {
            ("(", true) => depth = depth.saturating_add(1),
            (")", false) => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            ("AND" | "OR" | "WITH", false) => wants_operand = true,
            (identifier, true) if is_identifier(identifier) => wants_operand = false,
            _ => return false,
        }
    }
    depth == 0 && !wants_operand
}

fn is_identifier(word: &str) -> bool {
    let plain = word.strip_suffix('+').unwrap_or(word);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let reserved = ["AND", "OR", "WITH", "custom", "unknown", "none"];
    !plain.is_empty()
        && plain.bytes().all(allowed)
        && !reserved.iter().any(|one| one.eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_told_from_other_words() {
        for text in [
            "MIT",
            "Apache-2.0",
            "GPL-2.0-or-later WITH GCC-exception-3.1 AND (MIT OR 0BSD)",
            "GPL-2.0+",
            "((MIT))",
        ] {
            let expected = Some(Licence::Expression(text.to_owned()));
            assert_eq!(Licence::of_spdx_field(text), expected);
        }
        for text in [
            "GPL v2",
            "custom",
            "MIT AND custom",
            "MIT AND",
            "(MIT",
            "MIT)",
            "AND",
            "()",
            "BSD/MIT",
            "MIT MIT",
            "public domain",
        ] {
            let expected = Some(Licence::Name(text.to_owned()));
            assert_eq!(Licence::of_spdx_field(text), expected);
        }
        assert_eq!(Licence::of_spdx_field("  "), None);
        assert_eq!(Licence::of_words(""), None);
        assert_eq!(
            Licence::of_words(" MIT "),
            Some(Licence::Name("MIT".to_owned()))
        );
    }
}
