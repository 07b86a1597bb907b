//! Plans what a change does to a file: which tables grow by what, and where they go.

use crate::address::VirtualAddress;
use crate::buffer::Buffer;
use crate::edits::{Edits, RunPathEdit};
use crate::error::Error;
use crate::read::dynamic::{DT_REL, DT_RELA, DT_RELR, Dynamic};
use crate::read::facts;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::segment::PT_INTERP;
use crate::read::tables::{Freedom, Table};
use crate::read::versions::{self, NeedRecord};
use crate::rewrite::change::{Change, Expansion};
use crate::rewrite::layout::{self, Layout, Level};
use crate::rewrite::string_table::{self, Placed};

/// How many entries a dynamic section that has to move gets beyond its need, so that the next
/// edit does not move it again.
const SPARE_ENTRIES: u64 = 2;

/// Applies all edits but strip. `None` if they change nothing.
pub(crate) fn rewrite(
    object: &Object<'_>,
    edits: &Edits,
) -> Result<Option<(Buffer, Level)>, Error> {
    if !object.is_linked() && asks_for_names(edits) {
        return Err(Error::uneditable("it has no dynamic section"));
    }
    // Of such a file reading tells nothing but the headers, where the rest makes no sense to a loader: what
    // is changed in it, or is there already, nobody could see.
    if asks_for_names(edits) && !Machine::of(&object.image.header).runs_linux() {
        facts::of(object)?;
    }
    let needs = versions::needs(&object.image, &object.dynamic)?;
    let change = Change::new(object, &needs, edits)?;
    if change.is_nothing(&object.dynamic) {
        return Ok(None);
    }
    check_dynamic_offset(object)?;
    object.image.check_symbol_tables()?;
    let plan = Plan::new(object, &needs, &change)?;
    let level = plan.layout.level;
    Ok(Some((plan.apply()?, level)))
}

