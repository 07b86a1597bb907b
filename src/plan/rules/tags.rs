//! Rules on what a package's name and tags claim (T).

use super::{REPAIR, REPAIR_TAGS};
use crate::elf::Arch;
use crate::plan::rules::rule::rules;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{Note, Untrusted};

rules! {
    /// A claim of the name or of WHEEL that is not true.
    pub TagFault:

    "T001" "tags-differ" TagsDiffer {
        /// The difference.
        note: Note,
    }
    says("{note}")
    json(context: ("{note}"))
    degree Error
    title "The tags in WHEEL are not those of the file name"
    why "Who renamed the wheel left its content behind: tools that read WHEEL decide otherwise than installers."
    help "rename with `wheel tags`, or let `wheelfix repair` write both";

    "T002" "any-with-elf" AnyWithElf {
        /// One of the ELF files.
        file: ModulePath,
    }
    says("the name says `any` platform, and {file} is an ELF file")
    json(file: file,)
    degree Error
    title "The name says `any` platform, and there are ELF files"
    why "It installs everywhere and works on one machine."
    help "build it as a platform wheel: give it an extension module, or override the tag";

    "T003" "tag-of-another-machine" TagMachine {
        /// The tag.
        tag: Untrusted,
        /// The machine that the files are for.
        arch: Arch,
    }
    says("{tag} names another machine than its files are for: {arch}")
    json(subject: tag, context: ("{arch}"))
    degree Error
    title "A tag names a machine that the files are not for"
    why "Installers choose by the tag: the files will not load where it is installed."
    help REPAIR_TAGS;

    "T004" "tag-of-another-libc" TagLibc {
        /// The tag.
        tag: Untrusted,
        /// The C library that the files are for.
        libc: Libc,
    }
    says("{tag} names another C library than its files are for: {libc}")
    json(subject: tag, context: ("{libc}"))
    degree Error
    title "A tag names a C library that the files are not for"
    why "A manylinux wheel does not load on Alpine, nor a musllinux wheel elsewhere."
    help REPAIR_TAGS;

    "T005" "unknown-tag" UnknownTag {
        /// The tag.
        tag: Untrusted,
        /// The machine that the files are for.
        arch: Arch,
    }
    says("{tag} is no platform tag of Linux on {arch}")
    json(subject: tag, context: ("{arch}"))
    degree Error
    title "No installer on Linux knows the platform tag for this machine"
    why "The wheel will never be chosen."
    help REPAIR_TAGS;

    "T006" "tag-promises-nothing" PromisesNothing {
        /// The tag.
        tag: Untrusted,
    }
    says("{tag} does not say which systems the wheel runs on")
    json(subject: tag,)
    degree Error
    title "A plain linux tag promises nothing"
    why "Indexes refuse it, and it installs on machines that lack its libraries."
    help REPAIR;

    "T007" "purelib-with-elf" Purelib {
        /// One of the ELF files.
        file: ModulePath,
    }
    says("WHEEL says Root-Is-Purelib: true, and {file} is an ELF file")
    json(file: file,)
    degree Error
    title "WHEEL says Root-Is-Purelib: true, and there are ELF files"
    why "Where platlib and purelib are two folders the files land in the wrong one."
    help "`wheelfix repair` sets it to false";

    "T008" "extension-of-another-python" ExtensionName {
        /// The extension module.
        file: ModulePath,
        /// The endings that the Pythons of the tags look for.
        want: Untrusted,
    }
    says("no Python of the tags imports {file}: they look for {want}")
    json(file: file, context: ("{want}"))
    degree Error
    title "The name of an extension is for other Pythons than the tags"
    why "Python finds an extension by the end of its name, which tells version, machine and C library: `import` says ModuleNotFoundError."
    help "build the wheel with the Python that its tags name, or rename the file";
}
