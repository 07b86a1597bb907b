//! Everything that stands in the way of a repair, in one text.

use std::collections::BTreeMap;

use super::blockers::{NAMED, blockers_hint, blockers_text};
use super::words::{bytes, columns, count};
use crate::elf::Soname;
use crate::plan::{MissingLibrary, Obstacle};
use crate::resolve::Libc;
use crate::wheel::{Untrusted, escape};

/// The error of a wheel that cannot be repaired.
pub(super) fn blocked(wheel: &Untrusted, obstacles: &[Obstacle]) -> String {
    let missing: BTreeMap<&Soname, (&MissingLibrary, Libc)> = obstacles
        .iter()
        .filter_map(|obstacle| {
            let Obstacle::Missing {
                library,
                missing,
                libc,
            } = obstacle
            else {
                return None;
            };
            Some((library, (missing, *libc)))
        })
        .collect();
    let mut reasons = Vec::new();
    let mut body = String::new();
    let mut hints: Vec<String> = Vec::new();
    for obstacle in obstacles {
        let Some((reason, detail, hint)) = reason(obstacle) else {
            continue;
        };
        reasons.push(reason);
        body.push_str(&detail);
        if let Some(hint) = hint
            && !hints.contains(&hint)
        {
            hints.push(hint);
        }
    }
    if !missing.is_empty() {
        let number = count(missing.len(), "library not found", "libraries not found");
        reasons.insert(0, number);
        let listed: String = missing
            .iter()
            .map(|(name, (one, _))| not_found(name, one))
            .collect();
        body.insert_str(0, &listed);
        missing_hints(&missing)
            .into_iter()
            .rev()
            .for_each(|hint| hints.insert(0, hint));
    }
    let reasons = summary(&reasons);
    let hints: String = hints.iter().map(|hint| format!("\nhint: {hint}")).collect();
    let body = body.trim_end_matches('\n');
    let space = if body.is_empty() { "" } else { "\n" };
    format!("cannot repair `{wheel}`: {reasons}{space}{body}\n{hints}")
}

/// The error of a wheel of which nothing can be told: it is not to be repaired, so nothing is
/// said of repairing.
pub(super) fn not_judged(wheel: &Untrusted, obstacles: &[Obstacle]) -> String {
    let mut reasons = Vec::new();
    let mut body = String::new();
    let mut hint = "";
    for obstacle in obstacles {
        let Some((reason, detail, _)) = reason(obstacle) else {
            continue;
        };
        match obstacle {
            Obstacle::NotAPlatformWheel { .. } => {
                hint = "\nhint: `--allow-pure-python-wheel` passes over such wheels";
                reasons.push("there is no ELF library or program in it".to_owned());
                continue;
            }
            Obstacle::UnknownLibc => hint = "\nhint: pass `--libc musl` or `--libc glibc`",
            // The way out of these is to build or to repair otherwise, which nobody asked for.
            Obstacle::AnyWithElf { .. }
            | Obstacle::OtherSystem { .. }
            | Obstacle::WrongMachine { .. }
            | Obstacle::UnknownMachine { .. }
            | Obstacle::WrongLibc { .. }
            | Obstacle::Missing { .. }
            | Obstacle::NotAPlatform { .. }
            | Obstacle::OtherPlatform { .. }
            | Obstacle::NoSuchTag { .. }
            | Obstacle::TagOutOfReach { .. }
            | Obstacle::ProgramNeedsLibpython { .. }
            | Obstacle::Unreachable { .. }
            | Obstacle::GraftsTooLarge { .. }
            | Obstacle::PlaceTaken { .. }
            | Obstacle::NoPlace { .. } => {}
        }
        reasons.push(reason);
        body.push_str(&detail);
    }
    let reasons = summary(&reasons);
    let body = body.trim_end_matches('\n');
    let space = if body.is_empty() { "" } else { "\n" };
    format!("nothing to tell of `{wheel}`: {reasons}{space}{body}\n{hint}")
        .trim_end()
        .to_owned()
}

/// Equal reasons once, with their number.
fn summary(reasons: &[String]) -> String {
    let mut seen: Vec<(&String, usize)> = Vec::new();
    for reason in reasons {
        match seen.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, number)) => *number = number.saturating_add(1),
            None => seen.push((reason, 1)),
        }
    }
    let texts: Vec<String> = seen
        .iter()
        .map(|(reason, number)| match number {
            1 => (*reason).clone(),
            _ => format!("{reason} ({number} times)"),
        })
        .collect();
    texts.join("; ")
}

