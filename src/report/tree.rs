//! What loading a file pulls in, as a tree for people, and as JSON, DOT and Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::words::bytes;
use crate::resolve::{Edge, Graph, Module, ModuleId, RootWalk, Target, Why};
use crate::wheel::escape;

/// The tree of one walk. `verbose` adds every path that was tried.
pub fn tree_text(graph: &Graph, walk: &RootWalk, verbose: bool) -> String {
    let Some(root) = graph.module(walk.root) else {
        return String::new();
    };
    let mut text = format!("{}  ({})\n", root.path, bytes(root.file.size));
    let mut tree = Tree {
        graph,
        walk,
        verbose,
        shown: BTreeSet::new(),
        text: &mut text,
    };
    tree.children(walk.root, "");
    text
}

struct Tree<'a> {
    graph: &'a Graph,
    walk: &'a RootWalk,
    verbose: bool,
    /// What has its needs shown already: they are not repeated.
    shown: BTreeSet<ModuleId>,
    text: &'a mut String,
}

impl Tree<'_> {
    fn children(&mut self, of: ModuleId, indent: &str) {
        self.shown.insert(of);
        let edges: Vec<&Edge> = self
            .walk
            .edges
            .iter()
            .filter(|edge| edge.from == of)
            .collect();
        let last = edges.len().saturating_sub(1);
        for (position, edge) in edges.into_iter().enumerate() {
            let (branch, below) = match position == last {
                true => ("└── ", "    "),
                false => ("├── ", "│   "),
            };
            let _ = writeln!(self.text, "{indent}{branch}{}", self.line(edge));
            let below = format!("{indent}{below}");
            if self.verbose || edge.target == Target::Missing {
                for probe in &edge.probes {
                    let _ = writeln!(
                        self.text,
                        "{below}  tried {} ({}): {}",
                        probe.path,
                        probe.why,
                        escape(&probe.outcome.to_string())
                    );
                }
            }
            if let Target::Module(id) = edge.target
                && !self.shown.contains(&id)
            {
                self.children(id, &below);
            }
        }
    }

    fn line(&self, edge: &Edge) -> String {
        let name = escape(edge.wants.as_str());
        match edge.target {
            Target::Libc => format!("{name} => the C library"),
            Target::Missing => format!("{name} => not found"),
            Target::Module(id) => {
                let Some(module) = self.graph.module(id) else {
                    return name;
                };
                let size = bytes(module.file.size);
                let again = self.shown.contains(&id) && self.has_needs(id);
                let mark = if again { ", needs shown above" } else { "" };
                format!(
                    "{name} => {}  ({}, {size}{mark})",
                    module.path,
                    reason(edge)
                )
            }
        }
    }

    fn has_needs(&self, id: ModuleId) -> bool {
        self.walk.edges.iter().any(|edge| edge.from == id)
    }
}

/// Why this file was taken.
fn reason(edge: &Edge) -> String {
    let found = edge.probes.last();
    found.map_or_else(String::new, |probe| match &probe.why {
        Why::AlreadyLoaded => "already loaded".to_owned(),
        why => why.to_string(),
    })
}

/// Who needs `library`, and who needs those, for each name that begins so.
pub fn inverted_text(graph: &Graph, library: &str) -> String {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in graph.walks.iter().flat_map(|walk| &walk.edges) {
        if let Some(from) = graph.module(edge.from) {
            let to = node_name(graph, edge);
            users.entry(to).or_default().insert(from.path.to_string());
        }
    }
    let wanted = |edge: &&Edge| {
        let name = edge.wants.as_str();
        name == library || name.starts_with(&format!("{library}."))
    };
    let starts: BTreeSet<String> = graph
        .walks
        .iter()
        .flat_map(|walk| &walk.edges)
        .filter(wanted)
        .map(|edge| node_name(graph, edge))
        .collect();
    let mut text = String::new();
    for start in starts {
        let _ = writeln!(text, "{start}");
        let mut shown = BTreeSet::from([start.clone()]);
        climb(&users, &start, "", &mut shown, &mut text);
    }
    text
}

