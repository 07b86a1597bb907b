//! The proof that two files are one build, attacked: a twin is changed byte by byte, and nothing
//! may be accepted that changes what a loader sees.
//!
//! What a loader sees is worked out here once more, by other means: `View` knows nothing of
//! tables that move, since a changed file is compared with itself before the change.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::command::{script, text};
use rayon::prelude::*;
use wheelfix::elf::{self, Edits, RunPath, RunPathEdit, RunPathKind, same_build, without_hash};

/// A reader of numbers that has nothing to do with the product's.
struct Reader<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (wide, little) = (bytes[4] == 2, bytes[5] == 1);
        Self {
            bytes,
            wide,
            little,
        }
    }

    fn number(&self, at: usize, size: usize) -> u64 {
        let raw = self.bytes.get(at..at + size).unwrap_or(&[]);
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match self.little {
            true => raw.iter().rev().fold(0, add),
            false => raw.iter().fold(0, add),
        }
    }

    fn pick(&self, at32: usize, at64: usize) -> usize {
        if self.wide { at64 } else { at32 }
    }

    fn word(&self, at: usize) -> u64 {
        self.number(at, self.pick(4, 8))
    }

    /// `e_phoff`, `e_shoff`.
    fn tables(&self) -> (usize, usize) {
        (
            self.word(self.pick(28, 32)) as usize,
            self.word(self.pick(32, 40)) as usize,
        )
    }

    fn half(&self, at32: usize, at64: usize) -> usize {
        self.number(self.pick(at32, at64), 2) as usize
    }

    fn segments(&self) -> Vec<Segment> {
        let (at, _) = self.tables();
        (0..self.half(44, 56))
            .map(|index| {
                let at = at + index * self.pick(32, 56);
                let field = |at32: usize, at64: usize| self.word(at + self.pick(at32, at64));
                Segment {
                    kind: self.number(at, 4),
                    flags: self.number(at + self.pick(24, 4), 4),
                    offset: field(4, 8),
                    address: field(8, 16),
                    file_size: field(16, 32),
                    memory_size: field(20, 40),
                    align: field(28, 48),
                }
            })
            .collect()
    }

    /// Loaded sections that take file bytes: address range, file range, type.
    fn sections(&self) -> Vec<(Range<usize>, u64)> {
        let (_, at) = self.tables();
        let count = if at == 0 { 0 } else { self.half(48, 60) };
        (0..count)
            .filter_map(|index| {
                let at = at + index * self.pick(40, 64);
                let kind = self.number(at + 4, 4);
                let loaded = self.word(at + 8) & 2 != 0;
                let offset = self.word(at + self.pick(16, 24)) as usize;
                let size = self.word(at + self.pick(20, 32)) as usize;
                (loaded && kind != 8 && size > 0).then_some((offset..offset + size, kind))
            })
            .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    kind: u64,
    flags: u64,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

const LOAD: u64 = 1;
const DYNAMIC: u64 = 2;
const DYNSTR_TAG: u64 = 5;
const NEEDED: u64 = 1;
const SONAME: u64 = 14;
const FREE_TAGS: [u64; 3] = [15, 29, 10];

/// What a loader goes by, apart from the bytes it maps.
#[derive(Debug, PartialEq, Eq)]
struct View {
    header: Vec<u8>,
    segments: Vec<Segment>,
    /// Tag and value; names without their hashes instead of offsets; run paths left out.
    list: Vec<(u64, u64, String)>,
}

impl View {
    fn of(bytes: &[u8]) -> Self {
        let reader = Reader::new(bytes);
        let mut segments = reader.segments();
        for segment in &mut segments {
            // Nothing is read from where there is nothing.
            if segment.file_size == 0 {
                segment.offset = 0;
            }
        }
        segments.retain(|segment| segment.kind != 0);
        let mut header = bytes[..reader.pick(52, 64)].to_vec();
        // Section headers are no loader's business.
        let hide = |header: &mut Vec<u8>, range: Range<usize>| header[range].fill(0);
        hide(&mut header, reader.pick(32, 40)..reader.pick(36, 48));
        hide(&mut header, reader.pick(46, 58)..reader.pick(52, 64));
        let list = list(&reader, &segments);
        Self {
            header,
            segments,
            list,
        }
    }
}

fn offset_of(segments: &[Segment], address: u64) -> Option<usize> {
    let load = segments.iter().find(|segment| {
        segment.kind == LOAD
            && segment.address <= address
            && address < segment.address.saturating_add(segment.file_size)
    })?;
    Some((load.offset + (address - load.address)) as usize)
}

fn list(reader: &Reader<'_>, segments: &[Segment]) -> Vec<(u64, u64, String)> {
    let mut list = Vec::new();
    let Some(dynamic) = segments.iter().find(|segment| segment.kind == DYNAMIC) else {
        return list;
    };
    let Some(at) = offset_of(segments, dynamic.address) else {
        return list;
    };
    let entries: Vec<(u64, u64)> = (0..)
        .map(|index| at + index * reader.pick(8, 16))
        .map(|at| (reader.word(at), reader.word(at + reader.pick(4, 8))))
        .take_while(|&(tag, _)| tag != 0)
        .take(10_000)
        .collect();
    let strings = entries.iter().rev().find(|entry| entry.0 == DYNSTR_TAG);
    let strings = strings
        .and_then(|entry| offset_of(segments, entry.1))
        .unwrap_or(0);
    for (tag, value) in entries {
        if FREE_TAGS.contains(&tag) {
            continue;
        }
        if tag == NEEDED || tag == SONAME {
            let from = reader.bytes.get(strings + value as usize..).unwrap_or(&[]);
            let name = from.split(|&byte| byte == 0).next().unwrap_or(&[]);
            let name = without_hash(&String::from_utf8_lossy(name));
            list.push((tag, 0, name));
        } else {
            list.push((tag, value, String::new()));
        }
    }
    // An editor may put the name anywhere among the others.
    list.sort();
    list
}

/// File offsets that are headers or metadata: all that an editor may touch and a loader reads.
fn metadata(bytes: &[u8]) -> Vec<usize> {
    let reader = Reader::new(bytes);
    let (phoff, shoff) = reader.tables();
    let mut offsets: BTreeSet<usize> = (0..reader.pick(52, 64)).collect();
    offsets.extend(phoff..phoff + reader.half(44, 56) * reader.pick(32, 56));
    offsets.extend(shoff..shoff + reader.half(48, 60) * reader.pick(40, 64));
    /// Strings, symbols, hashes, versions, relocations, notes, the dynamic list.
    const KINDS: [u64; 12] = [
        3,
        4,
        5,
        6,
        7,
        9,
        11,
        19,
        0x6fff_fff6,
        0x6fff_fffd,
        0x6fff_fffe,
        0x6fff_ffff,
    ];
    for (range, kind) in reader.sections() {
        if KINDS.contains(&kind) {
            offsets.extend(range);
        }
    }
    offsets.retain(|&offset| offset < bytes.len());
    offsets.into_iter().collect()
}

/// Why a change at `at` matters to a loader; `None`: it cannot see it.
fn is_seen(before: &[u8], after: &[u8], at: usize) -> Option<String> {
    let (one, other) = (View::of(before), View::of(after));
    if one != other {
        return Some("headers or the dynamic list".to_owned());
    }
    let reader = Reader::new(before);
    let (phoff, shoff) = reader.tables();
    let in_headers = at < reader.pick(52, 64)
        || (phoff..phoff + reader.half(44, 56) * reader.pick(32, 56)).contains(&at)
        || (shoff..shoff + reader.half(48, 60) * reader.pick(40, 64)).contains(&at);
    let is_mapped = one.segments.iter().any(|segment| {
        let range = segment.offset..segment.offset + segment.file_size;
        segment.kind == LOAD && range.contains(&(at as u64))
    });
    if in_headers || !is_mapped {
        return None;
    }
    let sections = reader.sections();
    let (range, kind) = sections.iter().find(|(range, _)| range.contains(&at))?;
    match kind {
        // The dynamic list was compared; behind its end there is nothing.
        6 => None,
        // Strings: those that something names were compared, or are by the symbols here.
        3 => {
            let facts = |bytes: &[u8]| {
                let mut facts = elf::read(bytes).ok()?;
                let plain = |name: &elf::Soname| elf::Soname::from(without_hash(name.as_str()));
                facts.load.soname = facts.soname.as_ref().map(plain);
                facts.load.needed = facts.needed.iter().map(plain).collect();
                for need in &mut facts.version_needs {
                    need.file = plain(&need.file);
                }
                let load = &mut facts.load;
                (load.run_path, load.rpath, load.runpath) = (None, None, None);
                // Of a symbol's version the file is told by its full name.
                let symbols: Vec<String> = facts
                    .symbols
                    .iter()
                    .map(|mut symbol| {
                        let file = symbol.version_file.map(without_hash);
                        symbol.version_file = None;
                        format!("{symbol:?} {file:?}")
                    })
                    .collect();
                facts.symbols = elf::Symbols::default();
                Some((format!("{facts:?}"), symbols))
            };
            let same = facts(before).is_some() && facts(before) == facts(after);
            (!same).then(|| "a name".to_owned())
        }
        // Which section a symbol is of nobody asks; only whether it is of one.
        11 => {
            let size = reader.pick(16, 24);
            let field = (at - range.start) % size;
            let start = at - field + reader.pick(14, 6);
            let section = |bytes: &[u8]| match Reader::new(bytes).number(start, 2) {
                0 => 0,
                special if special >= 0xff00 => special,
                _ => 1,
            };
            let is_section = (start..start + 2).contains(&at) && section(before) == section(after);
            // The same name may stand at several places, the empty one at the end of each string.
            let record = at - field;
            let name = |bytes: &[u8]| {
                let facts = elf::read(bytes).ok()?;
                let names: Vec<String> = facts
                    .symbols
                    .iter()
                    .map(|one| one.name.to_owned())
                    .collect();
                Some(names)
            };
            let is_name = (record..record + 4).contains(&at)
                && name(before).is_some()
                && name(before) == name(after);
            (!is_section && !is_name).then(|| "a symbol".to_owned())
        }
        kind => Some(format!("a section of type {kind:#x} at {range:x?}")),
    }
}

/// Changes each of `offsets` of `twin` twice and asks whether it is still the build of `one`.
/// Returns how many changes were accepted.
fn sweep(name: &str, one: &[u8], twin: &[u8], offsets: &[usize]) -> usize {
    same_build(one, twin).unwrap_or_else(|difference| panic!("{name}: no twins: {difference}"));
    let accepted: Vec<(usize, Option<String>)> = offsets
        .par_iter()
        .flat_map_iter(|&at| {
            [0x01_u8, 0xff].into_iter().filter_map(move |mask| {
                let mut changed = twin.to_vec();
                changed[at] ^= mask;
                let accepted = same_build(one, &changed).is_ok();
                // The proof holds in both directions.
                assert_eq!(
                    accepted,
                    same_build(&changed, one).is_ok(),
                    "{name} at {at:#x}"
                );
                accepted.then(|| (at, is_seen(twin, &changed, at)))
            })
        })
        .collect();
    for (at, seen) in &accepted {
        assert_eq!(*seen, None, "{name}: accepted a change at {at:#x}");
    }
    accepted.len()
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join("machines"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("libspam_leaf.so.1"))
        .filter(|path| path.exists())
        .collect();
    found.push(folder.join("alpine/usr/lib/libspam_inner.so.3.0.1"));
    found.push(folder.join("alpine/usr/lib/libspam_outer.so.1.2"));
    found.sort();
    found
}

/// The same library under another name and with another run path.
fn twin_of(bytes: &[u8]) -> Vec<u8> {
    let soname = elf::read(bytes).unwrap().load.soname.unwrap().into_string();
    let (stem, rest) = soname.split_once('.').unwrap();
    let edits = Edits {
        soname: Some(format!("{stem}-0123abcd.{rest}").as_str().into()),
        run_path: Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: "$ORIGIN/../else".to_owned(),
        })),
        ..Edits::default()
    };
    elf::edit(bytes, &edits).unwrap().bytes.into()
}

