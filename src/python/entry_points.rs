//! What the `entry_points.txt` of a distribution names.

/// The modules that the commands and plugins of an `entry_points.txt` are in:
/// `name = package.module:object [extra]`.
#[must_use]
pub fn entry_point_modules(text: &str) -> Vec<String> {
    let values = text.lines().filter_map(|line| line.split_once('='));
    let modules = values.filter_map(|(_, value)| value.split([':', '[', ';', '#']).next());
    modules
        .map(|module| module.trim().to_owned())
        .filter(|module| !module.is_empty())
        .collect()
}

/// The modules that the lines of a `.start` file are in, which Python calls when it starts (PEP 829):
/// `package.module:callable`, or a comment.
#[must_use]
pub fn start_modules(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let calls = lines.filter(|line| !line.starts_with('#'));
    let modules = calls.filter_map(|line| line.split_once(':'));
    modules
        .map(|(module, _)| module.trim().to_owned())
        .filter(|module| !module.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points_name_their_modules() {
        let text = "[console_scripts]\nrun = big.tests.run:main [extra]\n\n[other]\nx=big.y\n";
        assert_eq!(entry_point_modules(text), ["big.tests.run", "big.y"]);
    }

    #[test]
    fn a_start_file_names_a_module_a_line() {
        let text = "\u{feff}# comment: none\nbig.tests.setup:main\n\nimport os\n big.z : go\n";
        assert_eq!(start_modules(text), ["big.tests.setup", "big.z"]);
    }
}
