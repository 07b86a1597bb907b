//! Installed trees that are made smaller, and undone.

mod dedupe;
mod slim;
mod uninstall;
mod verify;
