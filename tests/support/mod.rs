//! What tests share.

pub(crate) mod hostile;
pub(crate) mod wheel_builder;