fn climb(
    users: &BTreeMap<String, BTreeSet<String>>,
    of: &str,
    indent: &str,
    shown: &mut BTreeSet<String>,
    text: &mut String,
) {
    let above: Vec<&String> = users.get(of).into_iter().flatten().collect();
    let last = above.len().saturating_sub(1);
    for (position, user) in above.into_iter().enumerate() {
        let (branch, below) = match position == last {
            true => ("└── ", "    "),
            false => ("├── ", "│   "),
        };
        let first = shown.insert(user.clone());
        let mark = if first || !users.contains_key(user) {
            ""
        } else {
            "  (shown above)"
        };
        let _ = writeln!(text, "{indent}{branch}needed by {user}{mark}");
        if first {
            climb(users, user, &format!("{indent}{below}"), shown, text);
        }
    }
}

fn node_name(graph: &Graph, edge: &Edge) -> String {
    match edge.target {
        Target::Module(id) => graph
            .module(id)
            .map_or_else(String::new, |module| module.path.to_string()),
        Target::Libc => format!("{} (the C library)", escape(edge.wants.as_str())),
        Target::Missing => format!("{} (not found)", escape(edge.wants.as_str())),
    }
}

/// All walks as JSON.
pub fn tree_json(graph: &Graph) -> String {
    let walks: Vec<Value> = graph
        .walks
        .iter()
        .map(|walk| walk_json(graph, walk))
        .collect();
    let value = json!({
        "schema": {"name": "wheelfix.lddtree", "version": 1},
        "trees": walks,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn walk_json(graph: &Graph, walk: &RootWalk) -> Value {
    let path = |id: ModuleId| graph.module(id).map(|module| module.path.to_string());
    let modules: Vec<Value> = walk
        .closure
        .iter()
        .filter_map(|id| graph.module(*id))
        .map(module_json)
        .collect();
    let edges: Vec<Value> = walk
        .edges
        .iter()
        .map(|edge| {
            let (kind, target) = match edge.target {
                Target::Module(id) => ("file", path(id)),
                Target::Libc => ("libc", None),
                Target::Missing => ("missing", None),
            };
            json!({
                "from": path(edge.from),
                "needs": edge.wants.as_str(),
                "is": kind,
                "path": target,
                "tried": edge.probes,
            })
        })
        .collect();
    json!({"root": path(walk.root), "modules": modules, "edges": edges})
}

fn module_json(module: &Module) -> Value {
    json!({
        "path": module.path.to_string(),
        "place": module.path.place(),
        "real_path": module.file.real_path.to_string(),
        "size": module.file.size,
        "soname": module.file.facts.soname,
    })
}

/// All walks as one graph in Graphviz's language.
pub fn tree_dot(graph: &Graph) -> String {
    let mut text = String::from("digraph lddtree {\n  rankdir=LR;\n  node [shape=box];\n");
    for (from, to, wants) in arrows(graph) {
        let _ = writeln!(
            text,
            "  {} -> {} [label={}];",
            quoted(&from),
            quoted(&to),
            quoted(&wants)
        );
    }
    text.push_str("}\n");
    text
}

/// All walks as one graph in Mermaid's language.
pub fn tree_mermaid(graph: &Graph) -> String {
    let mut text = String::from("graph LR\n");
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for (from, to, _) in arrows(graph) {
        let ends = [from, to].map(|name| {
            let next = numbers.len();
            let new = !numbers.contains_key(&name);
            let number = *numbers.entry(name.clone()).or_insert(next);
            if new {
                let _ = writeln!(text, "  n{number}[\"{}\"]", entities(&name));
            }
            number
        });
        let [from, to] = ends;
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

/// Each different arrow once, sorted.
fn arrows(graph: &Graph) -> BTreeSet<(String, String, String)> {
    let edges = graph.walks.iter().flat_map(|walk| &walk.edges);
    edges
        .filter_map(|edge| {
            let from = graph.module(edge.from)?.path.to_string();
            Some((from, node_name(graph, edge), escape(edge.wants.as_str())))
        })
        .collect()
}

/// A DOT string: names are escaped already, quotes and backslashes are left.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Mermaid's own escapes for what could end a label or begin a tag.
fn entities(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '<' | '>' | '&' | '#' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            other => out.push(other),
        }
        out
    })
}
