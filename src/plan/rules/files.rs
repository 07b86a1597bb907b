//! Rules on what an ELF file is (E), and the check of those that a file itself tells.

use crate::elf::Facts;
use crate::plan::needs::old_python::{fpectl, narrow_unicode};
use crate::plan::rules::rule::{Sentence, rules};
use crate::resolve::{Libc, ModulePath};

const LEAVE_OUT: &str = "build the wheel without the file";

rules! {
    /// A fault of an ELF file by itself.
    pub FileFault:

    "E001" "broken-elf" BrokenElf {
        /// The file.
        file: ModulePath,
        /// What is wrong with it.
        what: Sentence,
    }
    says("{file} is a broken ELF file: {what}")
    json(file: file, context: ("{what}"))
    title "An ELF file is broken"
    why "No loader takes it, or each takes it for something else."
    help "build the file again";

    "E002" "other-machine" OtherMachine {
        /// The file.
        file: ModulePath,
        /// Its machine.
        is: String,
        /// The wheel's.
        want: String,
    }
    says("{file} is for {is}, the wheel for {want}")
    json(file: file, subject: is, context: ("{want}"))
    title "A file is for another machine than the wheel"
    why "It cannot load, and no tag is true of both."
    help LEAVE_OUT;

    "E003" "other-libc" OtherLibc {
        /// The file.
        file: ModulePath,
        /// Its C library.
        is: Libc,
        /// The wheel's.
        want: Libc,
    }
    says("{file} is for {is}, the wheel for {want}")
    json(file: file, subject: is, context: ("{want}"))
    title "A file is for another C library than the wheel"
    why "It cannot load, and no tag is true of both."
    help LEAVE_OUT;

    "E004" "executable-stack" ExecutableStack {
        /// The file.
        file: ModulePath,
    }
    says("{file} asks for an executable stack")
    json(file: file,)
    title "A file asks for an executable stack"
    why "glibc 2.41 and hardened kernels refuse to load it."
    help "link it with `-Wl,-z,noexecstack`, or clear the flag with `patchelf --clear-execstack`";

    "E005" "text-relocations" TextRelocations {
        /// The file.
        file: ModulePath,
    }
    says("{file} has relocations that write to code")
    json(file: file,)
    title "Relocations write to code"
    why "Its code cannot be shared between processes, and hardened systems refuse to load it."
    help "compile all of its objects with `-fPIC`";

    "E006" "writable-code" WritableCode {
        /// The file.
        file: ModulePath,
    }
    says("{file} has a segment that is writable and executable")
    json(file: file,)
    title "A segment is writable and executable"
    why "Hardened systems refuse to map it."
    help "link it without `-Wl,-N` and `-z execstack`";

    "E007" "carries-libc" CarriesLibc {
        /// The file.
        file: ModulePath,
    }
    says("{file} is a C library")
    json(file: file,)
    title "The wheel carries a C library"
    why "A process has one already; musl takes its own in place of this one."
    help "leave it out of the wheel";

    "E008" "narrow-unicode" NarrowUnicode {
        /// The extension.
        file: ModulePath,
        /// The symbol of such a Python that it needs.
        symbol: String,
    }
    says("{file} needs {symbol}")
    json(file: file, subject: symbol,)
    title "An extension is for a Python 2 with narrow Unicode"
    why "The manylinux tags speak of wide builds only (PEP 513)."
    help "build it with a Python configured with `--enable-unicode=ucs4`";

    "E009" "pyfpe" PyFpe {
        /// The extension.
        file: ModulePath,
        /// The symbol of such a Python that it needs.
        symbol: String,
    }
    says("{file} needs {symbol}")
    json(file: file, subject: symbol,)
    title "An extension is for a Python built with fpectl"
    why "Ordinary builds of Python lack the symbol (PEP 513)."
    help "build it with a Python configured without `--with-fpectl`";
}

/// What a file says of itself.
pub(in crate::plan) fn faults_of(file: &ModulePath, facts: &Facts) -> Vec<FileFault> {
    let mut found = Vec::new();
    if facts.exec_stack == Some(true) {
        found.push(FileFault::ExecutableStack { file: file.clone() });
    }
    if facts.text_relocations {
        found.push(FileFault::TextRelocations { file: file.clone() });
    }
    if facts.write_execute {
        found.push(FileFault::WritableCode { file: file.clone() });
    }
    // What musl itself takes for a C library, and replaces by itself.
    let defines = |name: &str| {
        let mut symbols = facts.symbols.iter();
        symbols.any(|symbol| symbol.defined && symbol.name == name)
    };
    if defines("__libc_start_main") && defines("stdin") {
        found.push(FileFault::CarriesLibc { file: file.clone() });
    }
    if let Some(symbol) = narrow_unicode(file, facts) {
        let file = file.clone();
        found.push(FileFault::NarrowUnicode { file, symbol });
    }
    if let Some(symbol) = fpectl(file, facts) {
        let file = file.clone();
        found.push(FileFault::PyFpe { file, symbol });
    }
    found
}