/// Loaders go by the address of `PT_DYNAMIC`, other readers by its offset. Where the two lead to different
/// bytes, what a later strip may take is another's list.
fn check_dynamic_offset(object: &Object<'_>) -> Result<(), Error> {
    match object.image.dynamic()? {
        Some(segment) if object.is_linked() && segment.offset != object.dynamic.at => {
            Err(Error::uneditable(
                "the offset of PT_DYNAMIC is not that of its address, so readers disagree on what it says",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether an edit makes no sense for a file that no loader links. Taking away what is not there
/// does: one edit serves many files.
fn asks_for_names(edits: &Edits) -> bool {
    edits.soname.is_some()
        || matches!(edits.run_path, Some(RunPathEdit::Set(_)))
        || !edits.more.add_needed.is_empty()
        || edits.more.no_default_libraries
        || edits.more.debug_entry
}

/// Moves tables as `lay_out` decides, and changes nothing else. `None` if it decides nothing.
pub(crate) fn relocate(
    object: &Object<'_>,
    lay_out: impl FnOnce(&[Table]) -> Option<Layout>,
) -> Result<Option<Buffer>, Error> {
    if !object.is_linked() {
        return Ok(None);
    }
    let tables = object.tables()?;
    let Some(layout) = lay_out(tables) else {
        return Ok(None);
    };
    let needs = versions::needs(&object.image, &object.dynamic)?;
    let change = Change::new(object, &needs, &Edits::default())?;
    let plan = Plan {
        object,
        image: &object.image,
        dynamic: &object.dynamic,
        needs: &needs,
        change: &change,
        tables: tables.to_vec(),
        names: Placed::default(),
        layout,
    };
    plan.apply().map(Some)
}

pub(crate) struct Plan<'a> {
    pub(crate) object: &'a Object<'a>,
    pub(crate) image: &'a Image<'a>,
    pub(crate) dynamic: &'a Dynamic<'a>,
    pub(crate) needs: &'a [NeedRecord],
    pub(crate) change: &'a Change,
    pub(crate) tables: Vec<Table>,
    pub(crate) names: Placed,
    pub(crate) layout: Layout,
}

impl<'a> Plan<'a> {
    fn new(
        object: &'a Object<'a>,
        needs: &'a [NeedRecord],
        change: &'a Change,
    ) -> Result<Self, Error> {
        let Object { image, dynamic, .. } = object;
        let mut tables = object.tables()?.to_vec();
        let mut names = Placed::default();
        if object.is_linked() {
            let strings = at_start(&mut tables, dynamic.strings.address)
                .filter(|table| table.size >= dynamic.strings.bytes.len() as u64)
                .ok_or_else(|| {
                    Error::uneditable("the dynamic string table shares bytes with something else")
                })?;
            let old = image.file_bytes(strings.file_span()).unwrap_or_default();
            names = string_table::place(old, &change.names(), change.erased.clone())?;
            strings.inserted.clone_from(&names.appended);
            grow_dynamic(&mut tables, image, dynamic, change)?;
        }
        if let Some(expansion) = &change.expand {
            expand(&mut tables, dynamic, expansion)?;
        }
        if let Some(name) = &change.interpreter {
            replace_interpreter(&mut tables, image, name)?;
        }
        let layout = layout::lay_out(image, &tables, change.header.added())?;
        Ok(Self {
            object,
            image,
            dynamic,
            needs,
            change,
            tables,
            names,
            layout,
        })
    }
}

/// The table that begins at an address.
fn at_start(tables: &mut [Table], address: VirtualAddress) -> Option<&mut Table> {
    tables.iter_mut().find(|table| table.address == address)
}

fn grow_dynamic(
    tables: &mut [Table],
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    change: &Change,
) -> Result<(), Error> {
    let entry_size = Dynamic::entry_size(image.codec());
    let needed = (change.entries.len() as u64).saturating_add(1);
    let capacity = dynamic.size / entry_size;
    // A list without an end of its own may stay so, but not grow into what follows.
    let is_endless = dynamic.entries.len() as u64 == capacity;
    if needed <= capacity || is_endless && needed == capacity.saturating_add(1) {
        return Ok(());
    }
    let table = at_start(tables, dynamic.address)
        .filter(|table| table.size == dynamic.size)
        .ok_or_else(|| Error::uneditable("the dynamic section shares bytes with something else"))?;
    let missing = needed
        .saturating_sub(capacity)
        .saturating_add(SPARE_ENTRIES)
        .saturating_mul(entry_size);
    table.inserted = vec![0; usize::try_from(missing).unwrap_or(0)];
    Ok(())
}

fn replace_interpreter(tables: &mut [Table], image: &Image<'_>, name: &str) -> Result<(), Error> {
    let mut segments = image.segments.iter();
    let table = segments
        .find(|segment| segment.kind == PT_INTERP && !image.is_hollow(segment))
        .and_then(|segment| {
            at_start(tables, segment.address).filter(|table| table.size == segment.file_size)
        })
        .ok_or_else(|| {
            Error::uneditable("the interpreter's name shares bytes with something else")
        })?;
    table.replaced = Some(name.bytes().chain([0]).collect());
    // Kernels read it wherever it is.
    if table.freedom == Freedom::Near {
        table.freedom = Freedom::Free;
    }
    Ok(())
}

fn expand(tables: &mut [Table], dynamic: &Dynamic<'_>, expansion: &Expansion) -> Result<(), Error> {
    let shared = || Error::uneditable("the relocations share bytes with something else");
    let packed = dynamic
        .address(DT_RELR)
        .and_then(|address| at_start(tables, address))
        .ok_or_else(shared)?;
    if !expansion.joins {
        packed.replaced = Some(expansion.records.clone());
        return Ok(());
    }
    packed.replaced = Some(Vec::new());
    let tag = if expansion.with_addend {
        DT_RELA
    } else {
        DT_REL
    };
    let address = dynamic.address(tag).ok_or_else(shared)?;
    let table = tables
        .iter_mut()
        .find(|table| table.contains(address))
        .ok_or_else(shared)?;
    table.insert_at = address.0.saturating_sub(table.address.0);
    table.inserted.clone_from(&expansion.records);
    Ok(())
}
