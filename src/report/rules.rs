//! What each code means, why it matters, and the way out.

use serde_json::{Value, json};

use crate::plan::Code;

/// The text of a code.
pub(super) struct Text {
    /// What is wrong, in general.
    pub(super) title: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
    /// What to do.
    pub(super) help: &'static str,
}

const fn text(title: &'static str, why: &'static str, help: &'static str) -> Text {
    Text { title, why, help }
}

const BUILD_AGAIN: &str = "build the wheel again with a current build backend";
const REPAIR: &str = "`wheelfix repair` the wheel where its libraries are installed";
const REPAIR_TAGS: &str = "`wheelfix repair` writes the tags that the content deserves";
const OLDER_ALPINE: &str =
    "build on an older Alpine the file that is named, or tag and document the wheel as it is";

/// What is said of a code.
pub(super) fn text_of(code: Code) -> Text {
    match code {
        Code::Unreadable => text(
            "The archive cannot be read as a wheel",
            "Installers read archives differently where they are not plain: one may install what another does not show.",
            BUILD_AGAIN,
        ),
        Code::UnsafeName => text(
            "A name in the archive is unsafe, or there twice",
            "Such an entry may land outside of site-packages, or overwrite another file.",
            BUILD_AGAIN,
        ),
        Code::FileName => text(
            "The file name is not a wheel's",
            "Installers read project, version and tags from it.",
            "name it `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`",
        ),
        Code::Metadata => text(
            "WHEEL or METADATA is missing or broken",
            "An installer cannot tell what the wheel is.",
            BUILD_AGAIN,
        ),
        Code::MetadataDiffers => text(
            "METADATA contradicts the file name",
            "Installers refuse such a wheel, or install it under a name that nobody asked for.",
            BUILD_AGAIN,
        ),
        Code::SameButForCase => text(
            "Two names differ only in case",
            "On a file system that takes them for one, one of the files is lost.",
            "rename one of them",
        ),
        Code::NoRecord => text(
            "RECORD is missing or cannot be read",
            "The package cannot be verified, nor uninstalled.",
            "build or install it again",
        ),
        Code::RecordFiles => text(
            "RECORD does not list the files that are there",
            "A file that is not listed is never verified and stays behind when the package is uninstalled.",
            "write RECORD anew with whatever changed the files (`wheel unpack`, then `wheel pack`)",
        ),
        Code::RecordMismatch => text(
            "A file is not what RECORD says",
            "Installers refuse the wheel; in an installed tree somebody changed the file.",
            "build or install it again, or write RECORD anew with whatever changed the file",
        ),
        Code::RecordWeak => text(
            "RECORD proves nothing of a file",
            "md5 and sha1 can be forged, and a path that is listed twice has no one hash.",
            BUILD_AGAIN,
        ),
        Code::TagsDiffer => text(
            "The tags in WHEEL are not those of the file name",
            "Who renamed the wheel left its content behind: tools that read WHEEL decide otherwise than installers.",
            "rename with `wheel tags`, or let `wheelfix repair` write both",
        ),
        Code::AnyWithElf => text(
            "The name says `any` platform, and there are ELF files",
            "It installs everywhere and works on one machine.",
            "build it as a platform wheel: give it an extension module, or override the tag",
        ),
        Code::TagMachine => text(
            "A tag names a machine that the files are not for",
            "Installers choose by the tag: the files will not load where it is installed.",
            REPAIR_TAGS,
        ),
        Code::TagLibc => text(
            "A tag names a C library that the files are not for",
            "A manylinux wheel does not load on Alpine, nor a musllinux wheel elsewhere.",
            REPAIR_TAGS,
        ),
        Code::UnknownTag => text(
            "No installer on Linux knows the platform tag for this machine",
            "The wheel will never be chosen.",
            REPAIR_TAGS,
        ),
        Code::PromisesNothing => text(
            "A plain linux tag promises nothing",
            "Indexes refuse it, and it installs on machines that lack its libraries.",
            REPAIR,
        ),
        Code::Purelib => text(
            "WHEEL says Root-Is-Purelib: true, and there are ELF files",
            "Where platlib and purelib are two folders the files land in the wrong one.",
            "`wheelfix repair` sets it to false",
        ),
        Code::BrokenElf => text(
            "An ELF file is broken",
            "No loader takes it, or each takes it for something else.",
            "build the file again",
        ),
        Code::OtherMachine => text(
            "A file is for another machine than the wheel",
            "It cannot load, and no tag is true of both.",
            "build the wheel without the file",
        ),
        Code::OtherLibc => text(
            "A file is for another C library than the wheel",
            "It cannot load, and no tag is true of both.",
            "build the wheel without the file",
        ),
        Code::ExecutableStack => text(
            "A file asks for an executable stack",
            "glibc 2.41 and hardened kernels refuse to load it.",
            "link it with `-Wl,-z,noexecstack`, or clear the flag with `patchelf --clear-execstack`",
        ),
        Code::TextRelocations => text(
            "Relocations write to code",
            "Its code cannot be shared between processes, and hardened systems refuse to load it.",
            "compile all of its objects with `-fPIC`",
        ),
        Code::WritableCode => text(
            "A segment is writable and executable",
            "Hardened systems refuse to map it.",
            "link it without `-Wl,-N` and `-z execstack`",
        ),
        Code::CarriesLibc => text(
            "The wheel carries a C library",
            "A process has one already; musl takes its own in place of this one.",
            "leave it out of the wheel",
        ),
        Code::NarrowUnicode => text(
            "An extension is for a Python 2 with narrow Unicode",
            "The manylinux tags speak of wide builds only (PEP 513).",
            "build it with a Python configured with `--enable-unicode=ucs4`",
        ),
        Code::PyFpe => text(
            "An extension is for a Python built with fpectl",
            "Ordinary builds of Python lack the symbol (PEP 513).",
            "build it with a Python configured without `--with-fpectl`",
        ),
        Code::MissingLibrary => text(
            "A needed library is nowhere",
            "It is neither in the package nor among what the tag says every machine has: the file loads only where somebody installed it.",
            REPAIR,
        ),
        Code::Unreachable => text(
            "A needed library is in the package where no search finds it",
            "The file does not load unless something else loaded the library before.",
            "`wheelfix repair` gives the file a run path to it",
        ),
        Code::NameClash => text(
            "Two different libraries are needed under one short name",
            "A process keeps the first one it loads: the other's users get a library that they were not built for.",
            "`wheelfix repair` gives grafted libraries names of their own",
        ),
        Code::NeedsLibpython => text(
            "A file needs libpython",
            "The interpreter that loads it often has no such library, or another one.",
            "link extensions without libpython; `wheelfix repair` drops the need",
        ),
        Code::NeedsPath => text(
            "A needed name is a path",
            "It is opened as it stands, without a search: on the machine of the build only.",
            "give the library a SONAME and link again",
        ),
        Code::RunPathOutside => text(
            "A run path has libraries looked for outside of the package",
            "Whoever can write to the folder has a library of theirs loaded in place of the right one. (An entry that no search comes by does no harm, and is not told.)",
            "`wheelfix repair` drops the entry",
        ),
        Code::RunPathRelative => text(
            "A run path has libraries looked for in the working directory",
            "They are loaded from wherever a program was started.",
            "`wheelfix repair` drops the entry; `$ORIGIN` is what was meant",
        ),
        Code::RunPathToken => text(
            "A run path has a token that musl does not know",
            "musl then ignores the whole run path.",
            "use `$ORIGIN` alone",
        ),
        Code::Unbound => text(
            "Nothing defines a symbol",
            "musl binds everything when it loads a file, so the load fails; glibc may end the process later, when the symbol is first used.",
            "link the library that defines it; compile against the C library's own headers; leave out what a Python of the tags lacks",
        ),
        Code::PrivateSymbol => text(
            "A symbol is private, or missing, where the tag says the wheel runs",
            "The C library may drop or change it without notice.",
            "compile with the tag's own image, without the feature that uses it",
        ),
        Code::NewMuslSymbol => text(
            "A symbol is younger than the musl that the tag promises",
            "On an older Alpine the file does not load.",
            OLDER_ALPINE,
        ),
        Code::PackedRelocations => text(
            "Packed relocations (DT_RELR) need a younger musl than the tag promises",
            "musl before 1.2.4 leaves them out, and the library crashes when it is first used.",
            "`wheelfix repair` unpacks them; or link with `-Wl,-z,nopack-relative-relocs`",
        ),
        Code::NewGlibcVersion => text(
            "A symbol version is younger than the glibc that the tag promises",
            "On an older system the file does not load.",
            "`wheelfix repair` writes the tag that is true, or build with the tag's own image",
        ),
        Code::NewProcessor => text(
            "A file needs a younger processor than the tag promises",
            "On an older one it ends with an illegal instruction.",
            "compile for the baseline processor, and choose faster code at run time",
        ),
    }
}

/// What `rule` says of one code.
pub fn rule_text(code: Code) -> String {
    let text = text_of(code);
    let (id, name) = (code.id(), code.name());
    format!(
        "{id} {name}\n  {}.\n\n  {}\n\n  way out: {}\n",
        text.title, text.why, text.help
    )
}

/// All codes, a line each.
pub fn rule_list() -> String {
    let line = |code: &Code| format!("{}  {}\n", code.id(), text_of(*code).title);
    Code::ALL.iter().map(line).collect()
}

/// Codes with their texts, as JSON.
pub fn rules_json(codes: &[Code]) -> String {
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let text = text_of(*code);
            json!({"code": code.id(), "name": code.name(), "title": text.title, "why": text.why, "help": text.help})
        })
        .collect();
    let value = json!({"schema": {"name": "wheelfix.rule", "version": 1}, "rules": rules});
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
