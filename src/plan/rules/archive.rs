//! Rules on the archive (W) and on RECORD (R).

use std::fmt;

use super::BUILD_AGAIN;
use crate::plan::rules::rule::{Field, rules};
use crate::resolve::ModulePath;
use crate::wheel::{self, Note};
use crate::wheel::{Sentence, Untrusted};

rules! {
    /// A fault of the archive, of the wheel's metadata, or of RECORD.
    pub ArchiveFault:

    "W001" "unreadable-archive" Unreadable {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Error
    title "The archive cannot be read as a wheel"
    why "Installers read archives differently where they are not plain: one may install what another does not show."
    help BUILD_AGAIN;

    "W002" "unsafe-name" UnsafeName {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Error
    title "A name in the archive is unsafe, or there twice"
    why "Such an entry may land outside of site-packages, or overwrite another file."
    help BUILD_AGAIN;

    "W003" "wrong-file-name" FileName {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Error
    title "The file name is not a wheel's"
    why "Installers read project, version and tags from it."
    help "name it `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`";

    "W004" "broken-metadata" Metadata {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Error
    title "WHEEL or METADATA is missing or broken"
    why "An installer cannot tell what the wheel is."
    help BUILD_AGAIN;

    "W005" "metadata-differs" MetadataDiffers {
        /// The header that differs.
        note: Note,
    }
    says("{note}")
    json(context: ("{note}"))
    degree Error
    title "METADATA contradicts the file name"
    why "Installers refuse such a wheel, or install it under a name that nobody asked for."
    help BUILD_AGAIN;

    "W006" "same-name-but-for-case" SameButForCase {
        /// The two names.
        note: Note,
    }
    says("{note}")
    json(context: ("{note}"))
    degree Warning
    title "Two names differ only in case, or in how letters are written"
    why "A file system that takes them for one (macOS, Windows; `é` as one character or as two) loses one of the files."
    help "rename one of them";

    "R001" "no-record" NoRecord {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Error
    title "RECORD is missing or cannot be read"
    why "The package cannot be verified, nor uninstalled."
    help "build or install it again";

    "R002" "record-incomplete" RecordFiles {
        /// The file; `None`: `what` names it.
        file: Option<ModulePath>,
        /// How RECORD and the files differ.
        what: Listing,
    }
    says("{}{what}", before(&file))
    json(file: file, context: ("{what}"))
    degree Error
    title "RECORD does not list the files that are there"
    why "A file that is not listed is never verified and stays behind when the package is uninstalled."
    help "write RECORD anew with whatever changed the files (`wheel unpack`, then `wheel pack`)";

    "R003" "record-mismatch" RecordMismatch {
        /// The file; `None`: `what` names it.
        file: Option<ModulePath>,
        /// How the file differs from its row.
        what: Mismatch,
    }
    says("{}{what}", before(&file))
    json(file: file, context: ("{what}"))
    degree Error
    title "A file is not what RECORD says"
    why "Installers refuse the wheel; in an installed tree somebody changed the file."
    help "build or install it again, or write RECORD anew with whatever changed the file";

    "R004" "record-proves-nothing" RecordWeak {
        /// What is wrong.
        what: Sentence,
    }
    says("{what}")
    json(context: ("{what}"))
    degree Warning
    title "RECORD proves nothing of a file"
    why "md5 and sha1 can be forged, and a path that is listed twice has no one hash."
    help BUILD_AGAIN;
}

/// `file` before what is said of it.
fn before(file: &str) -> String {
    match file.is_empty() {
        true => String::new(),
        false => format!("{file}: "),
    }
}

/// How RECORD's rows and the files that are there differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// What the reader of the archive says, with all files.
    Archive(Sentence),
    /// The file is there, without a row.
    Unlisted,
    /// There is a row, without the file.
    Gone,
}

impl fmt::Display for Listing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(what) => write!(formatter, "{what}"),
            Self::Unlisted => formatter.write_str("no RECORD lists it"),
            Self::Gone => formatter.write_str("RECORD lists it, and it is not there"),
        }
    }
}

impl Field for Listing {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// How a file differs from its row in RECORD.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// What the reader of the archive says, with all files.
    Archive(Sentence),
    /// The machine cannot read it.
    Unreadable {
        /// Why not.
        why: Untrusted,
    },
    /// It has another size.
    Size {
        /// Its own, in bytes.
        is: u64,
        /// The row's.
        recorded: u64,
    },
    /// It has another hash.
    Hash,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(what) => write!(formatter, "{what}"),
            Self::Unreadable { why } => write!(formatter, "it cannot be read: {why}"),
            Self::Size { is, recorded } => {
                write!(formatter, "it has {is} bytes, RECORD says {recorded}")
            }
            Self::Hash => formatter.write_str("its hash is not what RECORD says"),
        }
    }
}

impl Field for Mismatch {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// The fault of a wheel that breaks a rule of its format.
impl From<&wheel::Error> for ArchiveFault {
    fn from(error: &wheel::Error) -> Self {
        use wheel::Rule;
        let what = Sentence::of(error);
        match error.rule {
            Rule::Name
            | Rule::NameEncoding
            | Rule::Duplicate
            | Rule::FileAndDirectory
            | Rule::Kind => Self::UnsafeName { what },
            Rule::FileName => Self::FileName { what },
            Rule::DistInfo | Rule::WheelFile | Rule::Metadata | Rule::Tag => {
                Self::Metadata { what }
            }
            Rule::Record => Self::NoRecord { what },
            Rule::RecordFiles => Self::RecordFiles {
                file: None,
                what: Listing::Archive(what),
            },
            Rule::RecordMismatch => Self::RecordMismatch {
                file: None,
                what: Mismatch::Archive(what),
            },
            Rule::RecordAlgorithm | Rule::RecordDuplicate => Self::RecordWeak { what },
            Rule::Io
            | Rule::NotZip
            | Rule::Empty
            | Rule::LeadingBytes
            | Rule::TrailingBytes
            | Rule::EndRecord
            | Rule::Zip64
            | Rule::Central
            | Rule::Local
            | Rule::Disagree
            | Rule::Unlisted
            | Rule::Overlap
            | Rule::Descriptor
            | Rule::Extra
            | Rule::Encrypted
            | Rule::Method
            | Rule::Flags
            | Rule::Limit
            | Rule::Crc
            | Rule::Deflate
            | Rule::Size
            | Rule::Request => Self::Unreadable { what },
        }
    }
}
