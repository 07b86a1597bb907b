//! What kind of file it is, told by its path alone.

use crate::wheel::ArchivePath;

/// What belongs to the installation rather than to the package.
pub(in crate::plan) fn is_metadata(path: &ArchivePath) -> bool {
    let first = path.first();
    first.ends_with(".dist-info") || first.ends_with(".egg-info")
}

/// Endings of what a compiler or linker reads. `.pxd` and headers are for building other
/// packages; at run time nobody asks for them unless by name.
const SOURCE_ENDINGS: [&str; 29] = [
    "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inl", "inc", "pyx", "pxd", "pxi", "pyx.in",
    "pxd.in", "pxi.in", "pyx.tp", "pxd.tp", "pxi.tp", "f", "f90", "f77", "for", "a", "la", "o",
    "cu", "cuh", "pyf",
];

/// Whether a file is for a compiler by its name.
#[must_use]
pub fn is_source(name: &str) -> bool {
    SOURCE_ENDINGS.iter().any(|ending| {
        name.strip_suffix(ending)
            .and_then(|stem| stem.strip_suffix('.'))
            .is_some_and(|stem| !stem.is_empty())
    })
}

/// Endings of what is included rather than compiled.
const HEADER_ENDINGS: [&str; 10] = [
    ".h", ".hh", ".hpp", ".hxx", ".inl", ".inc", ".cuh", ".pxd", ".pxi", ".pyf",
];

/// Whether a source is one that others include.
pub(in crate::plan) fn is_header(name: &str) -> bool {
    HEADER_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Endings of data in which sources may be listed, for who compiles or reads them.
const LIST_ENDINGS: [&str; 9] = [
    "json", "toml", "yaml", "yml", "cfg", "ini", "txt", "xml", "cmake",
];

/// Whether a file is, by its name, data that may list sources.
#[must_use]
pub fn may_list(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    LIST_ENDINGS.contains(&ending)
}

/// Endings of sources that no compiler of the machine reads, but one that a package brings: for a
/// graphics card, or a template of one of the others.
const KERNEL_ENDINGS: [&str; 16] = [
    "cl", "clh", "metal", "glsl", "hlsl", "comp", "vert", "frag", "geom", "wgsl", "in", "tmpl",
    "tpl", "mako", "j2", "jinja",
];

/// Whether a file is, by its name, a text that can name others which a compiler reads with it.
#[must_use]
pub fn may_include(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_binary = matches!(ending, "a" | "la" | "o");
    ending == "py" || KERNEL_ENDINGS.contains(&ending) || is_source(name) && !is_binary
}

/// The source of `pkg/__pycache__/x.cpython-313.pyc`: `pkg/x.py`.
pub(in crate::plan) fn source_of(bytecode: &ArchivePath) -> Option<ArchivePath> {
    let cache = bytecode.parent()?;
    let stem = bytecode.file_name().split('.').next()?;
    if cache.file_name() != "__pycache__" {
        return None;
    }
    match cache.parent() {
        Some(folder) => folder.join(&format!("{stem}.py")).ok(),
        None => ArchivePath::parse(&format!("{stem}.py")).ok(),
    }
}