#[test]
fn an_edited_library_is_the_same_build_and_a_changed_one_is_not() {
    let mut swept = 0;
    for path in fixtures() {
        let name = path.display().to_string();
        let bytes = fs::read(&path).unwrap();
        let twin = twin_of(&bytes);
        let offsets = metadata(&twin);
        let accepted = sweep(&name, &bytes, &twin, &offsets);
        // Section headers, at least, are nobody's business.
        assert!(accepted > 0, "{name}");
        assert!(accepted < offsets.len() * 2, "{name}: {accepted}");
        swept += offsets.len();
    }
    assert!(swept > 5000, "{swept}");
}

#[test]
fn other_code_and_data_is_another_build() {
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let twin = twin_of(&bytes);
        let reader = Reader::new(&twin);
        // Code, constants, data, unwind tables.
        let mut content = reader.sections();
        content.retain(|(_, kind)| matches!(kind, 1 | 14 | 15));
        let offsets: Vec<usize> = content.into_iter().flat_map(|(range, _)| range).collect();
        assert!(!offsets.is_empty());
        let accepted = sweep(&path.display().to_string(), &bytes, &twin, &offsets);
        assert_eq!(accepted, 0, "{}", path.display());
    }
}

#[test]
fn what_another_name_means_is_told_by_its_hash_only() {
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let soname = elf::read(&bytes)
            .unwrap()
            .load
            .soname
            .unwrap()
            .into_string();
        let edits = Edits {
            soname: Some(format!("x{soname}").as_str().into()),
            ..Edits::default()
        };
        let other = elf::edit(&bytes, &edits).unwrap().bytes;
        assert!(same_build(&bytes, &other).is_err(), "{}", path.display());
    }
}

