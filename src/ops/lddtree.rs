//! What loading a file pulls in, and why each file was taken.

use std::path::Path;

use super::World;
use crate::error::Error;
use crate::host::{self, Progress};
use crate::plan::Fault;
use crate::resolve::Graph;
use crate::wheel::Untrusted;

/// What a wheel's files, or one file, pull in.
pub struct Tree {
    /// The wheel's file name, or the path.
    pub name: Untrusted,
    /// Who loads whom; a walk for each file that was asked about.
    pub graph: Graph,
    /// Files of a wheel that were left out, being for another machine or C library.
    pub left_out: Vec<Fault>,
}

/// Load a library or program, or every ELF file of a wheel, as its loader would.
///
/// # Errors
/// When it is malformed or cannot be read, or nothing tells whose loader loads it.
pub fn lddtree(file: &Path, world: &World, progress: &dyn Progress) -> Result<Tree, Error> {
    let World { sysroot, gather } = world;
    if file.extension().is_some_and(|extension| extension == "whl") {
        let gathered = host::gather(file, sysroot, gather, progress)?;
        let judged = host::judge(gathered, sysroot, gather)?;
        return Ok(Tree {
            name: judged.name.into(),
            graph: judged.subject.graph,
            left_out: judged.left_out,
        });
    }
    Ok(Tree {
        name: file.to_string_lossy().into_owned().into(),
        graph: host::gather_file(file, sysroot, gather)?,
        left_out: Vec::new(),
    })
}
