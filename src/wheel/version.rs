//! Versions as far as a wheel's names need them: valid or not, same or not (PEP 440).

/// Whether `text` is a version by PEP 440 (its appendix B), where `_` may also stand for the
/// `+` before a local version, as older builders escaped it in file names.
#[must_use]
pub(super) fn is_version(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let (public, local) = match lower.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (lower.as_str(), None),
    };
    if local.is_some_and(|local| !is_local(local)) {
        return false;
    }
    if is_public(public) {
        return true;
    }
    local.is_none()
        && public.match_indices('_').any(|(at, _)| {
            match (public.get(..at), public.get(at.saturating_add(1)..)) {
                (Some(public), Some(local)) => is_public(public) && is_local(local),
                _ => false,
            }
        })
}

/// Whether two spellings mean one version, as far as text can tell: case, separators, leading
/// zeros, trailing zeros of the release, long and short words (`alpha`, `a`) and `+` written as
/// `_` do not count.
#[must_use]
pub(super) fn same_version(one: &str, other: &str) -> bool {
    // Where either is escaped, nothing tells a local version's `+` from other separators.
    let escaped = one.contains(['_', '-']) || other.contains(['_', '-']);
    tokens(one, !escaped) == tokens(other, !escaped)
}

/// Whether two spellings mean one project (PEP 503): case and runs of `-`, `_`, `.` do not count.
#[must_use]
pub(super) fn same_name(one: &str, other: &str) -> bool {
    normal_name(one) == normal_name(other)
}

/// A project's name in the form that PEP 503 compares.
#[must_use]
pub(super) fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(character.to_lowercase());
        }
    }
    normal
}

fn is_local(text: &str) -> bool {
    text.split(['-', '_', '.'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `[v][N!]N(.N)*[{a|b|rc}N][.postN][.devN]` with the freedoms of PEP 440's normalisation.
fn is_public(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut rest = match text.split_once('!') {
        Some((epoch, rest)) if digits(epoch).is_some_and(str::is_empty) => rest,
        Some(_) => return false,
        None => text,
    };
    match digits(rest) {
        Some(after) => rest = after,
        None => return false,
    }
    while let Some(after) = rest.strip_prefix('.').and_then(digits) {
        rest = after;
    }
    rest = word(
        rest,
        &["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"],
    )
    .unwrap_or(rest);
    rest = match rest.strip_prefix('-').and_then(digits) {
        Some(after) => after,
        None => word(rest, &["post", "rev", "r"]).unwrap_or(rest),
    };
    rest = word(rest, &["dev"]).unwrap_or(rest);
    rest.is_empty()
}

/// What follows one or more leading digits.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// What follows `[sep]word[[sep]N]`, for the first of the words that fits.
fn word<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    let separators = ['-', '_', '.'];
    let bare = text.strip_prefix(separators).unwrap_or(text);
    let rest = words.iter().find_map(|word| bare.strip_prefix(word))?;
    Some(digits(rest.strip_prefix(separators).unwrap_or(rest)).unwrap_or(rest))
}

/// The numbers and words of a version, in one spelling.
fn tokens(version: &str, mark_local: bool) -> Vec<String> {
    let lower = version.to_ascii_lowercase();
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = lower.strip_prefix('v').unwrap_or(&lower);
    let mut in_release = true;
    while let Some(first) = rest.chars().next() {
        let same_kind = |character: char| {
            character.is_ascii_digit() == first.is_ascii_digit()
                && character.is_alphanumeric() == first.is_alphanumeric()
        };
        let end = rest
            .find(|character| !same_kind(character))
            .unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        let spelled = match token {
            number if first.is_ascii_digit() => match number.trim_start_matches('0') {
                "" => "0",
                number => number,
            },
            "alpha" => "a",
            "beta" => "b",
            "c" | "pre" | "preview" => "rc",
            "rev" | "r" => "post",
            "!" => "!",
            "+" if mark_local => "+",
            letters if first.is_alphanumeric() => letters,
            _ => continue,
        };
        if in_release && !first.is_ascii_digit() && spelled != "!" {
            in_release = false;
            drop_zeros(&mut tokens);
        }
        tokens.push(spelled.to_owned());
    }
    if in_release {
        drop_zeros(&mut tokens);
    }
    tokens
}

/// `1.0.0` is `1` (PEP 440, "Final releases").
fn drop_zeros(tokens: &mut Vec<String>) {
    while tokens.len() > 1 && tokens.last().is_some_and(|last| last == "0") {
        tokens.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_pep_440_are_told_from_other_text() {
        for good in [
            "1",
            "1.0",
            "v1.0",
            "2!1.0",
            "1.0a1",
            "1.0.alpha-1",
            "1.0rc",
            "1.0.post2",
            "1.0-3",
            "1.0.dev4",
            "1.0a1.post2.dev3",
            "1.0+cpu",
            "1.0+ubuntu.1-2",
            "1.0_cpu.1",
            "2024.10",
            "1.0RC1",
            "1.0_1",
        ] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "", "x", "1.", ".1", "1..0", "1.0x", "1.0+", "1.0+a..b", "!1", "1.0 ", "1.0+é",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn spellings_of_one_version_are_the_same() {
        for (one, other) in [
            ("1.0", "1.0.0"),
            ("1.0", "1"),
            ("1.0+cpu.1", "1.0_cpu_1"),
            ("1.0a1", "1.0.alpha1"),
            ("1.0.RC1", "1.0rc1"),
            ("2024.01.02", "2024.1.2"),
            ("1.0-1", "1.0_1"),
        ] {
            assert!(same_version(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("1.0", "1.1"),
            ("1.0", "1.0a0"),
            ("1.0+1", "1.0.1"),
            ("1!1.0", "1.0"),
            ("10", "1"),
        ] {
            assert!(!same_version(one, other), "{one} {other}");
        }
    }

    #[test]
    fn names_compare_as_pep_503_says() {
        assert!(same_name("Foo_.Bar", "foo-bar"));
        assert!(!same_name("foobar", "foo-bar"));
    }
}
