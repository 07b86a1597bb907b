//! A bill of materials as CycloneDX 1.6 writes it.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>. There is no time in it, and its serial number comes
//! of its content: the same wheel has the same bytes.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::packages::{Licence, Package};
use crate::plan::repair::naming::hex;
use crate::plan::repair::sbom::{Sbom, SbomFile, SbomPackage};
use crate::wheel::ArchivePath;

/// The document, as CycloneDX 1.6 JSON. `digest` gives the SHA-256 of what lies at a place of the
/// finished wheel, in hexadecimal.
pub fn sbom_json(sbom: &Sbom, digest: impl Fn(&ArchivePath) -> Option<String>) -> String {
    let owned = sbom.packages.iter();
    let components = owned.map(|one| package_component(one, &digest)).chain(
        sbom.unowned
            .iter()
            .map(|file| file_component(file, &digest)),
    );
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            tools: Tools {
                components: vec![Component {
                    version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                    ..Component::new("application", "wheelfix")
                }],
            },
            component: wheel_component(sbom),
        },
        components: components.collect(),
        dependencies: sbom
            .needs
            .iter()
            .map(|(from, to)| Dependency {
                reference: from.clone(),
                depends_on: to.iter().cloned().collect(),
            })
            .collect(),
    };
    // Values made of strings and numbers always become text.
    let plain = serde_json::to_string(&document).unwrap_or_default();
    document.serial_number = Some(serial_number(&plain));
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text + "\n"
}

fn wheel_component(sbom: &Sbom) -> Component {
    let purl = sbom.wheel.purl();
    Component {
        reference: Some(purl.clone()),
        version: Some(sbom.wheel.version.clone()),
        purl: Some(purl),
        properties: vec![Property {
            name: "wheelfix:filename",
            value: sbom.filename.clone(),
        }],
        ..Component::new("library", &sbom.wheel.name)
    }
}

fn package_component(
    owned: &SbomPackage,
    digest: &impl Fn(&ArchivePath) -> Option<String>,
) -> Component {
    let SbomPackage { package, files } = owned;
    let purl = package.purl();
    let files = files.iter().map(|file| file_component(file, digest));
    let source = package.source.iter();
    let properties = source.map(|source| Property {
        name: "wheelfix:package:source",
        value: source.clone(),
    });
    Component {
        reference: Some(purl.clone()),
        version: Some(package.version.clone()),
        licenses: licences(package),
        purl: Some(purl),
        components: files.collect(),
        properties: properties.collect(),
        ..Component::new("library", &package.name)
    }
}

fn licences(package: &Package) -> Vec<LicenceChoice> {
    let each = package.licences.iter();
    each.map(|licence| match licence {
        Licence::Expression(expression) => LicenceChoice::Expression(expression.clone()),
        Licence::Name(name) => LicenceChoice::License(Named { name: name.clone() }),
    })
    .collect()
}

/// A library that was changed for the wheel: it descends from the file that it was.
fn file_component(file: &SbomFile, digest: &impl Fn(&ArchivePath) -> Option<String>) -> Component {
    let place = file.place.to_string();
    let was = Component {
        hashes: vec![sha256(file.source_digest.clone())],
        ..Component::new("file", &file.source)
    };
    Component {
        reference: Some(place.clone()),
        hashes: digest(&file.place).map(sha256).into_iter().collect(),
        pedigree: Some(Pedigree {
            ancestors: vec![was],
        }),
        ..Component::new("file", &place)
    }
}

fn sha256(content: String) -> Hash {
    Hash {
        algorithm: "SHA-256",
        content,
    }
}

/// A UUID of version 8 (RFC 9562: of the maker's own making), of the document without it.
fn serial_number(document: &str) -> String {
    let digest = Sha256::digest(document.as_bytes());
    let digits: Vec<char> = hex(&digest).chars().take(32).collect();
    let mut text = "urn:uuid:".to_owned();
    for (place, digit) in digits.into_iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(match place {
            12 => '8',
            // The variant: the two upper bits are 10.
            16 => match digit.to_digit(16).unwrap_or(0) & 3 {
                0 => '8',
                1 => '9',
                2 => 'a',
                _ => 'b',
            },
            _ => digit,
        });
    }
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    tools: Tools,
    component: Component,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Component>,
}

#[derive(Default, Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pedigree: Option<Pedigree>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

impl Component {
    fn new(kind: &'static str, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

#[derive(Serialize)]
struct Hash {
    #[serde(rename = "alg")]
    algorithm: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum LicenceChoice {
    Expression(String),
    License(Named),
}

#[derive(Serialize)]
struct Named {
    name: String,
}

#[derive(Serialize)]
struct Pedigree {
    ancestors: Vec<Component>,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}