fn not_found(name: &Soname, missing: &MissingLibrary) -> String {
    let mut users = missing.needed_by.iter();
    let mut named: Vec<String> = users
        .by_ref()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = users.count();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    let rows: Vec<[String; 3]> = missing
        .probes
        .iter()
        .map(|probe| {
            [
                format!("tried  {}", probe.path),
                probe.why.to_string(),
                escape(&probe.outcome.to_string()),
            ]
        })
        .collect();
    let tried = match rows.is_empty() {
        true if name.as_str().contains('/') => {
            "    tried  nothing: it is a path, not a name to look up, and no path is followed out of the wheel\n".to_owned()
        }
        true => "    tried  nothing: no folder is searched\n".to_owned(),
        false => columns(&rows, "    "),
    };
    let of_wheel: String = missing
        .carried
        .iter()
        .map(|path| format!("    it is  {path}, in the wheel, which no search reaches\n"))
        .collect();
    let name = match name.as_str() {
        "" => "(an empty name)".to_owned(),
        name => escape(name),
    };
    format!(
        "  {name}, needed by {}\n{tried}{of_wheel}",
        named.join(", ")
    )
}

/// What to do about libraries that were not found: another thing where the wheel carries them.
fn missing_hints(missing: &BTreeMap<&Soname, (&MissingLibrary, Libc)>) -> Vec<String> {
    let mut hints = Vec::new();
    let mut paths = Vec::new();
    let mut absent = BTreeMap::new();
    for (name, (one, libc)) in missing {
        match one.carried.first() {
            _ if name.as_str().contains('/') => paths.push(*name),
            None => {
                absent.insert(*name, (*one, *libc));
            }
            Some(path) if path.file_name() == name.as_str() => hints.push(format!(
                "install {path} as package data, beside the files that need it"
            )),
            Some(path) => hints.push(format!(
                "call {path} `{}` in the wheel, as those who need it do: its file name is not its SONAME (a link by that name is lost in a wheel)",
                escape(name.as_str())
            )),
        }
    }
    if !absent.is_empty() {
        hints.push(missing_hint(&absent));
    }
    if !paths.is_empty() {
        hints.push(format!(
            "have what is needed by a path needed by its name: give the library a SONAME and link again, or `wheelfix patchelf --replace-needed PATH NAME FILE`; or leave it to the system with `{}`",
            excludes(&paths)
        ));
    }
    hints
}

fn missing_hint(missing: &BTreeMap<&Soname, (&MissingLibrary, Libc)>) -> String {
    let names: Vec<&Soname> = missing.keys().copied().collect();
    // Alpine's packages are called for by the libraries in them; others have no such names.
    let packages: Vec<String> = missing
        .iter()
        .filter(|(name, (_, libc))| *libc == Libc::Musl && !name.as_str().is_empty())
        .map(|(name, _)| format!("so:{}", escape(name.as_str())))
        .collect();
    let (folder, them) = match names.len() {
        1 => ("its folder", "it"),
        _ => ("their folders", "them"),
    };
    let install = match packages.is_empty() {
        true => format!("install {them}"),
        false => format!("`apk add {}`", packages.join(" ")),
    };
    format!(
        "{install}, or pass {folder} with `--lib-path DIR`, or leave {them} to the system with `{}`",
        excludes(&names)
    )
}

/// `--exclude A --exclude B`
fn excludes(names: &[&Soname]) -> String {
    let each = names.iter().map(|name| match name.as_str() {
        "" => "--exclude ''".to_owned(),
        name => format!("--exclude {}", escape(name)),
    });
    each.collect::<Vec<_>>().join(" ")
}

