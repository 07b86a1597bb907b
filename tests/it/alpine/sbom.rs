//! The bill of materials of a real wheel says what `apk` itself says.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::support::command::{script, text};
use crate::support::scratch;
use crate::support::stage::inside;

/// What a program prints in the root.
fn said(root: &Path, program: &str) -> String {
    let output = inside(root, &[], program);
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn string<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bill_of_materials_of_pycurl_says_what_apk_says() {
    let roots = script("setup", &["--tests"]);
    let roots: Vec<PathBuf> = roots.lines().map(PathBuf::from).collect();
    let (full, samples) = (&roots[0], &roots[2]);
    let mut samples = fs::read_dir(samples).unwrap().map(|e| e.unwrap().path());
    let is_pycurl = |path: &PathBuf| path.to_str().unwrap().contains("/pycurl-");
    let wheel = samples.find(is_pycurl).unwrap();
    let scratch = scratch::folder();
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(["repair", "--sysroot"])
        .arg(full)
        .arg(&wheel)
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let name = wheel.file_name().unwrap().to_str().unwrap();
    let name = name.replace("-linux_x86_64", "-musllinux_1_2_x86_64");
    let made = scratch.path().join("wheelhouse").join(&name);
    let mut archive = ZipArchive::new(File::open(made).unwrap()).unwrap();
    let site = scratch.path().join("site");
    archive.extract(&site).unwrap();
    let version = name.split('-').nth(1).unwrap();
    let document = format!("pycurl-{version}.dist-info/sboms/wheelfix.cdx.json");
    let document: Value = serde_json::from_slice(&fs::read(site.join(document)).unwrap()).unwrap();
    assert_eq!(
        string(&document, "/metadata/component/purl"),
        format!("pkg:pypi/pycurl@{version}")
    );
    let release = said(full, ". /etc/os-release; echo $ID-$VERSION_ID");
    let mut told = BTreeSet::new();
    for package in document["components"].as_array().unwrap() {
        let (name, version) = (string(package, "/name"), string(package, "/version"));
        assert_eq!(string(package, "/type"), "library", "apk owns every graft");
        let encoded = name.replace('+', "%2B");
        assert_eq!(
            string(package, "/purl"),
            format!("pkg:apk/alpine/{encoded}@{version}?arch=x86_64&distro={release}")
        );
        let licence = &package["licenses"][0];
        let licence = licence["expression"]
            .as_str()
            .or(licence["license"]["name"].as_str());
        let listed = said(full, &format!("apk info --license {name}"));
        assert_eq!(listed.lines().nth(1), licence, "{listed}");
        for file in package["components"].as_array().unwrap() {
            let source = string(file, "/pedigree/ancestors/0/name");
            let owned = said(full, &format!("apk info --who-owns {source}"));
            assert!(
                owned.ends_with(&format!(" is owned by {name}-{version}")),
                "{owned}"
            );
            let bytes = fs::read(full.join(source.trim_start_matches('/'))).unwrap();
            let digest = string(file, "/pedigree/ancestors/0/hashes/0/content");
            assert_eq!(digest, sha256(&bytes));
            let place = string(file, "/name");
            let digest = string(file, "/hashes/0/content");
            assert_eq!(digest, sha256(&fs::read(site.join(place)).unwrap()));
            told.insert(place.to_owned());
        }
    }
    let grafts = fs::read_dir(site.join("pycurl.libs")).unwrap();
    let grafts =
        grafts.map(|e| format!("pycurl.libs/{}", e.unwrap().file_name().to_str().unwrap()));
    assert_eq!(told, grafts.collect(), "every graft stands in it");
    assert!(told.len() > 8);
}
