//! A wheel as it is judged: its files for another machine or C library left out, since no verdict
//! is true of both.

use super::gather::{GatherOptions, Gathered, walk};
use super::sysroot::Sysroot;
use crate::elf::Arch;
use crate::error::Error;
use crate::plan::{self, ElfEntry, Fault, Obstacle};
use crate::policy::Pythons;
use crate::resolve::{Graph, Libc};

/// What a verdict is made of.
pub struct Judged {
    /// The wheel's file name.
    pub name: String,
    /// The platform tags in it.
    pub platforms: Vec<String>,
    /// The interpreters that they are for.
    pub pythons: Pythons,
    /// The files that count.
    pub elf: Vec<ElfEntry>,
    /// What each of them pulls in.
    pub graph: Graph,
    /// Whose loader loads it.
    pub libc: Libc,
    /// For which machine.
    pub arch: Arch,
    /// The files that were left out.
    pub left_out: Vec<Fault>,
}

/// Leave out what does not fit.
///
/// # Errors
/// When nothing tells the machine or the C library.
pub fn judge(
    gathered: Gathered,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Judged, Error> {
    let name = gathered.wheel.filename.to_string();
    let pythons = Pythons::of_tags(gathered.wheel.filename.interpreters());
    let platforms = gathered.wheel.filename.platform;
    let judged = |elf, graph, libc, arch, left_out| Judged {
        name: name.clone(),
        platforms: platforms.clone(),
        pythons: pythons.clone(),
        elf,
        graph,
        libc,
        arch,
        left_out,
    };
    let obstacles: Vec<Obstacle> = match gathered.target {
        Ok((libc, arch)) => {
            let (elf, graph) = (gathered.elf, gathered.graph);
            return Ok(judged(elf, graph, libc, arch, Vec::new()));
        }
        Err(obstacles) => obstacles,
    };
    let mut elf = gathered.elf;
    let mut left_out = Vec::new();
    match plan::settle(&platforms, &mut elf, &mut left_out) {
        Some(settled) => {
            let graph = walk(&elf, &settled, sysroot, options);
            Ok(judged(elf, graph, settled.libc, settled.arch, left_out))
        }
        None => Err(Error::NotJudged {
            wheel: name.clone(),
            obstacles,
        }),
    }
}
