//! What tests share.

pub(crate) mod hostile;
pub(crate) mod sparse;
pub(crate) mod wheel_builder;
