//! `wheelfix lddtree`: what loading a file pulls in, and why each file was taken.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::WorldArgs;
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::ops;
use crate::report;
use crate::resolve::Graph;

const EXAMPLES: &str = "\
Examples:
  wheelfix lddtree numpy-2.5.5-cp313-cp313-musllinux_1_2_x86_64.whl
      The tree of every ELF file of a wheel, as musl would load it.
  wheelfix lddtree -v --sysroot /mnt/alpine /mnt/alpine/usr/lib/libcurl.so.4
      One library of a root, with every path that was tried.

Exit codes:
  0 done   1 something was not found   2 usage   3 malformed input   4 input or output failed";

/// Show the tree of libraries as the loader would build it, and why each file was taken
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Wheels, libraries, programs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write it; `--json` is the same as `--format json`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show who needs this library instead
    #[arg(long, value_name = "LIBRARY")]
    invert: Option<String>,
    #[command(flatten)]
    world: WorldArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Dot,
    Mermaid,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match show(arguments, terminal) {
        Ok(exit) => exit,
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn show(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Error> {
    let world = arguments.world.open(terminal)?;
    let format = match terminal.json() {
        true => Format::Json,
        false => arguments.format,
    };
    let mut exit = Exit::Done;
    for file in &arguments.files {
        let tree = ops::lddtree::lddtree(file, &world, terminal)?;
        for fault in &tree.left_out {
            terminal.note(tree.name.as_str(), true, &format!("left out: {fault}"));
        }
        tell(&tree.graph, format, arguments.invert.as_deref(), terminal);
        if tree.graph.is_incomplete() {
            exit = Exit::No;
        }
    }
    Ok(exit)
}

fn tell(graph: &Graph, format: Format, invert: Option<&str>, terminal: &Terminal) {
    match (format, invert) {
        (Format::Json, _) => {
            for piece in report::tree_json(graph) {
                terminal.json_piece(&piece);
            }
            terminal.json_piece("\n");
        }
        (Format::Dot, _) => terminal.data(&report::tree_dot(graph)),
        (Format::Mermaid, _) => terminal.data(&report::tree_mermaid(graph)),
        (Format::Text, Some(library)) => terminal.data(&report::inverted_text(graph, library)),
        (Format::Text, None) => {
            for walk in &graph.walks {
                terminal.data(&report::tree_text(graph, walk, terminal.verbose()));
            }
        }
    }
}
