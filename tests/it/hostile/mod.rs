//! Wheels that somebody made to do harm, or by mistake: each is refused by its own rule.

mod archive;
mod contents;
mod elf;
mod entries;
mod fields;
mod graphs;
mod large;
mod limits;
mod machine;
mod names;
mod opening;
mod promises;
mod replaced;
mod rounds;
mod surroundings;
mod symbols;
mod wheel;
