//! What stands in for a program that moved out of the scripts folder.

use std::fmt::Write as _;

use crate::resolve::ModulePath;

/// A Python script that becomes the program. pip writes the interpreter's path into its
/// first line, as into every script's.
pub(in crate::plan) fn launcher(program: &ModulePath) -> String {
    let parts: Vec<String> = program.relative().split('/').map(literal).collect();
    format!(
        "#!python\n\
         # Its program lies in site-packages, where it finds its libraries.\n\
         import os\n\
         import sys\n\
         import sysconfig\n\
         \n\
         program = os.path.join(sysconfig.get_path(\"platlib\"), {})\n\
         os.execv(program, [program] + sys.argv[1:])\n",
        parts.join(", ")
    )
}

/// A string of Python: what is not plain ASCII by its number, so that nothing ends it, and no name
/// looks like another to who reads the script.
fn literal(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars() {
        let _ = match (character, u32::from(character)) {
            (' '..='~', _) if !"\"\\".contains(character) => write!(shown, "{character}"),
            (_, number @ ..=0xffff) => write!(shown, "\\u{number:04x}"),
            (_, number) => write!(shown, "\\U{number:08x}"),
        };
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn no_name_ends_a_string_of_python_or_hides_in_it() {
        assert_eq!(literal("demo.scripts"), "\"demo.scripts\"");
        assert_eq!(
            literal("a\"\\b\u{200b}é\u{e0101}"),
            "\"a\\u0022\\u005cb\\u200b\\u00e9\\U000e0101\""
        );
    }
}
