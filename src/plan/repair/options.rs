//! What the user chose for a repair.

use globset::GlobSet;

use crate::elf::{Relr, Strip};
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::target::Requested;
use crate::resolve::{ElfFile, Libc};

/// What the user chose.
#[derive(Clone, Debug)]
pub struct RepairOptions {
    /// `--plat`.
    pub plat: Requested,
    /// `-L`: what follows the distribution's name in the libraries' folder.
    pub lib_suffix: String,
    /// Not `--no-update-tags`.
    pub update_tags: bool,
    /// `--only-plat`.
    pub only_plat: bool,
    /// `--build-number`; `None`: as in the input's name.
    pub build_number: Option<String>,
    /// `--strip`.
    pub strip: Strip,
    /// `--debug-dir`: stripped files name a debug file.
    pub debug_links: bool,
    /// `--relr`.
    pub relr: RelrChoice,
    /// `--exclude`.
    pub exclude: Exclusions,
    /// `--no-mangle`: grafts that keep their names.
    pub no_mangle: GlobSet,
    /// `--keep-run-path`: run path entries that stay, wherever they lead.
    pub keep_run_path: GlobSet,
    /// `--max-graft-size`: how many bytes all sources of grafts may have together.
    pub most_grafted: Option<u64>,
    /// `--clear-execstack`: grafts ask for no executable stack.
    pub clear_exec_stack: bool,
    /// `--disable-isa-ext-check`.
    pub disable_isa_check: bool,
}

impl Default for RepairOptions {
    /// What is done where no flag says otherwise.
    fn default() -> Self {
        Self {
            plat: Requested::Auto,
            lib_suffix: ".libs".to_owned(),
            update_tags: true,
            only_plat: false,
            build_number: None,
            strip: Strip::None,
            debug_links: false,
            relr: RelrChoice::Auto,
            exclude: Exclusions::default(),
            no_mangle: GlobSet::empty(),
            keep_run_path: GlobSet::empty(),
            most_grafted: None,
            clear_exec_stack: false,
            disable_isa_check: false,
        }
    }
}

/// What happens to packed relative relocations (DT_RELR) in the wheel's files and in what
/// comes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelrChoice {
    /// They stay.
    Keep,
    /// They are unpacked.
    Expand,
    /// They are unpacked where the oldest C library that the tag promises cannot load them.
    #[default]
    Auto,
}

impl RelrChoice {
    /// What it means for a wheel. Every musllinux tag there is speaks of musl 1.2.0 and 1.1,
    /// which cannot load them. A glibc refuses such a file by a symbol version, which its
    /// tag counts already, so the tag is true as it is.
    pub(in crate::plan) fn for_libc(self, libc: Libc) -> Relr {
        match (self, libc) {
            (Self::Keep, _) | (Self::Auto, Libc::Glibc) => Relr::Keep,
            (Self::Expand, _) | (Self::Auto, Libc::Musl) => Relr::Expand,
        }
    }
}

/// What stripping means for one file: nothing where there is nothing to leave out, so that a
/// library has the same name and bytes with the option and without.
pub(in crate::plan) fn strip_of(file: &ElfFile, asked: Strip) -> Strip {
    match file.strippable {
        0 => Strip::None,
        _ => asked,
    }
}

/// What unpacking relocations means for one file, likewise.
pub(in crate::plan) fn relr_of(file: &ElfFile, asked: Relr) -> Relr {
    match file.facts.relr {
        None => Relr::Keep,
        Some(_) => asked,
    }
}

/// What `--clear-execstack` means for one file, likewise: `Some(false)` where it asks for such a stack.
pub(in crate::plan) fn exec_stack_of(file: &ElfFile, clear: bool) -> Option<bool> {
    (clear && file.facts.exec_stack == Some(true)).then_some(false)
}
