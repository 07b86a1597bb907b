//! The plain command lines of `patchelf`, read without clap.
//!
//! A build calls patchelf once a file, and most files are small: then describing forty options to
//! clap is a third of the work. What is not plain is left to clap, which also has the words for
//! mistakes; a test holds the two together.

use std::ffi::OsString;

use super::patchelf_args::Arguments;

/// What a command line asks for, without the program's name; `None` where it takes a closer look.
pub(super) fn plain(words: impl IntoIterator<Item = OsString>) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_str().filter(|text| !text.is_empty())?;
        if !text.starts_with('-') {
            arguments.files.push(word.into());
            continue;
        }
        let mut value = || words.next()?.into_string().ok();
        match text {
            "--set-interpreter" | "--interpreter" => arguments.set_interpreter = Some(value()?),
            "--set-soname" => arguments.set_soname = Some(value()?),
            "--set-rpath" => arguments.set_rpath = Some(value()?),
            "--add-rpath" => arguments.add_rpath = Some(value()?),
            "--add-needed" => arguments.add_needed.push(value()?),
            "--remove-needed" => arguments.remove_needed.push(value()?),
            "--replace-needed" => arguments.replace_needed.extend([value()?, value()?]),
            "--output" => arguments.output = Some(value().filter(|value| is_path(value))?.into()),
            "--print-interpreter" => arguments.print_interpreter = true,
            "--print-needed" => arguments.print_needed = true,
            "--print-rpath" => arguments.print_rpath = true,
            "--print-soname" => arguments.print_soname = true,
            "--remove-rpath" => arguments.remove_rpath = true,
            "--shrink-rpath" => arguments.shrink_rpath = true,
            "--force-rpath" => arguments.force_rpath = true,
            "--no-default-lib" => arguments.no_default_lib = true,
            _ => return None,
        }
    }
    let contradicts = arguments.add_rpath.is_some() && arguments.set_rpath.is_some();
    (!contradicts && !arguments.files.is_empty()).then_some(arguments)
}

fn is_path(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('-')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::cli::patchelf::Alone;

    const WORDS: [&str; 34] = [
        "--set-interpreter",
        "--interpreter",
        "--set-soname",
        "--set-rpath",
        "--add-rpath",
        "--add-needed",
        "--remove-needed",
        "--replace-needed",
        "--output",
        "--print-interpreter",
        "--print-needed",
        "--print-rpath",
        "--print-soname",
        "--remove-rpath",
        "--shrink-rpath",
        "--force-rpath",
        "--no-default-lib",
        "--page-size",
        "--strip",
        "--debug",
        "--verify",
        "--no-such-option",
        "--set-soname=x",
        "--",
        "-",
        "-x",
        "-h",
        "",
        "a",
        "b.so",
        "$ORIGIN",
        "@c",
        "4096",
        "with space",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn what_is_read_is_what_clap_reads(
            words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..7)
        ) {
            let words = || words.iter().map(OsString::from);
            if let Some(ours) = plain(words()) {
                let clap = Alone::try_parse_from([OsString::from("patchelf")].into_iter().chain(words()));
                let clap = clap.map(|alone| format!("{:?}", alone.arguments));
                prop_assert_eq!(clap.map_err(|error| error.to_string()), Ok(format!("{ours:?}")));
            }
        }
    }

    #[test]
    fn the_usual_is_plain() {
        let words = [
            "--set-soname",
            "a",
            "--replace-needed",
            "b",
            "c",
            "--set-rpath",
            "$ORIGIN",
            "x.so",
        ];
        let read = plain(words.map(OsString::from)).unwrap();
        assert_eq!(read.replace_needed, ["b", "c"]);
        assert!(plain(["--set-soname".into()]).is_none());
        assert!(plain(["--help".into()]).is_none());
    }
}
