//! Which machine and which C library a wheel is for. The wheel's own files say it, never
//! the machine that repairs.

use crate::elf::{Arch, Kind};
use crate::plan::needs::foreign::{self, Told};
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::subject::ElfEntry;
use crate::policy::{Family, PlatformTag};
use crate::resolve::{Libc, MachineKey};
use crate::wheel::Untrusted;

/// The musl of every Alpine that is still maintained, and what tools have tagged for
/// years. `auto` does not go below it even where the symbols would allow: the time_t of
/// 32-bit machines changed size with 1.2, which no symbol of a library need betray.
pub(in crate::plan) const MUSL_AUTO: (u16, u16) = (1, 2);

/// What `--plat` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Requested {
    /// The best tag that the content allows.
    #[default]
    Auto,
    /// This tag; `None` as machine: the wheel's.
    Tag {
        /// As it was given.
        given: Untrusted,
        /// Its kind.
        family: Family,
        /// Its version; `(0, 0)` for plain `linux`.
        version: (u16, u16),
        /// Its machine, where it names one.
        arch: Option<Untrusted>,
    },
}

impl Requested {
    /// Read `--plat`: `auto`, a platform tag, or one without its machine.
    ///
    /// # Errors
    /// An obstacle when the text is no Linux platform tag.
    pub fn parse(text: &str) -> Result<Self, Obstacle> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let whole = PlatformTag::parse(text).filter(|tag| Arch::from_name(&tag.arch).is_some());
        let (tag, arch) = match whole {
            Some(tag) => {
                let arch = Some(tag.arch.clone());
                (Some(tag), arch)
            }
            None => {
                let tag = PlatformTag::parse(&format!("{text}_any"));
                // Any other rest is a machine that no wheel tag has a name for.
                (tag.filter(|tag| tag.arch == "any"), None)
            }
        };
        let tag = tag.ok_or_else(|| Obstacle::NotAPlatform { given: text.into() })?;
        Ok(Self::Tag {
            given: text.into(),
            family: tag.family,
            version: tag.version,
            arch: arch.map(Into::into),
        })
    }

    /// The C library the tag speaks of.
    pub fn libc(&self) -> Option<Libc> {
        match self {
            Self::Auto => None,
            Self::Tag { family, .. } => family_libc(*family),
        }
    }
}

fn family_libc(family: Family) -> Option<Libc> {
    match family {
        Family::Musllinux => Some(Libc::Musl),
        Family::Manylinux => Some(Libc::Glibc),
        Family::Linux => None,
    }
}

/// Is a platform tag one of another system? Android's C library goes by musl's name of it, and its
/// tags have machines of their own.
pub(in crate::plan) fn is_elsewhere(tag: &str) -> bool {
    let systems = ["android_", "ios_", "macosx_", "win32", "win_"];
    systems.iter().any(|system| tag.starts_with(system))
}

/// Files that a loader or the kernel would take: not object files, not core dumps.
fn counts(entry: &ElfEntry) -> bool {
    matches!(entry.file.facts.kind, Kind::Shared | Kind::Executable)
}

