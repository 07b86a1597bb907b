//! What keeps a wheel from being ported, in words, and the way out.

use super::words::count;
use crate::elf::Soname;
use crate::plan::PortObstacle;
use crate::wheel::{Untrusted, escape};

/// Why a wheel is not ported: every obstacle, then what to do.
pub(super) fn refusal(wheel: &Untrusted, obstacles: &[PortObstacle]) -> String {
    let number = count(obstacles.len(), "obstacle", "obstacles");
    let mut text = format!("cannot port `{wheel}`: {number}");
    let mut hints: Vec<String> = Vec::new();
    for obstacle in obstacles {
        let told = told(obstacle);
        text.push_str(&format!("\n  {}", told.text));
        if let Some(hint) = told.hint
            && !hints.contains(&hint)
        {
            hints.push(hint);
        }
    }
    for hint in hints {
        text.push_str(&format!("\n\nhint: {hint}"));
    }
    text
}

/// One obstacle as a person reads it.
pub(super) struct Told {
    /// What stands where.
    pub(super) text: String,
    /// What can be done about it; `None`: nothing by this way.
    pub(super) hint: Option<String>,
}

const BUILD: &str =
    "build the wheel on Alpine (`pip wheel`, then `wheelfix repair`), or try another version";

/// An obstacle in words.
pub(super) fn told(obstacle: &PortObstacle) -> Told {
    let (text, hint) = words(obstacle);
    Told { text, hint }
}

fn versioned(name: &Untrusted, version: Option<&Untrusted>) -> String {
    match version {
        Some(version) => format!("{name}@{version}"),
        None => name.to_string(),
    }
}

fn build(text: String) -> (String, Option<String>) {
    (text, Some(BUILD.to_owned()))
}

fn words(obstacle: &PortObstacle) -> (String, Option<String>) {
    match obstacle {
        PortObstacle::AlreadyMusl { tag } => (
            format!("it is for musl already ({})", tag),
            Some("install it as it is".to_owned()),
        ),
        PortObstacle::Pure => (
            "it has no file for a machine: it runs anywhere".to_owned(),
            Some("install it as it is".to_owned()),
        ),
        PortObstacle::Machine { arch } => build(format!(
            "on {arch} the C libraries differ in the size of types or numbers, which no renaming mends"
        )),
        PortObstacle::Unsettled { why } => (why.to_string(), None),
        PortObstacle::ExecutableStack { file } => build(format!(
            "{file} wants an executable stack, or does not say that it needs none; musl makes none"
        )),
        PortObstacle::TextRelocations { file } => build(format!(
            "{file} has relocations in its code (TEXTREL), which musl does not carry out"
        )),
        PortObstacle::Ifunc { file, name } => build(match name {
            Some(name) => format!(
                "{file} chooses {} when it is loaded (IFUNC), which musl cannot",
                name
            ),
            None => format!("{file} chooses functions when it is loaded (IFUNC), which musl cannot"),
        }),
        PortObstacle::StaticTls { file } => build(format!(
            "{file} keeps its threads' data where only a program may (initial-exec TLS); musl's dlopen refuses it"
        )),
        PortObstacle::Relocations { file, types } => build(format!(
            "{file} has relocations that musl does not know: types {}",
            types.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
        )),
        PortObstacle::InitArguments { file } => build(format!(
            "{file} reads the program's arguments when it is loaded, as Rust's standard library for glibc does; musl hands it none"
        )),
        PortObstacle::Name {
            file,
            name,
            version,
            why,
        } => build(format!(
            "{file} needs {}, for which nothing right can be given: {}",
            versioned(name, version.as_ref()),
            why
        )),
        PortObstacle::UnknownName {
            file,
            name,
            version,
            weak,
        } => (
            format!(
                "{file} {} {}, which nobody has looked at",
                if *weak { "may use" } else { "needs" },
                versioned(name, version.as_ref())
            ),
            Some(format!("report the name; until then {BUILD}")),
        ),
        PortObstacle::Unbound { file, name } => (
            format!(
                "{file} needs {}, which no file of the wheel, no runtime and not Python defines",
                name
            ),
            Some("name the wheel that has it in the same command: they are ported together".to_owned()),
        ),
        PortObstacle::Interposed { file, name } => build(format!(
            "{file} defines {} and calls it where glibc's would be taken, which musl's is not equal to",
            name
        )),
        PortObstacle::MuslHasToo { file, name } => build(format!(
            "{file} uses {} of its own, and musl has one too, which would be taken instead",
            name
        )),
        PortObstacle::Depends { file, name } => build(format!(
            "who defines {} for {file} depends on who loads it",
            name
        )),
        PortObstacle::Versions { file, name } => build(format!(
            "{file} asks for {} in several meanings at once",
            name
        )),
        PortObstacle::Copied { file, name } => build(format!(
            "{file} copies {} into itself, which is another on musl",
            name
        )),
        PortObstacle::MissingRuntime {
            file,
            library,
            for_musl,
        } => (
            format!(
                "{file} needs {}, and no build of it for {} was found",
                escape(library.as_str()),
                if *for_musl { "musl" } else { "glibc" }
            ),
            Some(where_from(library, *for_musl)),
        ),
        PortObstacle::MissingLibrary { file, library } => (
            format!(
                "{file} needs {}, which is in no wheel given and no runtime",
                escape(library.as_str())
            ),
            Some(
                "name the wheel that has it in the same command, or put a build for glibc into the folder of --runtimes"
                    .to_owned(),
            ),
        ),
        PortObstacle::TwoLibraries { file, library } => build(format!(
            "{file} needs {}, which is one file or another, depending on who loads it",
            escape(library.as_str())
        )),
        PortObstacle::WrongRuntime { file, for_musl } => (
            format!(
                "{file} has to be a build for {}",
                if *for_musl { "musl" } else { "glibc" }
            ),
            Some(where_from(&Soname::from(file.file_name().to_owned()), *for_musl)),
        ),
        PortObstacle::Unreachable { file } => build(format!(
            "{file} is installed outside of site-packages, from where it cannot find its libraries"
        )),
        PortObstacle::PlaceTaken { file } => (
            format!("{file} is there already"),
            Some("is this wheel a ported one? Port its source".to_owned()),
        ),
        PortObstacle::Proof { file, why } => (
            format!("the result did not hold up: {file}: {why}"),
            Some("nothing was written; please report it with the wheel's name".to_owned()),
        ),
    }
}

/// The very commands that bring a runtime.
fn where_from(library: &Soname, for_musl: bool) -> String {
    let name = library.as_str();
    if for_musl {
        let package = Untrusted::from(name.split(".so").next().unwrap_or_default());
        return format!(
            "on Alpine: `apk add {package}`; elsewhere: `apk --root ALPINE add {package}` into an unpacked Alpine, then `--sysroot ALPINE`"
        );
    }
    format!(
        "on Debian: `apt-get install {}`; in a Dockerfile: `COPY --from=python:3.13-slim /usr/lib/x86_64-linux-gnu/{}* /runtimes/`, then `--runtimes /runtimes`",
        debian_package(name),
        escape(name)
    )
}

fn debian_package(library: &str) -> String {
    match library {
        "libstdc++.so.6" => "libstdc++6".to_owned(),
        "libgcc_s.so.1" => "libgcc-s1".to_owned(),
        "libz.so.1" => "zlib1g".to_owned(),
        other => {
            let (stem, version) = other.split_once(".so.").unwrap_or((other, ""));
            let major = version.split('.').next().unwrap_or_default();
            escape(&format!("{stem}{major}"))
        }
    }
}