/// A library that the pinned zig links, with the hash tables of this style.
fn linked(folder: &Path, target: &str, style: &str, source: &str) -> Vec<u8> {
    let (input, output) = (folder.join("spam.c"), folder.join("libspam.so.1"));
    fs::write(&input, source).unwrap();
    let mut command = Command::new(script("zig", &[]).trim());
    for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
        command.env(name, concat!(env!("CARGO_TARGET_TMPDIR"), "/zig"));
    }
    command.args(["cc", "-target", target, "-shared", "-nostdlib", "-g0"]);
    command.arg(format!("-Wl,--hash-style={style},-soname,libspam.so.1"));
    let linked = command.arg("-o").args([&output, &input]).output().unwrap();
    assert!(linked.status.success(), "{}", text(&linked));
    fs::read(output).unwrap()
}

// lld writes `DT_HASH` by four bytes an entry on s390x too, where the machine's ABI has eight: two
// renamed copies were told apart with "two of its tables share bytes".
#[test]
fn both_hash_tables_are_read_alike_on_every_machine() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "int first(void) { return 1; } int second(void) { return 2; }",
            ["both", "sysv", "gnu"].as_slice(),
        ),
        // Nothing that a hash table could find.
        (
            "int other(void); \
             __attribute__((visibility(\"hidden\"))) int mine(void) { return other(); }",
            &["both", "sysv"],
        ),
    ];
    for machine in ["s390x", "x86_64", "powerpc64le", "arm"] {
        let environment = if machine == "arm" {
            "musleabihf"
        } else {
            "musl"
        };
        let target = format!("{machine}-linux-{environment}");
        for (source, styles) in cases {
            for style in styles {
                let bytes = linked(folder.path(), &target, style, source);
                let twin = twin_of(&bytes);
                assert_eq!(same_build(&bytes, &twin), Ok(()), "{target} {style}");
                let again = twin_of(&twin);
                assert_eq!(same_build(&twin, &again), Ok(()), "{target} {style}");
            }
        }
    }
}

/// The whole sweep over real libraries: `WHEELFIX_TWINS` names pairs, `ONE:TWIN`, one a line.
/// `scripts/evidence/trees/sweep` makes the list and runs it.
#[test]
#[ignore = "minutes, and needs real libraries: scripts/evidence/trees/sweep"]
fn no_changed_byte_of_a_real_library_goes_unseen() {
    let list = std::env::var("WHEELFIX_TWINS").expect("WHEELFIX_TWINS lists pairs");
    let mut pairs = 0;
    for line in list.lines().filter(|line| !line.is_empty()) {
        let (one, twin) = line.split_once(':').unwrap();
        let (one, twin) = (fs::read(one).unwrap(), fs::read(twin).unwrap());
        let offsets = metadata(&twin);
        let accepted = sweep(line, &one, &twin, &offsets);
        println!(
            "{line}: {} bytes, {accepted} of {} changes accepted",
            offsets.len(),
            offsets.len() * 2
        );
        pairs += 1;
    }
    assert!(pairs >= 5, "{pairs} pairs");
}
