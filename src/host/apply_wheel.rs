//! Do what a wheel's plan says: all of it, or nothing.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use rayon::prelude::*;

use super::Progress;
use super::file_source::FileSource;
use super::gather::{Gathered, file_name};
use super::output_options::OutputOptions;
use super::publish::Output;
use super::sysroot::Sysroot;
use super::written::{Applied, Written, changed, edit_in_steps};
use crate::elf::{self, Arch, Edits};
use crate::error::{Error, Place};
use crate::plan::{EntryOp, SourceLibrary, WheelPlan, hex, sbom_json};
use crate::policy::shim;
use crate::wheel::{
    ArchivePath, ArchiveWriter, Deflated, DosDateTime, Entry, RecordHash, RecordRow, deflate,
    deflate_again,
};

/// So many bytes of content are worked on at once, unless one entry alone is larger:
/// then it is alone.
const WINDOW: u64 = 24 << 20;
/// Libraries are programs to `ls`, as on every system.
const LIBRARY_MODE: u32 = 0o755;
/// What moved out of the scripts folder: pip makes scripts executable, and nothing else.
const PROGRAM_MODE: u32 = 0o755;

/// Write the wheel that `plan` describes.
///
/// # Errors
/// When anything fails; then nothing has the output's name that did not have it before.
pub fn apply_wheel(
    plan: &WheelPlan,
    gathered: &Gathered,
    sysroot: &Sysroot,
    options: &OutputOptions,
    progress: &dyn Progress,
) -> Result<Applied, Error> {
    write_wheel(plan, gathered, sysroot, options, progress)?.publish()
}

/// Write the wheel that `plan` describes, so that it can be looked at before it has its name.
///
/// # Errors
/// As [`apply_wheel`].
pub fn write_wheel(
    plan: &WheelPlan,
    gathered: &Gathered,
    sysroot: &Sysroot,
    options: &OutputOptions,
    progress: &dyn Progress,
) -> Result<Written, Error> {
    let path = options.folder.join(plan.output.to_string());
    refuse_to_replace(&path, &gathered.source, options)?;
    let job = Job {
        plan,
        gathered,
        sysroot,
        options,
        progress,
        path: &path,
    };
    let output = job.write()?;
    gathered.source.check_unchanged()?;
    let name = plan.output.to_string();
    Ok(Written::new(output, path, name, gathered))
}

/// Write a wheel as it is, for one in which there is nothing to repair.
///
/// # Errors
/// As [`apply_wheel`].
pub fn copy_wheel(gathered: &Gathered, options: &OutputOptions) -> Result<Applied, Error> {
    let path = options.folder.join(file_name(gathered.source.path()));
    if gathered.source.is(&path)? {
        let size = crate::wheel::Source::size(&gathered.source);
        return Ok(Applied { path, size });
    }
    refuse_to_replace(&path, &gathered.source, options)?;
    let mut output = Output::create(&path)?;
    gathered.source.copy_to(&mut output, &path)?;
    gathered.source.check_unchanged()?;
    let name = file_name(gathered.source.path());
    Written::new(output, path, name, gathered).publish()
}

fn refuse_to_replace(
    path: &Path,
    source: &FileSource,
    options: &OutputOptions,
) -> Result<(), Error> {
    let is_input = source.is(path)?;
    let refused = if is_input {
        !options.in_place
    } else {
        options.keep_existing && path.symlink_metadata().is_ok()
    };
    if refused {
        let path = path.to_owned();
        return Err(Error::Exists { path, is_input });
    }
    Ok(())
}

