//! What edits change in the ELF header and in program headers that say nothing of tables.

use crate::edits::MoreEdits;
use crate::read::image::Image;
use crate::read::segment::{PF_R, PF_W, PF_X, PT_GNU_STACK, PT_NULL, Segment};
use crate::rewrite::draft::Draft;

/// What becomes of the program header that speaks of the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StackChange {
    /// It stays, or there is none and none is asked for.
    #[default]
    None,
    /// Its flags change, or an unused program header becomes one.
    Set(bool),
    /// There is none yet and no unused program header: one is added.
    Add(bool),
}

/// The changes to the headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeaderChange {
    pub(crate) os_abi: Option<u8>,
    pub(crate) stack: StackChange,
}

impl HeaderChange {
    pub(crate) fn new(image: &Image<'_>, edits: &MoreEdits) -> Self {
        let os_abi = edits.os_abi.filter(|&abi| abi != image.header.os_abi);
        let has = |kind| image.segments.iter().find(|segment| segment.kind == kind);
        let stack = match (edits.exec_stack, has(PT_GNU_STACK)) {
            (None, _) => StackChange::None,
            (Some(wanted), Some(stack)) if (stack.flags & PF_X != 0) == wanted => StackChange::None,
            (Some(wanted), Some(_)) => StackChange::Set(wanted),
            (Some(wanted), None) if has(PT_NULL).is_some() => StackChange::Set(wanted),
            (Some(wanted), None) => StackChange::Add(wanted),
        };
        Self { os_abi, stack }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// How many program headers have to be added.
    pub(crate) fn added(&self) -> Option<Segment> {
        match self.stack {
            StackChange::Add(executable) => Some(stack_header(executable)),
            _ => None,
        }
    }

    /// Changes what needs no room.
    pub(crate) fn apply(&self, draft: &mut Draft) {
        if let Some(abi) = self.os_abi {
            draft.header.os_abi = abi;
        }
        let StackChange::Set(executable) = self.stack else {
            return;
        };
        let kind_of = |kind| move |segment: &&mut Segment| segment.kind == kind;
        if let Some(stack) = draft.segments.iter_mut().find(kind_of(PT_GNU_STACK)) {
            stack.flags = if executable {
                stack.flags | PF_X
            } else {
                stack.flags & !PF_X
            };
        } else if let Some(unused) = draft.segments.iter_mut().find(kind_of(PT_NULL)) {
            *unused = stack_header(executable);
        }
    }
}

/// A new program header for the stack, as linkers write it.
fn stack_header(executable: bool) -> Segment {
    Segment {
        kind: PT_GNU_STACK,
        flags: PF_R | PF_W | if executable { PF_X } else { 0 },
        offset: Default::default(),
        address: Default::default(),
        physical: 0,
        file_size: 0,
        memory_size: 0,
        align: 16,
    }
}
