//! A wheelhouse from requirements, in a real Alpine and by a lock.

mod helper;
mod kill;
mod kill_stage;
mod network;
mod stage;
mod uv;
