//! Every bill of materials that a case writes is valid by CycloneDX's own schema, and speaks of the
//! files that the wheel has.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use boon::{Compiler, Schemas};
use serde_json::Value;
use zip::ZipArchive;

use super::command::script;

/// The schemas' names in the package that ships them, and what they are called in each other.
const SCHEMAS: [(&str, &str); 3] = [
    ("bom-1.6", "bom-1.6.schema.json"),
    ("spdx", "spdx.SNAPSHOT.schema.json"),
    ("jsf-0.82", "jsf-0.82.SNAPSHOT.schema.json"),
];

static OFFICIAL: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/tools/cyclonedx.txt");
    let folder = PathBuf::from(script("fetch", &["--glibc", list]).trim_end());
    let wheel = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let mut wheel = ZipArchive::new(fs::File::open(wheel.path()).unwrap()).unwrap();
    let read = |(name, called): &(&str, &str)| {
        let path = format!("cyclonedx/schema/_res/{name}.SNAPSHOT.schema.json");
        let schema = serde_json::from_reader(wheel.by_name(&path).unwrap()).unwrap();
        (format!("http://cyclonedx.org/schema/{called}"), schema)
    };
    SCHEMAS.iter().map(read).collect()
});

/// The texts of a wheel whose names end like that, with what differs from build to build masked.
pub fn shown(wheel: &[u8], ending: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(wheel)).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        if entry.name().unwrap().ends_with(ending) {
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            text.push_str(ending);
            text.push('\n');
            text.extend(
                content
                    .lines()
                    .map(|line| format!("  | {}\n", masked(line))),
            );
        }
    }
    text
}

/// Digests are of what the editor writes, which other tests are about.
fn masked(line: &str) -> String {
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let line = line.replace(&version, "\"version\": \"…\"");
    let is_digest = |value: &str| value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    let words = line.split('"');
    let words = words.map(|word| match word {
        word if is_digest(word) => "…",
        word if word.starts_with("urn:uuid:") => "urn:uuid:…",
        word => word,
    });
    words.collect::<Vec<_>>().join("\"")
}

/// `place` is the wheel's, for messages.
pub fn check(wheel: &[u8], place: &Path) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(wheel)).unwrap();
    let names = archive.file_names().map(|name| name.unwrap().into_owned());
    let names: Vec<String> = names.collect();
    for name in names.iter().filter(|name| name.contains("/sboms/wheelfix")) {
        let mut bytes = Vec::new();
        archive
            .by_name(name)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        let Ok(document) = serde_json::from_slice::<Value>(&bytes) else {
            continue;
        };
        valid(&document).map_err(|error| format!("{place:?} has a {name} that is {error}"))?;
    }
    Ok(())
}

fn valid(document: &Value) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    for (name, schema) in OFFICIAL.iter() {
        compiler.add_resource(name, schema.clone()).unwrap();
    }
    let index = compiler.compile(&OFFICIAL[0].0, &mut schemas);
    let index = index.map_err(|error| format!("not to be judged: {error:#}"))?;
    schemas
        .validate(document, index)
        .map_err(|error| format!("not CycloneDX 1.6: {error:#}"))
}

/// The schema refuses what it should.
pub fn refuses_nonsense() -> Result<(), String> {
    let document = |version: &str| serde_json::json!({"bomFormat": "CycloneDX", "specVersion": version, "components": [{"type": "library", "name": 1}]});
    match valid(&document("1.6")) {
        Ok(()) => Err("a component's name may be a number".to_owned()),
        Err(_) => Ok(()),
    }
}