/// The machine of a wheel: the one its platform tags name, if a file is for it, else that of the
/// first file. Every other file must fit.
///
/// # Errors
/// One obstacle for each file of another machine, or for a machine without a name.
pub fn machine_of(
    platforms: &[String],
    elf: &[ElfEntry],
) -> Result<(MachineKey, Arch), Vec<Obstacle>> {
    let first = platforms.first();
    if let Some(tag) = first.filter(|_| platforms.iter().all(|tag| is_elsewhere(tag))) {
        return Err(vec![Obstacle::OtherSystem {
            tag: tag.clone().into(),
        }]);
    }
    let tagged = platforms.iter().find_map(|tag| PlatformTag::parse(tag));
    let files: Vec<(&ElfEntry, MachineKey)> = elf
        .iter()
        .filter(|entry| counts(entry))
        .map(|entry| (entry, MachineKey::of(&entry.file.facts)))
        .collect();
    let is_tagged = |key: &MachineKey| {
        let arch = key.arch();
        tagged
            .as_ref()
            .is_some_and(|tag| arch.is_some_and(|arch| tag.is_for(arch)))
    };
    let Some((first, want)) = files
        .iter()
        .find(|(_, key)| is_tagged(key))
        .or_else(|| files.first())
    else {
        let pure = platforms.iter().all(|tag| tag == "any");
        return Err(vec![Obstacle::NotAPlatformWheel { pure }]);
    };
    let foreign: Vec<Obstacle> = files
        .iter()
        .filter(|(_, key)| !want.fits(key))
        .map(|(entry, key)| Obstacle::WrongMachine {
            file: entry.entry.clone(),
            is: key.name().into(),
            want: want.name().into(),
        })
        .collect();
    if !foreign.is_empty() {
        return Err(foreign);
    }
    // An armv6 file among armv7 ones fits, but the wheel needs what the newer ones need:
    // `Arch` lists armv7 before armv6.
    let archs = files.iter().filter_map(|(_, key)| key.arch());
    match archs.min() {
        Some(arch) => Ok((*want, arch)),
        None => Err(vec![Obstacle::UnknownMachine {
            file: first.entry.clone(),
            is: want.name().into(),
        }]),
    }
}

/// The C library that the extensions' file names speak of.
fn named_libc(elf: &[ElfEntry]) -> Option<Libc> {
    elf.iter()
        .filter(|entry| counts(entry))
        .find_map(foreign::libc_of_name)
}

/// The C library of a wheel: `forced` (`--libc`), else what its files were linked
/// against, else its tags, else its extensions' file names, else the tag that is asked
/// for, else the C library of the root that it was built in; that last one is told in a note.
///
/// # Errors
/// One obstacle for each file of the other C library, or one when nothing tells.
pub fn libc_of_wheel(
    forced: Option<Libc>,
    platforms: &[String],
    elf: &[ElfEntry],
    requested: &Requested,
    system: Option<Libc>,
) -> Result<(Libc, Vec<crate::plan::Note>), Vec<Obstacle>> {
    let told: Vec<(&ElfEntry, Told)> = elf
        .iter()
        .filter(|entry| counts(entry))
        .filter_map(|entry| Some((entry, foreign::told(&entry.file.facts)?)))
        .collect();
    // Those that load with one C library alone.
    let decided = told.iter().filter_map(|(entry, told)| match told {
        Told::Only(libc) => Some((*entry, *libc)),
        Told::LinkedToGlibc => None,
    });
    let files: Vec<(&ElfEntry, Libc)> = decided.collect();
    let tagged = || {
        platforms
            .iter()
            .filter_map(|tag| PlatformTag::parse(tag))
            .find_map(|tag| family_libc(tag.family))
    };
    let from_tag = tagged();
    let from_files = files
        .iter()
        .find(|(_, libc)| Some(*libc) == from_tag)
        .or_else(|| files.first())
        .map(|(_, libc)| *libc);
    let linked = told.iter().any(|(_, told)| *told == Told::LinkedToGlibc);
    // Where the files suit both, what is asked for decides, also where it is not what the tags say.
    let asked = requested.libc().filter(|_| foreign::all_suit_both(elf));
    let told = forced
        .or(from_files)
        .or(asked)
        .or(from_tag)
        .or_else(|| named_libc(elf))
        .or_else(|| requested.libc())
        .or(linked.then_some(Libc::Glibc));
    let (libc, notes) = match (told, system) {
        (Some(libc), _) => (libc, Vec::new()),
        (None, Some(libc)) => (libc, vec![crate::plan::Note::LibcFromSystem(libc)]),
        (None, None) => return Err(vec![Obstacle::UnknownLibc]),
    };
    let foreign: Vec<Obstacle> = files
        .iter()
        .filter(|(_, is)| *is != libc)
        .map(|(entry, is)| Obstacle::WrongLibc {
            file: entry.installed.clone(),
            is: *is,
            want: libc,
        })
        .collect();
    if foreign.is_empty() {
        Ok((libc, notes))
    } else {
        Err(foreign)
    }
}
