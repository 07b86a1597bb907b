//! Packed bytes as they are, bit by bit: the blocks of a deflate stream (RFC 1951), and a new stream that keeps
//! those of an old one in which nothing changed.

mod bits;
mod blocks;
mod changed;
mod huffman;
mod repack;

pub use changed::{Changed, Part};
pub(in crate::wheel) use repack::repack;
