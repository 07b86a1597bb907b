//! What commands print as JSON is what `docs/schemas/` says.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

/// Every JSON document in what a command printed, one after the other, that names a schema of
/// ours must be valid by it.
pub fn check(stdout: &str) -> Result<(), String> {
    if !stdout.starts_with('{') {
        return Ok(());
    }
    for document in serde_json::Deserializer::from_str(stdout).into_iter::<Value>() {
        let document = document.map_err(|error| format!("the JSON is broken: {error}"))?;
        let Some(name) = document.pointer("/schema/name").and_then(Value::as_str) else {
            continue;
        };
        let short = name
            .strip_prefix("wheelfix.")
            .ok_or(format!("{name} is not ours"))?;
        valid(&folder().join(format!("{short}.json")), &document)?;
    }
    Ok(())
}

fn valid(schema: &Path, document: &Value) -> Result<(), String> {
    if !schema.exists() {
        return Err(format!("{schema:?} should say what this JSON is: write it"));
    }
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let place = schema.to_str().unwrap();
    let index = compiler
        .compile(place, &mut schemas)
        .map_err(|error| format!("{place}: {error:#}"))?;
    schemas
        .validate(document, index)
        .map_err(|error| format!("the JSON is not what {place} says: {error:#}"))
}

/// A schema that no case prints is checked by nothing; one that takes anything checks nothing.
pub fn every_one_has_a_case() -> Result<(), String> {
    let mut outputs = String::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    for command in fs::read_dir(cases).unwrap() {
        for case in fs::read_dir(command.unwrap().path()).unwrap() {
            let path = case.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "out") {
                outputs.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    for schema in fs::read_dir(folder()).unwrap() {
        let path = schema.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if !outputs.contains(&format!("\"name\": \"wheelfix.{name}\"")) {
            return Err(format!("no case prints wheelfix.{name}"));
        }
        let other =
            serde_json::json!({"schema": {"name": format!("wheelfix.{name}"), "version": 2}});
        if valid(&path, &other).is_ok() {
            return Err(format!(
                "{name}.json takes another version, without any data"
            ));
        }
    }
    Ok(())
}