/// The reason in a few words, its lines, and what to do. `None`: told elsewhere.
fn reason(obstacle: &Obstacle) -> Option<(String, String, Option<String>)> {
    let plain = |reason: &str, detail: String, hint: &str| {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Some((reason.to_owned(), detail, hint))
    };
    match obstacle {
        Obstacle::Missing { .. } => None,
        Obstacle::GraftsTooLarge {
            total,
            most,
            grafts,
        } => {
            let named = grafts.iter().take(NAMED);
            let rows = named
                .map(|(size, path)| format!("  {:>8}  {}\n", bytes(*size), escape(path.as_str())));
            let rows: String = rows.collect();
            let reason = format!(
                "what comes along has {}, more than the {} of `--max-graft-size`",
                bytes(*total),
                bytes(*most)
            );
            let hint = "leave a library to the system with `--exclude`, or allow more";
            plain(&reason, rows, hint)
        }
        Obstacle::NotAPlatformWheel { .. } => plain(
            "there is no ELF library or program in it, so there is nothing to repair",
            String::new(),
            "pass `--allow-pure-python-wheel` to copy such wheels unchanged",
        ),
        Obstacle::AnyWithElf { file } => plain(
            "its name says `any` platform, but it holds ELF files",
            format!("  {}\n", escape(file.as_str())),
            "build it as a platform wheel (a package with an extension module is one)",
        ),
        Obstacle::OtherSystem { tag } => plain(
            &format!("{} is a tag of another system than Linux", tag),
            String::new(),
            "",
        ),
        Obstacle::WrongMachine { file, is, want } => plain(
            "files for another machine",
            format!(
                "  {} is for {is}, the wheel for {want}\n",
                escape(file.as_str())
            ),
            "build the wheel without them: no platform tag is true of both; if nothing loads them, say so with `--exclude PATH`",
        ),
        Obstacle::UnknownMachine { file, is } => plain(
            "wheel tags have no name for its machine",
            format!("  {} is for {is}\n", escape(file.as_str())),
            "",
        ),
        Obstacle::WrongLibc { file, is, want } => plain(
            "files for another C library",
            format!(
                "  {file} was linked against {}, the wheel is for {}\n",
                is.name(),
                want.name()
            ),
            match file.in_wheel() {
                true => {
                    "build the wheel without them: no platform tag is true of both; if nothing loads them, say so with `--exclude PATH`"
                }
                false => {
                    "install the library as it is built for the wheel's C library, or leave it to the system with `--exclude NAME`"
                }
            },
        ),
        Obstacle::UnknownLibc => plain(
            "nothing tells which C library it is for",
            String::new(),
            "pass `--libc musl` or `--libc glibc`",
        ),
        Obstacle::NotAPlatform { given } => plain(
            &format!("`{}` is no Linux platform tag", given),
            String::new(),
            "pass `--plat auto`, or a tag such as `musllinux_1_2_x86_64`",
        ),
        Obstacle::OtherPlatform { given, wheel } => plain(
            &format!("`{}` is not a tag for it: it was built for {wheel}", given),
            String::new(),
            "pass `--plat auto` for the best tag that the content allows",
        ),
        Obstacle::NoSuchTag { tag, oldest: None } => plain(
            &format!("there is no platform tag {}", tag),
            String::new(),
            "",
        ),
        Obstacle::NoSuchTag {
            tag,
            oldest: Some(oldest),
        } => plain(
            &format!("there is no platform tag {}", tag),
            format!("  the oldest for its machine is {}\n", oldest),
            "pass `--plat auto` for the best tag that the content allows",
        ),
        Obstacle::TagOutOfReach {
            tag,
            auto,
            blockers,
        } => Some((
            format!("its content does not allow the tag {}", tag),
            blockers_text(blockers),
            Some(blockers_hint(blockers, tag.as_str(), *auto)),
        )),
        Obstacle::ProgramNeedsLibpython { file, library } => {
            let library = escape(library.as_str());
            plain(
                "a program needs a libpython that the wheel does not carry",
                format!("  {file} needs {library}\n"),
                &format!(
                    "put {library} into the wheel, where a run path of the program leads, or leave it to the system with `--exclude {library}`"
                ),
            )
        }
        Obstacle::Unreachable { file } => plain(
            "a file outside of site-packages needs libraries that will lie inside",
            format!("  {}\n", escape(file.as_str())),
            "install the file as package data instead, or link it statically",
        ),
        Obstacle::PlaceTaken { path } => plain(
            "the place of a new library is taken by another file",
            format!("  {}\n", escape(path.as_str())),
            "choose another folder with `--lib-sdir SUFFIX`",
        ),
        Obstacle::NoPlace { place, why } => plain(
            "a new library's file name can stand in no wheel",
            format!("  {place}: {why}\n"),
            "give the library a shorter, plain file name and SONAME",
        ),
    }
}
