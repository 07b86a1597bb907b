//! Which wheels the Python of an Alpine can use, and which could be made fit for it.

use crate::elf::Arch;
use crate::policy::{Family, PlatformTag, policies};
use crate::resolve::Libc;
use crate::wheel::WheelFilename;

/// The Python that wheels are gathered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its major and minor version.
    pub python: (u16, u16),
    /// Is it one without the global lock?
    pub free_threaded: bool,
    /// The machine.
    pub arch: Arch,
}

/// What a wheel is to a target that can import it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It is for musl.
    Musl,
    /// It is for any platform.
    Pure,
    /// It is for glibc: to be ported.
    Glibc,
}

impl Target {
    /// The platform tags to ask an index for, as pip's `--platform`: those of musl first, newest first.
    pub fn platforms(&self) -> Vec<String> {
        let names = |libc: Libc| {
            let rows = policies(libc, self.arch).into_iter().rev();
            let versions = rows.flat_map(|policy| {
                let mut names = policy.names(self.arch);
                // Tags by PEP 600 may name any version between two rows.
                if libc == Libc::Glibc {
                    let (major, minor) = policy.tag(self.arch).version;
                    let older = policies(libc, self.arch)
                        .iter()
                        .map(|other| other.tag(self.arch).version.1)
                        .filter(|other| *other < minor)
                        .max();
                    let older = older.unwrap_or(minor.saturating_sub(1));
                    let between = (older.saturating_add(1)..minor).rev();
                    names
                        .extend(between.map(|minor| {
                            format!("manylinux_{major}_{minor}_{}", self.arch.name())
                        }));
                }
                names
            });
            versions.collect::<Vec<String>>()
        };
        let mut all = names(Libc::Musl);
        all.extend(names(Libc::Glibc));
        all.push(format!("linux_{}", self.arch.name()));
        all
    }

