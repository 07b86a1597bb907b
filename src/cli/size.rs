//! `wheelfix size`: where the bytes of an installed tree or of a wheel are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host;
use crate::ops;
use crate::report;

const EXAMPLES: &str = "\
Examples:
  wheelfix size /usr/lib/python3.13/site-packages
      Packages by size and kind of file, and what each step would save.
  wheelfix size --html size.html .venv/lib/python3.13/site-packages
      The same as a page: a map to look into, before and after.

Exit codes:
  0 done   1 refused   2 usage   3 malformed wheel   4 input or output failed";

/// Tell where the bytes of installed trees and wheels are, and what could be saved
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders that packages are installed in, and wheels
    #[arg(required = true, value_name = "TREE|WHEEL")]
    paths: Vec<PathBuf>,
    /// Write a page with a map of the first tree or wheel
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match size(arguments, terminal) {
        Ok(()) => Exit::Done,
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn size(arguments: &Arguments, terminal: &Terminal) -> Result<(), Error> {
    let limits = terminal.limits()?;
    if let Some(html) = &arguments.html {
        host::check_page(html)?;
    }
    let mut all = BTreeMap::new();
    for (place, path) in arguments.paths.iter().enumerate() {
        let size = ops::size::size(path, &limits, terminal)?;
        let name = path.to_string_lossy().into_owned();
        if let (Some(html), 0) = (&arguments.html, place) {
            let page = report::size_html(&name, &size);
            host::write_page(html, &page)?;
        }
        if !terminal.json() {
            terminal.data(&report::size_text(&size, terminal.verbose()));
        }
        all.insert(name, size);
    }
    if terminal.json() {
        terminal.json_data(&report::size_json(&all));
    }
    Ok(())
}
