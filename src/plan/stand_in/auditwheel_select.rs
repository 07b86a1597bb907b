//! Which files of a wheel auditwheel looks at: those of the machine and the C library that the
//! file name tells, or else the first file.

use crate::elf::Arch;
use crate::plan::needs::subject::ElfEntry;
use crate::plan::needs::subject::Platform;
use crate::policy::{Family, PlatformTag};
use crate::resolve::{Libc, MachineKey, libc_of};
use crate::wheel::{Sentence, Untrusted, sentence};

/// The files that count.
#[derive(Debug)]
pub struct Selection {
    /// They themselves, in the order of the archive.
    pub elf: Vec<ElfEntry>,
    /// What they are for.
    pub platform: Platform,
    /// What is said of the others.
    pub ignored: Vec<Sentence>,
}

/// Why a wheel is none for a platform.
#[derive(Debug)]
pub struct Refusal {
    /// What is said of files that do not count.
    pub ignored: Vec<Sentence>,
    /// The machine that was looked for and the files that were found; `None`: no ELF file at all.
    pub found: Option<(Arch, Vec<Untrusted>)>,
    /// The file name says so too.
    pub pure: bool,
}

/// Choose. A wheel in which nothing tells the C library is taken for one of glibc.
///
/// # Errors
/// When no file is left.
pub fn select(platforms: &[String], elf: &[ElfEntry]) -> Result<Selection, Refusal> {
    let mut arch = arch_of_name(platforms);
    let mut libc = libc_of_name(platforms);
    let mut machine = None;
    let mut kept = Vec::new();
    let mut ignored = Vec::new();
    let mut foreign = Vec::new();
    for entry in elf {
        let name = Untrusted::from(entry.installed.file_name());
        let key = MachineKey::of(&entry.file.facts);
        let Some(own) = key.arch() else {
            foreign.push(name.clone());
            ignored.push(sentence!("ignoring: {} with unknown architecture", name));
            continue;
        };
        if *arch.get_or_insert(own) != own {
            foreign.push(name.clone());
            ignored.push(sentence!(
                "ignoring: {} with {} architecture",
                name,
                own.name()
            ));
            continue;
        }
        if let Some(own) = libc_of(&entry.file.facts)
            && *libc.get_or_insert(own) != own
        {
            ignored.push(sentence!("ignoring: {} with {} libc", name, own.name()));
            continue;
        }
        machine.get_or_insert(key);
        kept.push(entry.clone());
    }
    let (Some(machine), Some(arch)) = (machine, arch) else {
        let pure = platforms.iter().all(|tag| tag == "any");
        let found = arch.filter(|_| !foreign.is_empty());
        return Err(Refusal {
            ignored,
            found: found.map(|arch| (arch, foreign)),
            pure,
        });
    };
    Ok(Selection {
        elf: kept,
        platform: Platform {
            machine,
            arch,
            libc: libc.unwrap_or(Libc::Glibc),
        },
        ignored,
    })
}

/// The one machine that all tags of a file name end in.
fn arch_of_name(platforms: &[String]) -> Option<Arch> {
    let of_tag = |tag: &String| {
        let named = |arch: &Arch| tag.ends_with(&format!("_{}", arch.name()));
        Arch::ALL.into_iter().find(named)
    };
    let mut found = platforms.iter().map(of_tag);
    let first = found.next()??;
    found.all(|one| one == Some(first)).then_some(first)
}

/// The one C library that the tags of a file name speak of.
fn libc_of_name(platforms: &[String]) -> Option<Libc> {
    let of_tag = |tag: &String| match PlatformTag::parse(tag)?.family {
        Family::Manylinux => Some(Libc::Glibc),
        Family::Musllinux => Some(Libc::Musl),
        Family::Linux => None,
    };
    let mut found = platforms.iter().filter_map(of_tag);
    let first = found.next()?;
    found.all(|one| one == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::{arch_of_name, libc_of_name};
    use crate::elf::Arch;
    use crate::resolve::Libc;

    fn platforms(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_name_tells_one_machine_or_none() {
        let told = |text| arch_of_name(&platforms(text));
        assert_eq!(
            told("manylinux_2_17_x86_64.manylinux2014_x86_64"),
            Some(Arch::X86_64)
        );
        assert_eq!(told("linux_x86_64.linux_aarch64"), None);
        assert_eq!(told("linux_x86_64.any"), None);
        assert_eq!(told("linux_armv5l"), None);
    }

    #[test]
    fn a_name_tells_one_libc_or_none() {
        let told = |text| libc_of_name(&platforms(text));
        assert_eq!(told("manylinux1_x86_64.linux_x86_64"), Some(Libc::Glibc));
        assert_eq!(told("manylinux1_x86_64.musllinux_1_1_x86_64"), None);
        assert_eq!(told("linux_x86_64"), None);
    }
}
