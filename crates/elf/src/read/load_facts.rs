//! What decides whether and how a loader links a file.

use serde::Serialize;

use crate::codec::{Class, Endian};
use crate::read::header::{Header, Kind};
use crate::read::machine::Machine;
use crate::run_path::{RunPath, RunPathKind};
use crate::soname::Soname;

/// `DT_FLAGS_1`: a program rather than a library, though it is a shared object.
const DF_1_PIE: u64 = 0x0800_0000;

/// The facts that loaders search and match files by: all of what [`read_links`](crate::read_links)
/// tells, and a part of [`Facts`](crate::Facts). A file without a dynamic section has those of the
/// headers only; the rest is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadFacts {
    /// The width of addresses.
    pub class: Class,
    /// The byte order.
    pub endian: Endian,
    /// What it was built for. What Arm's attributes tell of the core is in [`Facts`](crate::Facts)
    /// only: no loader asks.
    pub machine: Machine,
    /// What it is for.
    pub kind: Kind,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// Whether a loader links it at run time (it has `PT_DYNAMIC`).
    pub dynamic: bool,
    /// The name it gives itself.
    pub soname: Option<Soname>,
    /// The libraries it needs, in file order.
    pub needed: Vec<Soname>,
    /// The run path that loaders use: `RUNPATH` where both tags are there.
    pub run_path: Option<RunPath>,
    /// `DT_RPATH`, also where `RUNPATH` overrides it.
    pub rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub runpath: Option<String>,
    /// Whether it is a program: it has an interpreter, fixed addresses or says so (`DF_1_PIE`).
    pub is_program: bool,
    /// `DT_FLAGS`.
    pub flags: u64,
    /// `DT_FLAGS_1`.
    pub flags_1: u64,
}

impl LoadFacts {
    /// Those of the headers.
    pub(crate) fn of_headers(header: &Header, has_interpreter: bool) -> Self {
        Self {
            class: header.codec.class,
            endian: header.codec.endian,
            machine: Machine::of(header),
            kind: header.kind,
            os_abi: header.os_abi,
            dynamic: false,
            soname: None,
            needed: Vec::new(),
            run_path: None,
            rpath: None,
            runpath: None,
            is_program: has_interpreter || header.kind == Kind::Executable,
            flags: 0,
            flags_1: 0,
        }
    }

    /// Adds what follows from the dynamic section, once its names are there.
    pub(crate) fn conclude(&mut self, flags: u64, flags_1: u64) {
        let run_path =
            |kind, value: &Option<String>| value.clone().map(|value| RunPath { kind, value });
        self.run_path = run_path(RunPathKind::Runpath, &self.runpath)
            .or(run_path(RunPathKind::Rpath, &self.rpath));
        self.dynamic = true;
        self.flags = flags;
        self.flags_1 = flags_1;
        self.is_program |= flags_1 & DF_1_PIE != 0;
    }
}

impl AsRef<Self> for LoadFacts {
    fn as_ref(&self) -> &Self {
        self
    }
}
