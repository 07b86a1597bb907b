//! Wheels that somebody made to do harm, or by mistake: each is refused by its own rule.

mod archive;
mod contents;
mod entries;
mod graphs;
mod limits;
mod names;
mod replaced;
mod wheel;
