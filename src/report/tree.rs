//! What loading a file pulls in, as a tree for people, and as JSON, DOT and Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::words::bytes;
use crate::resolve::{Edge, Graph, Module, ModuleId, RootWalk, Target, Why, distinct_edges};
use crate::wheel::escape;

/// The tree of one walk. `verbose` adds every path that was tried.
pub fn tree_text(graph: &Graph, walk: &RootWalk, verbose: bool) -> String {
    let Some(root) = graph.module(walk.root) else {
        return String::new();
    };
    let mut text = format!("{}  ({})\n", root.path, bytes(root.file.size));
    let mut needs: BTreeMap<ModuleId, Vec<&Edge>> = BTreeMap::new();
    for edge in walk.edges() {
        needs.entry(edge.from).or_default().push(edge);
    }
    let mut tree = Tree {
        graph,
        verbose,
        needs,
        shown: BTreeSet::new(),
        text: &mut text,
    };
    tree.all(walk.root);
    text
}

/// Deeper than this every level is shown alike: lines would be longer than what they say.
const DEEPEST: usize = 40;

/// How far a file's needs are told.
struct Level<'a> {
    edges: std::iter::Peekable<std::vec::IntoIter<&'a Edge>>,
    indent: String,
}

struct Tree<'a> {
    graph: &'a Graph,
    verbose: bool,
    needs: BTreeMap<ModuleId, Vec<&'a Edge>>,
    /// What has its needs shown already: they are not repeated.
    shown: BTreeSet<ModuleId>,
    text: &'a mut String,
}

impl<'a> Tree<'a> {
    fn all(&mut self, root: ModuleId) {
        let mut levels = vec![self.level(root, String::new())];
        while let Some(level) = levels.last_mut() {
            let Some(edge) = level.edges.next() else {
                levels.pop();
                continue;
            };
            let (branch, below) = match level.edges.peek() {
                None => ("└── ", "    "),
                Some(_) => ("├── ", "│   "),
            };
            let indent = level.indent.clone();
            let _ = writeln!(self.text, "{indent}{branch}{}", self.line(edge));
            let below = match levels.len() < DEEPEST {
                true => format!("{indent}{below}"),
                false => indent,
            };
            if self.verbose || edge.target == Target::Missing {
                self.tried(edge, &below);
            }
            if let Target::Module(id) = edge.target
                && !self.shown.contains(&id)
            {
                levels.push(self.level(id, below));
            }
        }
    }

    fn level(&mut self, of: ModuleId, indent: String) -> Level<'a> {
        self.shown.insert(of);
        let edges = self.needs.get(&of).cloned().unwrap_or_default();
        Level {
            edges: edges.into_iter().peekable(),
            indent,
        }
    }

    fn tried(&mut self, edge: &Edge, indent: &str) {
        for probe in edge.probes.iter() {
            let _ = writeln!(
                self.text,
                "{indent}  tried {} ({}): {}",
                probe.path,
                probe.why,
                escape(&probe.outcome.to_string())
            );
        }
        if edge.untold > 0 {
            let _ = writeln!(self.text, "{indent}  tried {} more", edge.untold);
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
        self.needs.contains_key(&id)
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
    let mut starts: BTreeSet<String> = BTreeSet::new();
    for (_, edge) in distinct_edges(graph.walks.iter()) {
        let to = node_name(graph, edge);
        let name = edge.wants.as_str();
        let rest = name.strip_prefix(library);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            starts.insert(to.clone());
        }
        if let Some(from) = graph.module(edge.from) {
            users.entry(to).or_default().insert(from.path.to_string());
        }
    }
    let mut text = String::new();
    for start in starts {
        let _ = writeln!(text, "{start}");
        climb(&users, &start, &mut text);
    }
    text
}

/// The users of one file, theirs below each.
fn climb(users: &BTreeMap<String, BTreeSet<String>>, start: &str, text: &mut String) {
    let above = |of: &str| users.get(of).into_iter().flatten().peekable();
    let mut shown = BTreeSet::from([start.to_owned()]);
    let mut levels = vec![(above(start), String::new())];
    while let Some((level, indent)) = levels.last_mut() {
        let Some(user) = level.next() else {
            levels.pop();
            continue;
        };
        let (branch, below) = match level.peek() {
            None => ("└── ", "    "),
            Some(_) => ("├── ", "│   "),
        };
        let indent = indent.clone();
        let first = shown.insert(user.clone());
        let mark = if first || !users.contains_key(user) {
            ""
        } else {
            "  (shown above)"
        };
        let _ = writeln!(text, "{indent}{branch}needed by {user}{mark}");
        if first {
            let below = match levels.len() < DEEPEST {
                true => format!("{indent}{below}"),
                false => indent,
            };
            levels.push((above(user), below));
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

/// So many edges are told as JSON: no person reads more, and a page of each makes gigabytes.
const MOST_EDGES: usize = 30_000;

/// All walks as JSON, in pieces: the whole may be larger than what it tells of.
pub fn tree_json(graph: &Graph) -> impl Iterator<Item = String> {
    let head = "{\n  \"schema\": {\n    \"name\": \"wheelfix.lddtree\",\n    \"version\": 1\n  },\n  \"trees\": [";
    let walks = graph.walks.iter().enumerate();
    let mut told = 0_usize;
    let walks = walks.map(move |(place, walk)| {
        let value = walk_json(graph, walk, MOST_EDGES.saturating_sub(told));
        told = told.saturating_add(walk.edges().count());
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        let comma = if place > 0 { "," } else { "" };
        format!("{comma}\n    {}", text.replace('\n', "\n    "))
    });
    let end = match graph.walks.is_empty() {
        true => "]\n}",
        false => "\n  ]\n}",
    };
    let ends = std::iter::once(end.to_owned());
    std::iter::once(head.to_owned()).chain(walks).chain(ends)
}

/// One walk, with so many of its edges.
fn walk_json(graph: &Graph, walk: &RootWalk, most: usize) -> Value {
    let path = |id: ModuleId| graph.module(id).map(|module| module.path.to_string());
    let modules: Vec<Value> = walk
        .closure
        .iter()
        .filter_map(|id| graph.module(*id))
        .map(module_json)
        .collect();
    let edges: Vec<Value> = walk
        .edges()
        .take(most)
        .map(|edge| {
            let (kind, target) = match edge.target {
                Target::Module(id) => ("file", path(id)),
                Target::Libc => ("libc", None),
                Target::Missing => ("missing", None),
            };
            let mut value = json!({
                "from": path(edge.from),
                "needs": edge.wants.as_str(),
                "is": kind,
                "path": target,
                "tried": &*edge.probes,
            });
            say_untold(&mut value, "untold", edge.untold);
            value
        })
        .collect();
    let untold = walk.edges().count().saturating_sub(edges.len());
    let mut value = json!({"root": path(walk.root), "modules": modules, "edges": edges});
    say_untold(&mut value, "untold_edges", untold as u64);
    value
}

/// How much is left out, where anything is.
fn say_untold(value: &mut Value, name: &str, count: u64) {
    if let Some(object) = value.as_object_mut().filter(|_| count > 0) {
        object.insert(name.to_owned(), count.into());
    }
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
    distinct_edges(graph.walks.iter())
        .filter_map(|(_, edge)| {
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
