//! The archive that a wheel is: read strictly, written in one form.

pub(in crate::wheel) mod archive;
pub(in crate::wheel) mod central;
pub(in crate::wheel) mod deflate;
pub(in crate::wheel) mod dos_time;
pub(in crate::wheel) mod end;
pub(in crate::wheel) mod entry;
pub(in crate::wheel) mod extra;
pub(in crate::wheel) mod fields;
pub(in crate::wheel) mod inflate;
pub(in crate::wheel) mod local;
pub(in crate::wheel) mod write_header;
pub(in crate::wheel) mod writer;
