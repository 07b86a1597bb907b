//! What stands in for auditwheel where that tells: its `show` and its `lddtree`, by its own rules.

use std::path::Path;

use super::{World, WorldOptions};
use crate::error::Error;
use crate::host::{self, AuditTreeOptions, PathKind, Progress};
use crate::plan::{self, Audit, AuditInput, AuditTree, Refusal, Selection, Subject};
use crate::wheel::{Sentence, Untrusted};

/// What auditwheel would say of a wheel.
pub struct Audited {
    /// The wheel's file name.
    pub name: Untrusted,
    /// What is said of files that do not count.
    pub ignored: Vec<Sentence>,
    /// The verdict, or why there is none.
    pub verdict: Result<Audit, Refusal>,
}

/// Judge a wheel by auditwheel's rules. `disable_isa_check`: accept files that are marked for newer
/// processors than the tag's baseline.
///
/// # Errors
/// When it is no file, malformed, or cannot be read, or a folder of the world is none.
pub fn audit(
    path: &Path,
    world: &WorldOptions,
    disable_isa_check: bool,
    progress: &dyn Progress,
) -> Result<Audited, Error> {
    if host::path_kind(path)? != PathKind::File {
        let path = Untrusted::from(path);
        return Err(Error::Usage(crate::wheel::sentence!(
            "cannot access {}. No such file",
            path
        )));
    }
    let World { sysroot, gather } = &World::open(world)?;
    let gathered = host::gather(path, sysroot, gather, progress)?;
    let name = gathered.wheel.filename.to_string();
    let selection = match plan::select(
        &gathered.wheel.filename.platform,
        plan::elf_of(&gathered.subject),
    ) {
        Ok(selection) => selection,
        Err(refusal) => {
            return Ok(Audited {
                name: name.into(),
                ignored: refusal.ignored.clone(),
                verdict: Err(refusal),
            });
        }
    };
    let Selection {
        elf,
        platform,
        ignored,
    } = selection;
    let same = |subject: &Subject| {
        let known = &subject.platform;
        (known.libc, known.arch) == (platform.libc, platform.arch) && subject.elf.len() == elf.len()
    };
    // Known already where the selected files are all there are.
    let subject = match gathered.subject {
        Ok(subject) if same(&subject) => subject,
        _ => host::load(&name, elf, platform, sysroot, gather)?,
    };
    let audit = plan::audit(&AuditInput {
        subject: &subject,
        disable_isa_check,
    });
    Ok(Audited {
        name: name.into(),
        ignored,
        verdict: Ok(audit),
    })
}

/// What one library or program pulls in by auditwheel's rules, in the root of this machine; the
/// first value is the path as auditwheel shows it.
///
/// # Errors
/// When it cannot be read, is no ELF file, or a broken one.
pub fn tree(path: &Path, options: &AuditTreeOptions) -> Result<(Untrusted, AuditTree), Error> {
    host::gather_audit_tree(path, options)
}
