//! Symbols that are somewhere else: in glibc, in libraries that a tag provides, or in a C library
//! that is not the wheel's.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

const TEXT: &str = include_str!("provided-symbols.tsv");

static PROVIDED: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = LazyLock::new(|| {
    TEXT.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(library, symbols)| (library, symbols.split(' ').collect()))
        .collect()
});

static GLIBC: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("glibc-symbols.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .flat_map(|(_, symbols)| symbols.split(' '))
        .collect()
});

/// Has one of glibc's libraries a symbol of this name, in any version?
pub fn glibc_has(symbol: &str) -> bool {
    GLIBC.contains(symbol)
}

/// Is a symbol among those of a library?
pub type Has = Box<dyn Fn(&str) -> bool>;

/// Does a library that tags provide define a symbol? Asked for one library, of which that is known,
/// so that symbols can be bound to it although it is not there.
///
/// Where all symbols of a library have versions, only names are told apart that a file may have
/// been linked to without the library.
pub fn provided_symbols(library: &str) -> Option<Has> {
    if let Some(symbols) = PROVIDED.get(library) {
        return Some(Box::new(|symbol| symbols.contains(symbol)));
    }
    let begins: &'static [&'static str] = match library {
        "libstdc++.so.6" => &["_Z", "__cxa", "__gxx", "__dynamic_cast"],
        "libgcc_s.so.1" => &["_Unwind_", "__"],
        "libatomic.so.1" => &["__atomic", "atomic_"],
        // For what it has itself see `glibc_has`.
        "libc.so.6" | "libm.so.6" | "libdl.so.2" | "libpthread.so.0" | "librt.so.1"
        | "libutil.so.1" | "libresolv.so.2" => &[],
        _ => return None,
    };
    Some(Box::new(|symbol| {
        begins.iter().any(|begin| symbol.starts_with(begin))
    }))
}

/// Where a symbol that musl lacks usually lives.
pub fn symbol_home(symbol: &str) -> Option<&'static str> {
    let glibc = [
        "__cxa_thread_atexit_impl",
        "__libc_single_threaded",
        "__register_atfork",
        "__res_init",
        "backtrace",
        "backtrace_symbols",
        "gnu_get_libc_version",
        "mallinfo",
        "mallinfo2",
    ];
    if glibc.contains(&symbol) || symbol.starts_with("__isoc23_") {
        return Some("glibc only");
    }
    if symbol.starts_with("__") && symbol.ends_with("_chk") {
        return Some("glibc's fortified functions");
    }
    match symbol {
        "__cpu_model" | "__cpu_indicator_init" => Some("libgcc"),
        _ if symbol.starts_with("_Unwind_") => Some("libgcc_s"),
        _ if symbol.starts_with("_gfortran_") => Some("libgfortran"),
        _ if symbol.starts_with("GOMP_") || symbol.starts_with("omp_") => Some("libgomp"),
        _ if symbol.starts_with("__cxa_")
            || symbol.starts_with("_ZS")
            || symbol.starts_with("_ZNS")
            || symbol.starts_with("_ZNKS") =>
        {
            Some("the C++ library")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{glibc_has, provided_symbols, symbol_home};

    #[test]
    fn zlib_is_known_and_what_no_tag_provides_is_not() {
        let zlib = provided_symbols("libz.so.1").map(|has| has("inflate"));
        assert_eq!(zlib, Some(true));
        assert!(provided_symbols("libssl.so.3").is_none());
    }

    #[test]
    fn glibc_s_names_are_known_whatever_library_they_moved_from() {
        for name in [
            "memcpy",
            "pthread_create",
            "dlopen",
            "shm_open",
            "__tls_get_addr",
            "stdout",
        ] {
            assert!(glibc_has(name), "{name}");
        }
        assert!(!glibc_has("arc4random_of_nobody"));
    }

    #[test]
    fn a_symbol_is_told_its_home() {
        assert_eq!(
            symbol_home("__memcpy_chk"),
            Some("glibc's fortified functions")
        );
        assert_eq!(symbol_home("of_nobody"), None);
    }
}
