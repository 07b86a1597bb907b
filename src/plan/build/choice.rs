//! How a package comes to be a wheel for the target: taken, ported or compiled, and why so.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::build::lock::{Locked, LockedFile};
use crate::plan::build::target::{Target, Use};
use crate::wheel::WheelFilename;

/// What the command line says of it.
#[derive(Clone, Debug, Default)]
pub struct ChoiceOptions {
    /// Projects to compile although there is a wheel, normalised.
    pub compile: BTreeSet<String>,
    /// Compile all of them.
    pub compile_all: bool,
    /// Port no wheel.
    pub no_port: bool,
    /// Compile nothing: this is not the system that the wheels are for.
    pub no_compile: bool,
}

/// A way to a wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Take it as it is, mended where the check finds errors.
    Take,
    /// Make a wheel for glibc run on musl.
    Port,
    /// Build the source archive.
    Compile,
}

/// Why it is the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// There is a wheel for musl.
    MuslWheel,
    /// There is one for any platform.
    PureWheel,
    /// There is only one for glibc.
    OnlyGlibc,
    /// It was asked for.
    Asked,
    /// There is no wheel for this Python and machine.
    NoWheel,
    /// The ways before it have failed.
    Fallback,
}

/// One way, and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which way.
    pub way: Way,
    /// Why.
    pub why: Why,
    /// From which file.
    pub file: LockedFile,
}

/// The ways to try, the first that works is gone.
pub fn steps(package: &Locked, target: &Target, options: &ChoiceOptions) -> Vec<Step> {
    let mut steps = Vec::new();
    let wheels = package.wheels.iter().filter_map(|file| {
        let name = WheelFilename::parse(file.file_name()).ok()?;
        Some((target.use_of(&name)?, target.preference(&name), file))
    });
    let mut wheels: Vec<_> = wheels.collect();
    wheels.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let has_wheel = !wheels.is_empty();
    let best = |wanted: Use| wheels.iter().find(|(kind, ..)| *kind == wanted);
    let asked = options.compile_all || options.compile.contains(&package.name);
    let sdist = package.sdist.as_ref();
    let pure = best(Use::Pure).is_some();
    // What is for any platform has nothing to compile, unless it is named.
    let asked =
        asked && (options.compile.contains(&package.name) || !pure || best(Use::Musl).is_some());
    if asked {
        steps.extend(sdist.map(|file| Step {
            way: Way::Compile,
            why: Why::Asked,
            file: file.clone(),
        }));
        return steps;
    }
    for (kind, why) in [(Use::Musl, Why::MuslWheel), (Use::Pure, Why::PureWheel)] {
        steps.extend(best(kind).map(|(.., file)| Step {
            way: Way::Take,
            why,
            file: (*file).clone(),
        }));
    }
    if !options.no_port {
        let why = if steps.is_empty() {
            Why::OnlyGlibc
        } else {
            Why::Fallback
        };
        steps.extend(best(Use::Glibc).map(|(.., file)| Step {
            way: Way::Port,
            why,
            file: (*file).clone(),
        }));
    }
    if !options.no_compile {
        let why = match (steps.is_empty(), has_wheel) {
            (true, false) => Why::NoWheel,
            (true, true) => Why::Asked,
            (false, _) => Why::Fallback,
        };
        steps.extend(sdist.map(|file| Step {
            way: Way::Compile,
            why,
            file: file.clone(),
        }));
    }
    steps
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::elf::Arch;

    const MUSL: &str = "demo-1.0-cp313-cp313-musllinux_1_2_x86_64.whl";
    const PURE: &str = "demo-1.0-py3-none-any.whl";
    const GLIBC: &str = "demo-1.0-cp313-cp313-manylinux_2_17_x86_64.whl";
    const SDIST: &str = "demo-1.0.tar.gz";

    fn ways(files: &[&str], options: &ChoiceOptions) -> Vec<(Way, Why)> {
        let file = |name: &&str| LockedFile {
            name: Some((*name).to_owned()),
            ..LockedFile::default()
        };
        let (wheels, sdists): (Vec<_>, Vec<_>) = files
            .iter()
            .map(file)
            .partition(|one| one.file_name().ends_with(".whl"));
        let package = Locked {
            name: "demo".to_owned(),
            wheels,
            sdist: sdists.into_iter().next(),
            ..Locked::default()
        };
        let target = Target {
            python: (3, 13),
            free_threaded: false,
            arch: Arch::X86_64,
        };
        let steps = steps(&package, &target, options);
        steps.into_iter().map(|step| (step.way, step.why)).collect()
    }

    #[test]
    fn musl_or_pure_is_taken_else_glibc_is_ported_else_the_source_is_compiled() {
        let plain = ChoiceOptions::default();
        let all = ways(&[GLIBC, PURE, SDIST, MUSL], &plain);
        assert_eq!(all[0], (Way::Take, Why::MuslWheel));
        assert_eq!(all[1], (Way::Take, Why::PureWheel));
        assert_eq!(ways(&[GLIBC, PURE], &plain)[0], (Way::Take, Why::PureWheel));
        assert_eq!(
            ways(&[GLIBC, SDIST], &plain),
            [(Way::Port, Why::OnlyGlibc), (Way::Compile, Why::Fallback)]
        );
        assert_eq!(ways(&[SDIST], &plain), [(Way::Compile, Why::NoWheel)]);
        assert_eq!(ways(&[], &plain), []);
    }

    #[test]
    fn the_command_line_overrules() {
        let no_port = ChoiceOptions {
            no_port: true,
            ..ChoiceOptions::default()
        };
        assert_eq!(
            ways(&[GLIBC, SDIST], &no_port),
            [(Way::Compile, Why::Asked)]
        );
        let named = ChoiceOptions {
            compile: BTreeSet::from(["demo".to_owned()]),
            ..ChoiceOptions::default()
        };
        assert_eq!(ways(&[MUSL, SDIST], &named), [(Way::Compile, Why::Asked)]);
        assert_eq!(ways(&[PURE, SDIST], &named), [(Way::Compile, Why::Asked)]);
        let all = ChoiceOptions {
            compile_all: true,
            ..ChoiceOptions::default()
        };
        assert_eq!(ways(&[MUSL, SDIST], &all), [(Way::Compile, Why::Asked)]);
        assert_eq!(ways(&[PURE, SDIST], &all)[0], (Way::Take, Why::PureWheel));
    }
}
