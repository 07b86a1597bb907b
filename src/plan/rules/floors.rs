//! Rules on the oldest system that a tag speaks of (F).

use crate::elf::Soname;
use crate::plan::rules::rule::{Field, rules};
use crate::policy::Alpine;
use crate::resolve::ModulePath;
use crate::wheel::Untrusted;

const OLDER_ALPINE: &str =
    "build on an older Alpine the file that is named, or tag and document the wheel as it is";

rules! {
    /// A file that the oldest system of the tag cannot load or run.
    pub FloorFault:

    "F001" "musl-symbol-too-new" NewMuslSymbol {
        /// The file.
        file: ModulePath,
        /// The symbol.
        symbol: Untrusted,
        /// Since when musl has it.
        age: MuslAge,
    }
    says("{file} needs {symbol}, {age}")
    json(file: file, subject: symbol, context: ("{age}"))
    degree Warning
    title "A symbol is younger than the musl that the tag promises"
    why "On an older Alpine the file does not load."
    help OLDER_ALPINE;

    "F002" "packed-relocations" PackedRelocations {
        /// The file.
        file: ModulePath,
        /// Since when musl knows them.
        age: MuslAge,
    }
    says("{file} has packed relocations, {age}")
    json(file: file, context: ("{age}"))
    degree Warning
    title "Packed relocations (DT_RELR) need a younger musl than the tag promises"
    why "musl before 1.2.4 leaves them out, and the library crashes when it is first used."
    help "`wheelfix repair` unpacks them; or link with `-Wl,-z,nopack-relative-relocs`";

    "F003" "glibc-version-too-new" NewGlibcVersion {
        /// The file.
        file: ModulePath,
        /// The symbol version.
        version: Untrusted,
        /// The library that has to have it.
        library: Soname,
        /// The tag whose oldest system lacks it.
        tag: Untrusted,
    }
    says("{file} needs {version} of {library}, newer than {tag}")
    json(file: file, subject: version, context: ("of {library}, newer than {tag}"))
    degree Error
    title "A symbol version is younger than the glibc that the tag promises"
    why "On an older system the file does not load."
    help "`wheelfix repair` writes the tag that is true, or build with the tag's own image";

    "F004" "processor-too-new" NewProcessor {
        /// The file.
        file: ModulePath,
        /// The level that it is marked with.
        level: Untrusted,
        /// The tag whose oldest processor lacks it.
        tag: Untrusted,
    }
    says("{file} is built for {level} processors, newer than {tag} promises")
    json(file: file, subject: level, context: ("{tag}"))
    degree Error
    title "A file needs a younger processor than the tag promises"
    why "On an older one it ends with an illegal instruction."
    help "compile for the baseline processor, and choose faster code at run time";
}

/// Since when musl has something, and what is promised instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MuslAge {
    /// The first Alpine with it.
    pub since: Alpine,
    /// The tag.
    pub tag: Untrusted,
    /// The oldest Alpine that the tag speaks of.
    pub promised: Alpine,
}

impl Field for MuslAge {
    fn shown(&self) -> String {
        let Self {
            since,
            tag,
            promised,
        } = self;
        let musl = since.musl().unwrap_or("unknown");
        format!("so Alpine ≥ {since} (musl {musl}); {tag} promises Alpine ≥ {promised}")
    }
}
