//! Symbols that are somewhere else: in libraries that a tag provides, or in a C library that is
//! not the wheel's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const TEXT: &str = include_str!("provided-symbols.tsv");

static PROVIDED: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = LazyLock::new(|| {
    TEXT.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(library, symbols)| (library, symbols.split(' ').collect()))
        .collect()
});

/// What a library that tags provide defines, where that is known: so that symbols can be bound
/// to it although it is not there.
pub fn provided_symbols(library: &str) -> Option<&'static BTreeSet<&'static str>> {
    PROVIDED.get(library)
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
    use super::{provided_symbols, symbol_home};

    #[test]
    fn zlib_is_known_and_what_no_tag_provides_is_not() {
        let zlib = provided_symbols("libz.so.1").map(|symbols| symbols.contains("inflate"));
        assert_eq!(zlib, Some(true));
        assert!(provided_symbols("libssl.so.3").is_none());
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
