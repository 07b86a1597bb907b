//! What patchelf's options ask of each file.

use std::collections::BTreeMap;
use std::path::Path;

use super::patchelf_args::{Arguments, RelrArg, StripArg};
use crate::elf::{Relr, Soname, Strip};
use crate::error::Error;
use crate::ops::patchelf;
use crate::plan::{self, Printed, RunPathRequest, SingleFileRequest};

/// What is asked of each file.
pub(super) fn request(arguments: &Arguments) -> Result<SingleFileRequest, Error> {
    if arguments.build_resolution_cache {
        return Err(Error::Usage(
            "--build-resolution-cache is not supported: only NixOS's own loader reads that note"
                .into(),
        ));
    }
    if arguments.no_clobber_old_sections {
        return Err(Error::Usage(
            "--no-clobber-old-sections is not supported: what moves is cleared where it was; \
             without this option most edits move nothing"
                .into(),
        ));
    }
    let os_abi = match text(&arguments.set_os_abi)? {
        None => None,
        Some(name) => Some(plan::os_abi_number(&name).ok_or_else(|| {
            Error::Usage(crate::wheel::sentence!(
                "unrecognized OS ABI '{}'",
                crate::wheel::Untrusted::from(name.as_str())
            ))
        })?),
    };
    let soname = |name: String| Soname::from(name.as_str());
    let names = |values: &[String]| -> Result<Vec<Soname>, Error> {
        let values = values.iter().map(|value| resolved(value));
        values.map(|value| value.map(soname)).collect()
    };
    let pairs = arguments.replace_needed.chunks_exact(2);
    let replace_needed = pairs.filter_map(|pair| match pair {
        [old, new] => Some((Soname::from(old.as_str()), Soname::from(new.as_str()))),
        _ => None,
    });
    Ok(SingleFileRequest {
        print: Printed {
            interpreter: arguments.print_interpreter,
            os_abi: arguments.print_os_abi,
            soname: arguments.print_soname,
            run_path: arguments.print_rpath,
            exec_stack: arguments.print_execstack,
            needed: arguments.print_needed,
        },
        interpreter: text(&arguments.set_interpreter)?.filter(|path| !path.is_empty()),
        os_abi,
        soname: text(&arguments.set_soname)?.map(soname),
        run_path: run_path(arguments)?,
        force_rpath: arguments.force_rpath,
        add_needed: names(&arguments.add_needed)?.into_iter().collect(),
        remove_needed: names(&arguments.remove_needed)?.into_iter().collect(),
        replace_needed: replace_needed.collect(),
        no_default_libraries: arguments.no_default_lib,
        debug_entry: arguments.add_debug_tag,
        exec_stack: match (arguments.print_execstack, arguments.clear_execstack) {
            (true, _) => None,
            (false, true) => Some(false),
            (false, false) => arguments.set_execstack.then_some(true),
        },
        clear_versions: arguments.clear_symbol_version.iter().cloned().collect(),
        rename_symbols: match &arguments.rename_dynamic_symbols {
            Some(path) => patchelf::renamed_symbols(path)?,
            None => BTreeMap::new(),
        },
        strip: match arguments.strip {
            None => Strip::None,
            Some(StripArg::All) => Strip::All,
            Some(StripArg::Debug) => Strip::Debug,
        },
        relr: match arguments.relr {
            Some(RelrArg::Expand) => Relr::Expand,
            Some(RelrArg::Keep) | None => Relr::Keep,
        },
    })
}

fn run_path(arguments: &Arguments) -> Result<RunPathRequest, Error> {
    if arguments.shrink_rpath {
        let prefixes = arguments
            .allowed_rpath_prefixes
            .as_deref()
            .unwrap_or_default();
        let prefixes = prefixes.split(':').filter(|prefix| !prefix.is_empty());
        return Ok(RunPathRequest::Shrink(
            prefixes.map(str::to_owned).collect(),
        ));
    }
    if arguments.remove_rpath {
        return Ok(RunPathRequest::Remove);
    }
    if let Some(new) = text(&arguments.set_rpath)? {
        return Ok(RunPathRequest::Set(new));
    }
    Ok(match text(&arguments.add_rpath)? {
        Some(new) => RunPathRequest::Add(new),
        None => RunPathRequest::Keep,
    })
}

fn text(value: &Option<String>) -> Result<Option<String>, Error> {
    value.as_deref().map(resolved).transpose()
}

/// A value, or the content of the file it names with an `@`.
fn resolved(value: &str) -> Result<String, Error> {
    Ok(match value.strip_prefix('@') {
        Some(path) => patchelf::value_of_file(Path::new(path))?,
        None => value.to_owned(),
    })
}
