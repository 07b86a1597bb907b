//! Libraries by their names: glibc's own, those that come along, those of which musl needs a build of
//! its own.

use crate::elf::{Arch, without_hash};

/// Is it one of glibc's libraries whose names `names.tsv` knows? A ported file needs none of them.
pub(in crate::plan) fn is_glibc(name: &str) -> bool {
    const LIBRARIES: [&str; 9] = [
        "libc.so.6",
        "libm.so.6",
        "libpthread.so.0",
        "libdl.so.2",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "ld64.so.1",
    ];
    LIBRARIES.contains(&name) || name.starts_with("ld-linux")
}

/// Is it musl itself? What is built for it needs it.
pub(in crate::plan) fn is_musl(name: &str) -> bool {
    name.starts_with("libc.musl-") || name.starts_with("ld-musl-") || name == "libc.so"
}

/// Is it of the process itself, so that no file has to bring it?
pub(in crate::plan) fn is_given(name: &str) -> bool {
    is_glibc(name) || is_musl(name) || is_python(name)
}

/// Is it the interpreter's own library, which the process has?
pub(in crate::plan) fn is_python(name: &str) -> bool {
    name.starts_with("libpython3.")
}

/// What a library that a wheel leaves outside, or that another tool has put into it, is to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Runtime {
    /// Built for glibc, ported like the wheel's own files: its inlined code and the wheel's have to
    /// agree on the insides of glibc's locales, or it is as good as any.
    Ported,
    /// Built for musl: the build for glibc keeps threads' data where musl's `dlopen` gives none
    /// (libgomp), or chooses functions when it is loaded (libatomic). Its interface is plain C.
    Musl,
}

/// Which of both a library is; `None`: not one that a system's copy may stand for.
pub(in crate::plan) fn runtime(name: &str) -> Option<Runtime> {
    // A copy that a repair put there carries a hash, and perhaps its whole version.
    let plain = without_hash(name);
    let stem = plain.split(".so").next().unwrap_or_default();
    match stem {
        "libgomp" | "libatomic" => Some(Runtime::Musl),
        "libstdc++" | "libgcc_s" | "libgfortran" | "libquadmath" | "libz" | "libexpat" => {
            Some(Runtime::Ported)
        }
        _ => None,
    }
}

/// Has it to be replaced by a build for musl?
pub(in crate::plan) fn is_replaced(name: &str) -> bool {
    runtime(name) == Some(Runtime::Musl)
}

/// `libgomp.so.1` for any name of any copy of it.
pub(in crate::plan) fn plain_name(name: &str) -> String {
    let plain = without_hash(name);
    let Some((stem, version)) = plain.split_once(".so.") else {
        return plain;
    };
    let major = version.split('.').next().unwrap_or_default();
    format!("{stem}.so.{major}")
}

/// The name by which musl knows itself on Alpine.
pub(in crate::plan) fn musl_libc(arch: Arch) -> String {
    format!("libc.musl-{}.so.1", arch.name())
}

/// The loader that a program asks for on musl.
pub(in crate::plan) fn musl_interpreter(arch: Arch) -> String {
    format!("/lib/ld-musl-{}.so.1", arch.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_under_a_hash_is_the_same_library() {
        assert_eq!(runtime("libgomp-a34b3233.so.1.0.0"), Some(Runtime::Musl));
        assert_eq!(
            runtime("libgfortran-8a9d71bc.so.5.0.0"),
            Some(Runtime::Ported)
        );
        assert_eq!(runtime("libgomp_of_mine.so.1"), None);
        assert_eq!(plain_name("libgomp-a34b3233.so.1.0.0"), "libgomp.so.1");
        assert_eq!(plain_name("libstdc++.so.6"), "libstdc++.so.6");
    }
}
