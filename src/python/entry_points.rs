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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points_name_their_modules() {
        let text = "[console_scripts]\nrun = big.tests.run:main [extra]\n\n[other]\nx=big.y\n";
        assert_eq!(entry_point_modules(text), ["big.tests.run", "big.y"]);
    }
}
