//! Where libraries are looked for, and by whose rules.

use std::path::PathBuf;

use crate::elf::Strip;
use crate::error::Error;
use crate::host::{self, GatherOptions, Limits, Sysroot, SysrootOptions};
use crate::plan::{Exclusions, Requested};
use crate::resolve::{Libc, ModulePath};

/// Where to look.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// The root in which libraries are looked for; `/` by default.
    pub sysroot: PathBuf,
    /// Folders to look in before the system's own. Each has to be there.
    pub lib_path: Vec<PathBuf>,
    /// Folders to look in instead of the system's own; one that is not there is passed over, as a
    /// loader does.
    pub instead: Option<Vec<PathBuf>>,
    /// The folders of `LD_LIBRARY_PATH`; one that is not there is passed over.
    pub environment: Vec<PathBuf>,
    /// Whose loader's rules count. `None`: the files tell.
    pub libc: Option<Libc>,
    /// How much files may ask for.
    pub limits: Limits,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            sysroot: PathBuf::from("/"),
            lib_path: Vec::new(),
            instead: None,
            environment: Vec::new(),
            libc: None,
            limits: Limits::default(),
        }
    }
}

/// The same, opened: what was read of the root is kept for every file that is asked about.
pub struct World {
    pub(super) sysroot: Sysroot,
    pub(super) gather: GatherOptions,
}

impl World {
    /// Open it for what only tells of files.
    ///
    /// # Errors
    /// When the root or a folder of [`WorldOptions::lib_path`] is none.
    pub fn open(options: &WorldOptions) -> Result<Self, Error> {
        let mut world =
            Self::to_change(options, Requested::Auto, Strip::None, Exclusions::default())?;
        world.gather.records = false;
        Ok(world)
    }

    /// Open it for what changes wheels: every file is held against RECORD. `strip` is what
    /// stripping is measured by, `exclude` what is none of the change's business.
    pub(super) fn to_change(
        options: &WorldOptions,
        plat: Requested,
        strip: Strip,
        exclude: Exclusions,
    ) -> Result<Self, Error> {
        let sysroot = Sysroot::open(&SysrootOptions {
            root: options.sysroot.clone(),
            strip,
            limits: options.limits.clone(),
        })?;
        let folders = options.lib_path.iter().map(|path| sysroot.folder(path));
        let mut lib_path: Vec<ModulePath> = folders.collect::<Result<_, Error>>()?;
        let there = |paths: &[PathBuf]| -> Result<Vec<ModulePath>, Error> {
            let folders = paths
                .iter()
                .map(|path| host::if_there(sysroot.folder(path)));
            let folders: Vec<Option<ModulePath>> = folders.collect::<Result<_, Error>>()?;
            Ok(folders.into_iter().flatten().collect())
        };
        lib_path.extend(there(options.instead.as_deref().unwrap_or_default())?);
        let environment = there(&options.environment)?;
        Ok(Self {
            gather: GatherOptions {
                libc: options.libc,
                plat,
                environment,
                lib_path,
                search_system: options.instead.is_none(),
                exclude,
                strip,
                limits: options.limits.clone(),
                ..GatherOptions::default()
            },
            sysroot,
        })
    }
}
