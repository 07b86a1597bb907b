//! Rules on what an ELF file is (E), and the check of those that a file itself tells.

use crate::elf::{Arch, Facts};
use crate::plan::needs::old_python::{fpectl, narrow_unicode};
use crate::plan::rules::rule::{Field, rules};
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{Sentence, Untrusted};

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
    degree Error
    title "An ELF file is broken"
    why "No loader takes it, or each takes it for something else."
    help "build the file again";

    "E002" "other-machine" OtherMachine {
        /// The file.
        file: ModulePath,
        /// Its machine.
        is: Untrusted,
        /// The wheel's.
        want: Untrusted,
    }
    says("{file} is for {is}, the wheel for {want}")
    json(file: file, subject: is, context: ("{want}"))
    degree Error
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
    degree Error
    title "A file is for another C library than the wheel"
    why "It cannot load, and no tag is true of both."
    help LEAVE_OUT;

    "E004" "executable-stack" ExecutableStack {
        /// The file.
        file: ModulePath,
        /// How it asks.
        how: StackRequest,
    }
    says("{file} {how}")
    json(file: file,)
    degree Warning
    title "A file asks for an executable stack"
    why "glibc from 2.41 on refuses to load it with dlopen, as Python does; hardened kernels refuse it everywhere. musl pays no heed to it."
    help "link it with `-Wl,-z,noexecstack`, or clear the flag with `patchelf --clear-execstack`";

    "E005" "text-relocations" TextRelocations {
        /// The file.
        file: ModulePath,
    }
    says("{file} has relocations that write to code")
    json(file: file,)
    degree Warning
    title "Relocations write to code"
    why "Its code cannot be shared between processes, and hardened systems refuse to load it."
    help "compile all of its objects with `-fPIC`";

    "E006" "writable-code" WritableCode {
        /// The file.
        file: ModulePath,
    }
    says("{file} has a segment that is writable and executable")
    json(file: file,)
    degree Warning
    title "A segment is writable and executable"
    why "Hardened systems refuse to map it."
    help "link it without `-Wl,-N` and `-z execstack`";

    "E007" "carries-libc" CarriesLibc {
        /// The file.
        file: ModulePath,
    }
    says("{file} is a C library")
    json(file: file,)
    degree Error
    title "The wheel carries a C library"
    why "A process has one already; musl takes its own in place of this one."
    help "leave it out of the wheel";

    "E008" "narrow-unicode" NarrowUnicode {
        /// The extension.
        file: ModulePath,
        /// The symbol of such a Python that it needs.
        symbol: Untrusted,
    }
    says("{file} needs {symbol}")
    json(file: file, subject: symbol,)
    degree Error
    title "An extension is for a Python 2 with narrow Unicode"
    why "The manylinux tags speak of wide builds only (PEP 513)."
    help "build it with a Python configured with `--enable-unicode=ucs4`";

    "E009" "pyfpe" PyFpe {
        /// The extension.
        file: ModulePath,
        /// The symbol of such a Python that it needs.
        symbol: Untrusted,
    }
    says("{file} needs {symbol}")
    json(file: file, subject: symbol,)
    degree Error
    title "An extension is for a Python built with fpectl"
    why "Ordinary builds of Python lack the symbol (PEP 513)."
    help "build it with a Python configured without `--with-fpectl`";

    "E010" "initial-exec-thread-data" InitialExec {
        /// The file.
        file: ModulePath,
        /// The symbol that it reaches; `None`: data of its own, without a name.
        symbol: Option<Untrusted>,
        /// The file that brings the data.
        definition: ModulePath,
    }
    says("{file} reaches {} by initial-exec, which musl gives to nothing that is loaded with dlopen", reached(&file, &symbol, &definition))
    json(file: file, context: ("{}", reached(&file, &symbol, &definition)))
    degree Error
    title "Thread-local data is reached in a way that musl has for a program's first files only"
    why "The initial-exec model wants the data at a fixed distance from the thread pointer. musl lays such data out once, when a program starts: what is loaded later, as every Python extension and all that it needs, does not load."
    help "compile without `-ftls-model=initial-exec` and without that attribute (`-fPIC` chooses a model that works)";

    "E011" "indirect-function" Indirect {
        /// The file.
        file: ModulePath,
        /// The function that is looked for by name; `None`: the file itself computes addresses
        /// while it is loaded.
        symbol: Option<Untrusted>,
    }
    says("{file} {}, which musl does not know", indirect(&symbol))
    json(file: file, context: ("{symbol}"))
    degree Error
    title "A file has functions that choose their code while it is loaded"
    why "musl has neither the relocation (R_*_IRELATIVE) nor the kind of symbol (STT_GNU_IFUNC): the file does not load."
    help "choose the code at run time by a function pointer; compile without `__attribute__((ifunc))` and `target_clones`";

    "E012" "static-thread-data" StaticThreadData {
        /// The file that is loaded.
        file: ModulePath,
        /// How many bytes it and what it needs want at a fixed distance from the thread pointer.
        bytes: Bytes,
        /// The files that bring them.
        carriers: Carriers,
    }
    says("{file} wants {bytes} of static thread-local data ({carriers}), and glibc keeps 1664 for all that is loaded later")
    json(file: file, context: ("{bytes}: {carriers}"))
    degree Warning
    title "More static thread-local data than glibc keeps room for"
    why "Data that is reached by initial-exec has to fit what glibc sets aside when a program starts, for all libraries together: dlopen fails with `cannot allocate memory in static TLS block`."
    help "compile without `-ftls-model=initial-exec`, or make the data smaller (a pointer to it, allocated on first use)";

    "E013" "no-build-id" NoBuildId off by default {
        /// The library.
        file: ModulePath,
    }
    says("{file} has no build-id")
    json(file: file,)
    degree Note
    title "A file has no build-id"
    why "A debugger and a crash report find the debug information of a file by its build-id; without one it is guessed by name."
    help "link it with `-Wl,--build-id`";

    "E014" "extension-is-none" NoExtension {
        /// The file.
        file: ModulePath,
        /// What it is.
        what: Untrusted,
    }
    says("{file} is {what}, and its name is an extension module's")
    json(file: file, context: ("{what}"))
    degree Error
    title "A file with the name of an extension module is none"
    why "Python tries to load it when the module is imported, and fails; a file that was cut short, or that another system's build left there, goes unseen until then."
    help "build the extension again, or leave the file out of the wheel";

    "E015" "library-is-none" NoLibrary {
        /// The file.
        file: ModulePath,
        /// What it is.
        what: Untrusted,
    }
    says("{file} is {what}, and its name is a library's")
    json(file: file, context: ("{what}"))
    degree Warning
    title "A file with the name of a library is none"
    why "Nothing loads it. Linker scripts and files for other systems may be meant to be there."
    help "leave it out of the wheel, or give it the name of what it is";

    "E016" "library-twice" LibraryTwice {
        /// The library.
        file: ModulePath,
        /// The same bytes under another name.
        other: ModulePath,
    }
    says("{other} is {file} under another name: who loads both has it initialised twice")
    json(file: file, context: ("{other}"))
    degree Warning
    title "The package has one library under several names"
    why "A wheel holds no links: what was one library with links to it is copied under each name. A loader takes the copies for several libraries, each with data of its own."
    help "keep it under the name that others need, its SONAME, alone; in an installed tree `wheelfix dedupe` makes the copies links";

    "E017" "undefined-thread-data" NoThreadData {
        /// The file.
        file: ModulePath,
        /// The symbol.
        symbol: Untrusted,
    }
    says("{file} reaches the thread-local {symbol}, which nothing defines, and musl crashes on that")
    json(file: file, subject: symbol,)
    degree Error
    title "Thread-local data that a file may do without is nowhere"
    why "Its symbol is weak, so that it may stay undefined, and glibc lets it. musl asks the file that brings the data for its place all the same: the process ends with a segmentation fault while the file is loaded."
    help "link what defines the symbol; or compile without the declaration (`__attribute__((weak))`), and ask for the data by `dlsym`";
}

