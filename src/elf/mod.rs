//! ELF facts and edits.
