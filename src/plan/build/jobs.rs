//! How many packages are compiled at once, and how it is done: what compilers are told.

use std::collections::BTreeMap;

/// Memory that one compiler may want, in bytes: C++ with templates takes this much.
const PER_COMPILER: u64 = 1 << 30;

/// What compiled code is to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SizeFlags {
    /// Small: no debug information, `-Os`, what nothing uses left out.
    #[default]
    Size,
    /// Fast: no debug information, `-O3`.
    Speed,
    /// As the project has it.
    None,
}

/// How work is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// Packages that are built side by side.
    pub packages: usize,
    /// Compilers that each of them may run.
    pub compilers: usize,
}

/// Share out `cores` and `memory` (bytes that are free; 0: unknown) between `packages`, with not more than
/// `most` compilers at all.
pub fn jobs(packages: usize, cores: usize, memory: u64, most: Option<usize>) -> Jobs {
    let fit = match memory {
        0 => usize::MAX,
        memory => usize::try_from(memory / PER_COMPILER).unwrap_or(usize::MAX),
    };
    let all = most.unwrap_or_else(|| cores.min(fit)).max(1);
    // Configuring takes one core however many there are, so packages go side by side first.
    let side_by_side = packages.clamp(1, all);
    Jobs {
        packages: side_by_side,
        compilers: all.checked_div(side_by_side).unwrap_or(1).max(1),
    }
}

/// What a build finds in its environment, beside what is there (`before`, the same names).
pub fn environment(
    flags: SizeFlags,
    compilers: usize,
    before: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut after = BTreeMap::new();
    let compile = match flags {
        SizeFlags::Size => "-g0 -Os -DNDEBUG -ffunction-sections -fdata-sections",
        SizeFlags::Speed => "-g0 -O3 -DNDEBUG",
        SizeFlags::None => "",
    };
    let link = match flags {
        SizeFlags::Size => "-Wl,--strip-all -Wl,--gc-sections",
        SizeFlags::Speed => "-Wl,--strip-all",
        SizeFlags::None => "",
    };
    let fortran = match flags {
        SizeFlags::Size => "-g0 -Os",
        SizeFlags::Speed => "-g0 -O3",
        SizeFlags::None => "",
    };
    // What the caller asks for comes last, so that it wins.
    for (name, own) in [
        ("CFLAGS", compile),
        ("CXXFLAGS", compile),
        ("FFLAGS", fortran),
        ("FCFLAGS", fortran),
        ("LDFLAGS", link),
    ] {
        let theirs = before.get(name).map_or("", String::as_str);
        let all = [own, theirs].join(" ");
        if !all.trim().is_empty() {
            after.insert(name.to_owned(), all.trim().to_owned());
        }
    }
    let number = compilers.to_string();
    for (name, value) in [
        ("MAKEFLAGS", format!("-j{number}")),
        ("CMAKE_BUILD_PARALLEL_LEVEL", number.clone()),
        ("MAX_JOBS", number.clone()),
        ("NPY_NUM_BUILD_JOBS", number.clone()),
        ("CARGO_BUILD_JOBS", number),
        // The same source gives the same bytes, as far as it can.
        ("SOURCE_DATE_EPOCH", "315532800".to_owned()),
        ("PYTHONHASHSEED", "0".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
    ] {
        if !before.contains_key(name) {
            after.insert(name.to_owned(), value);
        }
    }
    after
}

/// The names that [`environment`] asks after.
pub const ENVIRONMENT: [&str; 13] = [
    "CFLAGS",
    "CXXFLAGS",
    "FFLAGS",
    "FCFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "CMAKE_BUILD_PARALLEL_LEVEL",
    "MAX_JOBS",
    "NPY_NUM_BUILD_JOBS",
    "CARGO_BUILD_JOBS",
    "SOURCE_DATE_EPOCH",
    "PYTHONHASHSEED",
    "LC_ALL",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cores_memory_and_the_caller_bound_how_many_compilers_run() {
        let gib = 1 << 30;
        for (packages, cores, memory, most, expected) in [
            (1, 8, 16 * gib, None, (1, 8)),
            (3, 8, 16 * gib, None, (3, 2)),
            (20, 8, 16 * gib, None, (8, 1)),
            (20, 8, 2 * gib, None, (2, 1)),
            (20, 8, gib / 2, None, (1, 1)),
            (20, 8, 0, None, (8, 1)),
            (20, 8, 2 * gib, Some(4), (4, 1)),
            (1, 8, 16 * gib, Some(1), (1, 1)),
            (0, 0, 0, None, (1, 1)),
        ] {
            let jobs = jobs(packages, cores, memory, most);
            assert_eq!((jobs.packages, jobs.compilers), expected);
        }
    }

    #[test]
    fn what_the_caller_asks_of_compilers_comes_last_and_stays() {
        let before = BTreeMap::from([
            ("CFLAGS".to_owned(), "-O2 -g".to_owned()),
            ("MAX_JOBS".to_owned(), "7".to_owned()),
        ]);
        let size = environment(SizeFlags::Size, 2, &before);
        assert!(size["CFLAGS"].starts_with("-g0 -Os"), "{size:?}");
        assert!(size["CFLAGS"].ends_with("-O2 -g"), "{size:?}");
        assert_eq!(size["MAKEFLAGS"], "-j2");
        assert!(!size.contains_key("MAX_JOBS"));
        let none = environment(SizeFlags::None, 2, &BTreeMap::new());
        assert!(!none.contains_key("CFLAGS"));
    }
}