/// What of thread-local data is reached.
fn reached(file: &str, symbol: &str, definition: &str) -> String {
    match (symbol.is_empty(), file == definition) {
        (true, _) => "its own thread-local data".to_owned(),
        (false, true) => format!("its own thread-local {symbol}"),
        (false, false) => format!("the thread-local {symbol} of {definition}"),
    }
}

/// What of functions that choose their code is in a file.
fn indirect(symbol: &str) -> String {
    match symbol.is_empty() {
        true => "has functions that choose their code while it is loaded (IRELATIVE)".to_owned(),
        false => format!("needs {symbol}, a function that chooses its code (IFUNC)"),
    }
}

/// How a file asks for an executable stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StackRequest {
    /// By the flags of `PT_GNU_STACK`.
    Said,
    /// By having no such header, which glibc takes for a wish on some machines.
    Silent,
}

impl StackRequest {
    /// The request of a file; `None`: it has none. glibc takes a missing header for one where the
    /// machine's own default has it (`DEFAULT_STACK_PERMS` of its `stackinfo.h`); musl never.
    pub(in crate::plan) fn of(facts: &Facts, libc: Libc, arch: Arch) -> Option<Self> {
        let silent = libc == Libc::Glibc
            && matches!(
                arch,
                Arch::X86_64 | Arch::I686 | Arch::Armv7l | Arch::Armv6l | Arch::S390x
            );
        match facts.exec_stack {
            Some(true) => Some(Self::Said),
            None if silent => Some(Self::Silent),
            Some(false) | None => None,
        }
    }
}

impl Field for StackRequest {
    fn shown(&self) -> String {
        let text = match self {
            Self::Said => "asks for an executable stack",
            Self::Silent => {
                "does not say whether its stack is executable, and glibc takes that for a wish"
            }
        };
        text.to_owned()
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Field for Bytes {
    fn shown(&self) -> String {
        format!("{} bytes", self.0)
    }
}

/// Files that bring something, sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carriers(pub Vec<ModulePath>);

impl Field for Carriers {
    fn shown(&self) -> String {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        names.join(", ")
    }
}

/// What a file says of itself.
pub(in crate::plan) fn faults_of(file: &ModulePath, facts: &Facts) -> Vec<FileFault> {
    let mut found = Vec::new();
    if facts.text_relocations {
        found.push(FileFault::TextRelocations { file: file.clone() });
    }
    if facts.build_id.is_none() {
        found.push(FileFault::NoBuildId { file: file.clone() });
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
        found.push(FileFault::NarrowUnicode {
            file,
            symbol: symbol.into(),
        });
    }
    if let Some(symbol) = fpectl(file, facts) {
        let file = file.clone();
        found.push(FileFault::PyFpe {
            file,
            symbol: symbol.into(),
        });
    }
    found
}