/// Where the bytes of one entry of the output come from.
enum Item<'a> {
    /// As they lie in the input.
    Raw(&'a Entry),
    /// An entry of the input, edited.
    Edit(&'a ArchivePath, &'a Entry, &'a Edits),
    /// A library of the system, edited.
    Graft(&'a ArchivePath, &'a SourceLibrary, &'a Edits),
    /// The shim of a machine, edited.
    Shim(&'a ArchivePath, Arch, &'a Edits),
    /// A text, under the entry's old time if there was one.
    Text(&'a ArchivePath, &'a str, u32, Option<&'a Entry>),
}

/// An entry that is ready to be written.
struct Made {
    path: ArchivePath,
    body: Deflated,
    hash: RecordHash,
    mode: u32,
    time: DosDateTime,
}

struct Job<'a> {
    plan: &'a WheelPlan,
    gathered: &'a Gathered,
    sysroot: &'a Sysroot,
    options: &'a OutputOptions,
    progress: &'a dyn Progress,
    path: &'a Path,
}

impl<'a> Job<'a> {
    fn write(&self) -> Result<Output, Error> {
        let mut writer = ArchiveWriter::new(Output::create(self.path)?);
        let mut record = self.gathered.wheel.record.clone();
        self.forget(&mut record);
        let items = self.items()?;
        let made: u64 = items.iter().map(Item::cost).sum();
        self.progress.expect(made);
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let (window, after) = rest.split_at(window_length(rest));
            rest = after;
            let bodies: Vec<Option<Made>> = window
                .par_iter()
                .map(|item| self.make(item))
                .collect::<Result<_, Error>>()?;
            for (item, made) in window.iter().zip(bodies) {
                self.write_item(&mut writer, item, made, &mut record)?;
            }
        }
        self.write_sbom(&mut writer, &mut record)?;
        self.write_record(&mut writer, &record)?;
        writer.finish().map_err(|error| self.failed(error))
    }

    /// RECORD speaks no more of what is not there any more.
    fn forget(&self, record: &mut crate::wheel::Record) {
        for (path, op) in &self.plan.ops {
            if matches!(op, EntryOp::Remove(_)) {
                record.remove(path.as_str());
            }
        }
    }

    /// The entries of the output but RECORD, in their order: what the input has in its
    /// order, then what is new, then the metadata.
    fn items(&self) -> Result<Vec<Item<'a>>, Error> {
        let wheel = &self.gathered.wheel;
        let metadata = |path: &ArchivePath| path.first() == wheel.dist_info.as_str();
        let known: BTreeSet<&ArchivePath> = wheel
            .archive
            .entries()
            .iter()
            .filter(|entry| !entry.is_directory)
            .map(|entry| &entry.path)
            .collect();
        let mut content = Vec::new();
        let mut last = Vec::new();
        for entry in wheel.archive.entries() {
            let list = if metadata(&entry.path) {
                &mut last
            } else {
                &mut content
            };
            match self.plan.ops.get(&entry.path) {
                // Also where a file is to have its name: the reader refuses what has both.
                _ if entry.is_directory => list.push(Item::Raw(entry)),
                Some(EntryOp::Keep) if self.is_record(&entry.path) => {}
                Some(EntryOp::Keep) => list.push(Item::Raw(entry)),
                Some(op) => list.extend(self.item(&entry.path, op, Some(entry))?),
                None => {}
            }
        }
        for (path, op) in &self.plan.ops {
            if !known.contains(path) {
                let list = if metadata(path) {
                    &mut last
                } else {
                    &mut content
                };
                list.extend(self.item(path, op, None)?);
            }
        }
        content.extend(last);
        Ok(content)
    }

    fn item(
        &self,
        path: &'a ArchivePath,
        op: &'a EntryOp,
        entry: Option<&'a Entry>,
    ) -> Result<Option<Item<'a>>, Error> {
        Ok(Some(match op {
            EntryOp::Keep | EntryOp::Remove(_) => return Ok(None),
            // Written behind everything else: they tell of it.
            EntryOp::Sbom(_) | EntryOp::Record => return Ok(None),
            EntryOp::Edit(edits) => Item::Edit(path, self.entry(path, entry)?, edits),
            EntryOp::Move { from, edits } => {
                let entry = self.gathered.wheel.archive.get(from.as_str());
                Item::Edit(path, self.entry(from, entry)?, edits)
            }
            EntryOp::Graft { source, edits } => Item::Graft(path, source, edits),
            EntryOp::Shim { arch, edits } => Item::Shim(path, *arch, edits),
            EntryOp::Write { text, mode } => Item::Text(path, text, *mode, entry),
        }))
    }

    /// A plan speaks of entries of the wheel that it was made for.
    fn entry(&self, path: &ArchivePath, entry: Option<&'a Entry>) -> Result<&'a Entry, Error> {
        entry.ok_or_else(|| Error::Changed {
            path: format!(
                "{}: {}",
                self.gathered.source.path().to_string_lossy(),
                path.as_str()
            )
            .into(),
        })
    }

    fn is_record(&self, path: &ArchivePath) -> bool {
        path.below(self.gathered.wheel.dist_info.as_str()) == Some("RECORD")
    }

    fn make(&self, item: &Item<'a>) -> Result<Option<Made>, Error> {
        let made = match item {
            Item::Raw(_) => return Ok(None),
            Item::Edit(path, entry, edits) => {
                let archive = &self.gathered.wheel.archive;
                let read = archive.contents_and_packed(&self.gathered.source, entry);
                let (bytes, packed) = read.map_err(|error| self.wheel_error(error))?;
                let edited = self.edit(&bytes, edits, || Place::Entry(entry.path.clone()))?;
                let changes = changed(&bytes, &edited);
                drop(bytes);
                let body = deflate_again(&packed, &changes, &edited, self.options.level);
                let mode = match entry.path == **path {
                    true => entry.mode.unwrap_or(0o644),
                    false => PROGRAM_MODE,
                };
                self.made(path, &edited, body, mode, entry.modified)?
            }
            Item::Graft(path, source, edits) => {
                let bytes = self.sysroot.read(&source.path, &source.digest)?;
                let edited = self.edit(&bytes, edits, || Place::Library(source.path.clone()))?;
                drop(bytes);
                self.finish(path, &edited, LIBRARY_MODE, self.options.time)?
            }
            Item::Shim(path, arch, edits) => {
                let bytes = shim(*arch).unwrap_or_default();
                let edited = self.edit(bytes, edits, || Place::Entry((*path).clone()))?;
                self.finish(path, &edited, LIBRARY_MODE, self.options.time)?
            }
            Item::Text(path, text, mode, entry) => {
                let time = entry.map_or(self.options.time, |entry| entry.modified);
                self.finish(path, text.as_bytes(), *mode, time)?
            }
        };
        self.progress.advance(item.cost());
        Ok(Some(made))
    }

    fn edit(
        &self,
        bytes: &[u8],
        edits: &Edits,
        place: impl Fn() -> Place,
    ) -> Result<elf::Buffer, Error> {
        match edit_in_steps(bytes, edits) {
            Ok(edited) => Ok(edited),
            Err(error) => Err(Error::Edit {
                wheel: self.plan.input.clone(),
                place: place(),
                error,
            }),
        }
    }

    fn finish(
        &self,
        path: &ArchivePath,
        bytes: &[u8],
        mode: u32,
        time: DosDateTime,
    ) -> Result<Made, Error> {
        let body = deflate(bytes, self.options.level);
        self.made(path, bytes, body, mode, time)
    }

    fn made(
        &self,
        path: &ArchivePath,
        bytes: &[u8],
        body: Result<Deflated, crate::wheel::Error>,
        mode: u32,
        time: DosDateTime,
    ) -> Result<Made, Error> {
        Ok(Made {
            path: path.clone(),
            body: body.map_err(|error| self.wheel_error(error))?,
            hash: RecordHash::sha256(bytes),
            mode,
            time,
        })
    }

    fn write_item(
        &self,
        writer: &mut ArchiveWriter<Output>,
        item: &Item<'a>,
        made: Option<Made>,
        record: &mut crate::wheel::Record,
    ) -> Result<(), Error> {
        let done = match (item, made) {
            (Item::Raw(entry), _) => writer.copy_raw(&self.gathered.source, entry),
            (_, Some(made)) => {
                record.insert(RecordRow {
                    path: made.path.clone(),
                    hash: Some(made.hash),
                    size: Some(made.body.size),
                });
                writer.write(&made.path, &made.body, made.mode, made.time)
            }
            (_, None) => Ok(()),
        };
        done.map_err(|error| self.failed(error))
    }

    /// The bill of materials, which tells of the grafts as they have become.
    fn write_sbom(
        &self,
        writer: &mut ArchiveWriter<Output>,
        record: &mut crate::wheel::Record,
    ) -> Result<(), Error> {
        for (path, op) in &self.plan.ops {
            let EntryOp::Sbom(sbom) = op else { continue };
            let text = sbom_json(sbom, |place| {
                let row = record.get(place.as_str())?;
                row.hash.as_ref().map(|hash| hex(hash.digest()))
            });
            let item = Item::Text(path, &text, 0o644, None);
            let made = self.make(&item)?;
            self.write_item(writer, &item, made, record)?;
        }
        Ok(())
    }

    /// RECORD, the archive's last entry: as it was when nothing else changed.
    fn write_record(
        &self,
        writer: &mut ArchiveWriter<Output>,
        record: &crate::wheel::Record,
    ) -> Result<(), Error> {
        let wheel = &self.gathered.wheel;
        let path = wheel.dist_info.join("RECORD");
        let path = path.map_err(|error| self.wheel_error(error))?;
        let old = wheel.archive.get(path.as_str());
        let rewritten = matches!(self.plan.ops.get(&path), Some(EntryOp::Record));
        let done = match old {
            Some(entry) if !rewritten => writer.copy_raw(&self.gathered.source, entry),
            _ => {
                let bytes = record.to_bytes(&path);
                let time = old.map_or(self.options.time, |entry| entry.modified);
                let body = deflate(&bytes, self.options.level);
                let body = body.map_err(|error| self.wheel_error(error))?;
                writer.write(&path, &body, 0o644, time)
            }
        };
        done.map_err(|error| self.failed(error))
    }

    fn wheel_error(&self, error: crate::wheel::Error) -> Error {
        Error::Wheel {
            wheel: self.plan.input.clone(),
            error: Box::new(error),
        }
    }

    /// Writing failed: of the machine's doing, or it would be no wheel; under the output's name.
    fn failed(&self, error: crate::wheel::Error) -> Error {
        match std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<io::Error>())
        {
            Some(source) => {
                let again = source.raw_os_error().map_or_else(
                    || io::Error::new(source.kind(), source.to_string()),
                    io::Error::from_raw_os_error,
                );
                Error::io("write", self.path, again)
            }
            None => Error::Output {
                wheel: self.plan.output.to_string().into(),
                error: Box::new(error),
            },
        }
    }
}

impl Item<'_> {
    /// How many bytes of content it takes in memory.
    fn cost(&self) -> u64 {
        match self {
            Self::Raw(_) => 0,
            Self::Edit(_, entry, _) => entry.size,
            Self::Graft(_, source, _) => source.size,
            Self::Shim(_, arch, _) => shim(*arch).unwrap_or_default().len() as u64,
            Self::Text(_, text, ..) => text.len() as u64,
        }
    }
}

/// How many of the items, at least one, are worked on together.
fn window_length(items: &[Item<'_>]) -> usize {
    let mut bytes: u64 = 0;
    let fits = items.iter().take_while(|item| {
        bytes = bytes.saturating_add(item.cost());
        bytes <= WINDOW
    });
    fits.count().max(1)
}