    /// The Python version as pip takes it: `3.13`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.python.0, self.python.1)
    }

    /// The ABI of extensions for this Python alone: `cp313`.
    pub fn abi(&self) -> String {
        let (major, minor) = self.python;
        let end = if self.free_threaded { "t" } else { "" };
        format!("cp{major}{minor}{end}")
    }

    /// What the wheel is to this target; `None`: it cannot be used by it.
    pub fn use_of(&self, wheel: &WheelFilename) -> Option<Use> {
        self.interpreter_rank(wheel)?;
        let uses = wheel
            .platform
            .iter()
            .filter_map(|tag| self.platform_use(tag));
        uses.min()
    }

    fn platform_use(&self, tag: &str) -> Option<Use> {
        if tag == "any" {
            return Some(Use::Pure);
        }
        let tag = PlatformTag::parse(tag)?;
        if tag.arch != self.arch.name() {
            return None;
        }
        match tag.family {
            Family::Musllinux if tag.version <= (1, 2) => Some(Use::Musl),
            Family::Musllinux => None,
            Family::Manylinux | Family::Linux => Some(Use::Glibc),
        }
    }

    /// The better of two wheels of one use comes first: the most particular interpreter, the newest
    /// platform, the highest build number, then the name.
    pub fn preference(&self, wheel: &WheelFilename) -> impl Ord + use<> {
        let platform = wheel.platform.iter();
        let newest = platform
            .filter_map(|tag| PlatformTag::parse(tag))
            .map(|tag| tag.version)
            .max();
        let build = wheel.build.as_deref().unwrap_or_default();
        let digits = build.split(|c: char| !c.is_ascii_digit()).next();
        let build: u64 = digits.and_then(|text| text.parse().ok()).unwrap_or(0);
        (
            self.interpreter_rank(wheel),
            std::cmp::Reverse(newest),
            std::cmp::Reverse(build),
            wheel.to_string(),
        )
    }

    /// How far a wheel's interpreter tags are from this very Python; 0: they name it.
    fn interpreter_rank(&self, wheel: &WheelFilename) -> Option<u16> {
        let ranks = wheel
            .interpreters()
            .filter_map(|(python, abi)| self.pair_rank(python, abi));
        ranks.min()
    }

    fn pair_rank(&self, python: &str, abi: &str) -> Option<u16> {
        let (major, minor) = self.python;
        let own = format!("cp{major}{minor}");
        if abi == self.abi() {
            return (python == own).then_some(0);
        }
        let minor_of = |prefix: &str| -> Option<u16> {
            let rest = python.strip_prefix(prefix)?;
            if rest.is_empty() {
                return Some(0);
            }
            rest.parse().ok().filter(|other| *other <= minor)
        };
        match abi {
            "abi3" if !self.free_threaded => {
                let since = minor_of(&format!("cp{major}")).filter(|since| *since > 0)?;
                minor.checked_sub(since)?.checked_add(1)
            }
            "none" if python == own => Some(1000),
            "none" => {
                let since = minor_of(&format!("py{major}"))?;
                minor.checked_sub(since)?.checked_add(1001)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TARGET: Target = Target {
        python: (3, 13),
        free_threaded: false,
        arch: Arch::X86_64,
    };

    fn use_of(tags: &str) -> Option<Use> {
        TARGET.use_of(&WheelFilename::parse(&format!("demo-1.0-{tags}.whl")).unwrap())
    }

    #[test]
    fn a_wheel_is_for_musl_for_anything_for_glibc_or_for_others() {
        for (tags, expected) in [
            ("cp313-cp313-musllinux_1_2_x86_64", Some(Use::Musl)),
            ("cp39-abi3-musllinux_1_1_x86_64", Some(Use::Musl)),
            ("py3-none-any", Some(Use::Pure)),
            ("py2.py3-none-any", Some(Use::Pure)),
            ("py313-none-any", Some(Use::Pure)),
            (
                "cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64",
                Some(Use::Glibc),
            ),
            (
                "cp313-cp313-manylinux2014_x86_64.musllinux_1_2_x86_64",
                Some(Use::Musl),
            ),
            ("cp313-none-manylinux1_x86_64", Some(Use::Glibc)),
            ("cp313-cp313-musllinux_1_2_aarch64", None),
            ("cp313-cp313t-musllinux_1_2_x86_64", None),
            ("cp314-abi3-musllinux_1_2_x86_64", None),
            ("cp312-cp312-musllinux_1_2_x86_64", None),
            ("cp313-cp313-musllinux_2_0_x86_64", None),
            ("py2-none-any", None),
            ("py314-none-any", None),
            ("cp313-cp313-win_amd64", None),
            ("pp310-pypy310_pp73-manylinux1_x86_64", None),
        ] {
            assert_eq!(use_of(tags), expected, "{tags}");
        }
    }

    #[test]
    fn the_most_particular_interpreter_then_the_newest_platform_is_preferred() {
        let order = [
            "cp313-cp313-musllinux_1_2_x86_64",
            "cp313-cp313-musllinux_1_1_x86_64",
            "cp313-abi3-musllinux_1_2_x86_64",
            "cp39-abi3-musllinux_1_2_x86_64",
            "cp313-none-any",
            "py3-none-any",
        ];
        let wheel = |tags: &str| WheelFilename::parse(&format!("demo-1.0-{tags}.whl")).unwrap();
        let mut sorted: Vec<&str> = order.to_vec();
        sorted.reverse();
        sorted.sort_by_key(|tags| TARGET.preference(&wheel(tags)));
        assert_eq!(sorted, order);
    }

    #[test]
    fn an_index_is_asked_for_musl_first_and_for_every_glibc() {
        let platforms = TARGET.platforms();
        assert_eq!(
            platforms.get(..3).unwrap(),
            [
                "musllinux_1_2_x86_64",
                "musllinux_1_1_x86_64",
                "manylinux_2_41_x86_64"
            ]
        );
        for tag in [
            "manylinux_2_29_x86_64",
            "manylinux2014_x86_64",
            "manylinux1_x86_64",
        ] {
            assert!(platforms.iter().any(|one| one == tag), "{tag}");
        }
    }
}
