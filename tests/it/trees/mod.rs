//! Installed trees that are made smaller, and undone.

mod changed;
mod copied;
mod dedupe;
mod hostile;
mod installers;
mod odd_files;
mod old_store;
mod outside;
mod slim;
mod swapped;
mod uninstall;
mod verify;
