//! Broken wheels whose archive is in order: file name, `.dist-info`, WHEEL, METADATA, RECORD.

use crate::support::hostile::{NAME, accepted, refused, verify_as};
use crate::support::wheel_builder::{WheelBuilder, ZipEntry, record_row, sha256};
use wheelfix::wheel::{Error, Limits, Note, Rule, WheelFilename};

fn demo() -> WheelBuilder {
    WheelBuilder::default()
        .file("demo/a.py", "a = 1\n")
        .file("demo/b.py", "b = 1\n")
}

/// RECORD of `demo()` with other rows for its two modules.
fn demo_with_rows(rows: &str) -> WheelBuilder {
    let honest = demo();
    let metadata: String = honest
        .all_files()
        .iter()
        .filter(|(path, _)| path.ends_with("WHEEL") || path.ends_with("METADATA"))
        .map(|(path, bytes)| record_row(path, bytes))
        .collect();
    honest.record(&format!("{rows}{metadata}demo-1.0.dist-info/RECORD,,\n"))
}

fn good_rows() -> (String, String) {
    (
        record_row("demo/a.py", b"a = 1\n"),
        record_row("demo/b.py", b"b = 1\n"),
    )
}

// 33–34: names

#[test]
fn a_name_that_is_no_wheels_is_refused_with_the_form_expected() {
    for name in [
        "foo.whl",
        "demo-x-py3-none-any.whl",
        "demo-1.0-py3-none-.whl",
        "demo-1.0.zip",
    ] {
        let error = WheelFilename::parse(name).unwrap_err();
        assert_eq!(error.rule, Rule::FileName);
        assert!(
            error
                .detail
                .contains("name-version[-build]-python-abi-platform[-variant].whl"),
            "{error}"
        );
    }
}

#[test]
fn a_wheel_has_one_dist_info_directory() {
    let mut without = demo();
    without.dist_info = "demo-1.0.egg-info".to_owned();
    refused(&without.build(), Rule::DistInfo);
    let two = demo().file("other-1.0.dist-info/METADATA", "x");
    let error = refused(&two.build(), Rule::DistInfo);
    assert_eq!(error.several, ["demo-1.0.dist-info", "other-1.0.dist-info"]);
}

#[test]
fn a_dist_info_directory_of_another_name_or_version_is_refused() {
    for dist_info in [
        "other-1.0.dist-info",
        "demo-1.1.dist-info",
        "demo.dist-info",
        ".dist-info",
    ] {
        let mut wheel = demo();
        wheel.dist_info = dist_info.to_owned();
        refused(&wheel.build(), Rule::DistInfo);
    }
}

#[test]
fn a_data_directory_of_another_name_is_refused() {
    for name in [
        "other-1.0.data/purelib/demo/a.py",
        "demo-2.0.data/scripts/run",
        "demo.data/data/etc/demo.conf",
        ".data/platlib/demo.so",
        "weights.data",
        "demo-1.0-1.data/headers/demo.h",
    ] {
        let error = refused(&demo().file(name, "x").build(), Rule::DistInfo);
        assert!(error.to_string().contains("demo-1.0.data"), "{error}");
    }
    for name in [
        "demo-1.0.data/data/x",
        "Demo-1.0.0.data/purelib/x",
        "demo/x.data/y",
    ] {
        accepted(&demo().file(name, "x").zip());
    }
}

#[test]
fn legal_differences_in_spelling_are_taken() {
    let cases = [
        ("My_Pkg-1.0-py3-none-any.whl", "my.pkg-1.0.dist-info"),
        (
            "demo-1.0+local.1-py3-none-any.whl",
            "demo-1.0_local.1.dist-info",
        ),
        (
            "demo-1.0_local_1-py3-none-any.whl",
            "demo-1.0+local.1.dist-info",
        ),
        ("demo-1.0.0rc1-py3-none-any.whl", "Demo-1.0.rc1.dist-info"),
        ("demo-1.0-1build-py3-none-any.whl", "demo-1.0.dist-info"),
        ("demo_x-1.0-py3-none-any.whl", "demo-x-1.0.dist-info"),
    ];
    for (name, dist_info) in cases {
        let mut wheel = demo();
        wheel.dist_info = dist_info.to_owned();
        verify_as(&wheel.build(), name, &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

// 35–37: WHEEL, METADATA

#[test]
fn a_missing_metadata_file_is_refused() {
    for (name, rule) in [
        ("WHEEL", Rule::WheelFile),
        ("METADATA", Rule::Metadata),
        ("RECORD", Rule::Record),
    ] {
        let error = refused(&demo().without(name).build(), rule);
        assert_eq!(error.entry, Some(format!("demo-1.0.dist-info/{name}")));
    }
}

#[test]
fn a_wheel_file_that_cannot_be_understood_is_refused() {
    for text in [
        "",
        "Wheel-Version: 2.0\nTag: py3-none-any\n",
        "Wheel-Version: 10\nTag: py3-none-any\n",
        "Tag: py3-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
        "Wheel-Version: 1.0\nTag: py3-none-any\n\nTag: hidden-in-body\n",
        "Wheel-Version: 1.0\nnot a header\nTag: py3-none-any\n",
    ] {
        refused(&demo().wheel(text).build(), Rule::WheelFile);
    }
    for tag in ["py3", "py3-none-any-x", "py3--any", ""] {
        let text = format!("Wheel-Version: 1.0\nTag: {tag}\n");
        refused(&demo().wheel(&text).build(), Rule::Tag);
    }
}

#[test]
fn a_wheel_file_that_is_not_utf8_is_refused() {
    let mut zip = demo().zip();
    let text = b"Wheel-Version: 1.0\nGenerator: caf\xe9\nTag: py3-none-any\n";
    let path = "demo-1.0.dist-info/WHEEL";
    *zip.entry(path) = ZipEntry::new(path, text, 0);
    refused(&zip.build(), Rule::WheelFile);
}

#[test]
fn tags_without_end_are_refused() {
    let many: Vec<String> = (0..200).map(|number| format!("x{number}")).collect();
    let set = many.join(".");
    let text = format!("Wheel-Version: 1.0\nTag: {set}-{set}-{set}\n");
    refused(&demo().wheel(&text).build(), Rule::Tag);
    let line = format!("Tag: {set}-a.b-c.d\n").repeat(20);
    refused(
        &demo().wheel(&format!("Wheel-Version: 1.0\n{line}")).build(),
        Rule::Limit,
    );
}

#[test]
fn a_repeated_header_is_made_one_and_noted() {
    let text =
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nRoot-Is-Purelib: false\n";
    let wheel = accepted(&demo().wheel(text).zip());
    assert_eq!(wheel.wheel.get_all("Root-Is-Purelib"), ["true"]);
    assert!(
        matches!(&wheel.notes[..], [Note::RepeatedHeader { name, .. }] if name == "Root-Is-Purelib")
    );
}

#[test]
fn wheel_minor_versions_and_a_missing_purelib_are_taken() {
    let wheel = accepted(
        &demo()
            .wheel("Wheel-Version: 1.9\r\nTag: py3-none-any\r\n")
            .zip(),
    );
    assert_eq!(
        wheel.notes,
        [Note::MissingHeader {
            name: "Root-Is-Purelib".into()
        }]
    );
}

#[test]
fn tags_unlike_the_file_names_are_noted() {
    let wheel = accepted(&demo().tag("py3-none-linux_x86_64").zip());
    assert_eq!(
        wheel.notes,
        [Note::TagsDiffer {
            only_in_file_name: vec!["py3-none-any".into()],
            only_in_wheel: vec!["py3-none-linux_x86_64".into()],
        }]
    );
    // A compressed set in WHEEL is the same set.
    let wheel = demo().tag("py2.py3-none-any");
    let name = "demo-1.0-py2.py3-none-any.whl";
    let wheel = verify_as(&wheel.build(), name, &Limits::default()).unwrap();
    assert_eq!(wheel.notes, []);
    assert_eq!(wheel.tags.len(), 2);
}

#[test]
fn metadata_is_kept_byte_for_byte_however_it_is_folded() {
    for text in [
        "Metadata-Version: 2.1\r\nName: demo\r\nVersion: 1.0\r\nLicense: a\r\n  b\r\n\tc\r\n\r\nBody\r\n",
        "Name:demo\nVersion:1.0\nDescription: x\n        |y\n\nName: not a header\n\n\n",
        "Name: demo\nVersion: 1.0",
    ] {
        let wheel = accepted(&demo().metadata(text).zip());
        assert_eq!(wheel.metadata.to_bytes(), text.as_bytes());
        assert_eq!(wheel.notes, []);
    }
    let wheel = accepted(&demo().metadata("nothing that is a header").zip());
    assert_eq!(wheel.notes.len(), 2);
}

// 38–41: RECORD

#[test]
fn files_that_are_not_what_record_says_are_refused_and_listed() {
    let (a, b) = good_rows();
    let wrong = format!("demo/a.py,{},6\n", sha256(b"other"));
    let error = refused(
        &demo_with_rows(&format!("{wrong}{b}")).build(),
        Rule::RecordMismatch,
    );
    assert!(
        error.several[0].starts_with("demo/a.py is sha256="),
        "{error}"
    );
    let wrong = format!("demo/b.py,{},7\n", sha256(b"b = 1\n"));
    refused(
        &demo_with_rows(&format!("{a}{wrong}")).build(),
        Rule::RecordMismatch,
    );

    let mut many = demo();
    let mut record = String::new();
    for number in 0..25 {
        many = many.file(&format!("demo/m{number:02}.py"), "x");
    }
    for (path, bytes) in many.all_files() {
        if path.contains("demo/m") {
            record.push_str(&format!("{path},{},1\n", sha256(b"y")));
        } else if !path.ends_with("RECORD") {
            record.push_str(&record_row(&path, &bytes));
        }
    }
    let error = refused(&many.record(&record).build(), Rule::RecordMismatch);
    assert_eq!(error.several.len(), 11);
    assert_eq!(error.several[10], "and 15 more");
}

#[test]
fn record_lists_every_file_and_nothing_else() {
    let (a, b) = good_rows();
    let error = refused(&demo_with_rows(&a).build(), Rule::RecordFiles);
    assert_eq!(error.several, ["demo/b.py"]);
    let absent = record_row("demo/absent.py", b"");
    let error = refused(
        &demo_with_rows(&format!("{a}{b}{absent}")).build(),
        Rule::RecordFiles,
    );
    assert_eq!(error.several, ["demo/absent.py"]);
}

#[test]
fn a_row_that_stands_twice_is_refused() {
    let (a, b) = good_rows();
    refused(
        &demo_with_rows(&format!("{a}{b}{a}")).build(),
        Rule::RecordDuplicate,
    );
}

#[test]
fn rows_without_hash_are_refused() {
    let (_, b) = good_rows();
    refused(
        &demo_with_rows(&format!("demo/a.py,,6\n{b}")).build(),
        Rule::Record,
    );
}

#[test]
fn rows_without_size_are_taken() {
    let (_, b) = good_rows();
    accepted(&demo_with_rows(&format!("demo/a.py,{},\n{b}", sha256(b"a = 1\n"))).zip());
}

#[test]
fn backslashes_in_record_are_read_as_slashes_and_noted() {
    let (a, b) = good_rows();
    let wheel = accepted(&demo_with_rows(&format!("{}{b}", a.replace('/', "\\"))).zip());
    assert_eq!(wheel.notes, [Note::BackslashInRecord { rows: 1 }]);
}

#[test]
fn quoted_paths_in_record_are_understood() {
    accepted(
        &demo()
            .file("demo/a,b.py", "x")
            .file("demo/\"q\".py", "y")
            .zip(),
    );
    let (a, b) = good_rows();
    accepted(&demo_with_rows(&format!("\"demo/a.py\"{}{b}", &a["demo/a.py".len()..])).zip());
}

#[test]
fn md5_and_sha1_are_refused_unless_allowed() {
    let (_, b) = good_rows();
    for hash in [
        "md5=0pLIQHkFNYEAAAAAAAAAAA",
        "sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk",
    ] {
        let wheel = demo_with_rows(&format!("demo/a.py,{hash},6\n{b}"));
        let error = refused(&wheel.build(), Rule::RecordAlgorithm);
        assert_eq!(error.several, ["demo/a.py"]);
        let limits = Limits {
            allow_weak_hashes: true,
            ..Limits::default()
        };
        let wheel = verify_as(&wheel.build(), NAME, &limits).unwrap();
        assert_eq!(wheel.notes, [Note::WeakHashes { rows: 1 }]);
    }
    let wheel = demo_with_rows(&format!("demo/a.py,blake9=AAAA,6\n{b}"));
    refused(&wheel.build(), Rule::RecordAlgorithm);
}

#[test]
fn stronger_hashes_are_verified_too() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let (_, b) = good_rows();
    for (algorithm, good, bad) in [
        (
            "sha384",
            encode(&sha2::Sha384::digest(b"a = 1\n")),
            encode(&[0; 48]),
        ),
        (
            "sha512",
            encode(&sha2::Sha512::digest(b"a = 1\n")),
            encode(&[0; 64]),
        ),
    ] {
        accepted(&demo_with_rows(&format!("demo/a.py,{algorithm}={good},6\n{b}")).zip());
        let lying = demo_with_rows(&format!("demo/a.py,{algorithm}={bad},6\n{b}"));
        refused(&lying.build(), Rule::RecordMismatch);
    }
}

#[test]
fn signatures_need_no_row_and_are_noted() {
    let (a, b) = good_rows();
    let signed = demo_with_rows(&format!("{a}{b}"))
        .file("demo-1.0.dist-info/RECORD.jws", "{}")
        .file("demo-1.0.dist-info/RECORD.p7s", "x");
    let wheel = accepted(&signed.zip());
    assert_eq!(wheel.notes.len(), 2);
    // Elsewhere such a name is a file like any other.
    let elsewhere = demo_with_rows(&format!("{a}{b}")).file("demo/RECORD.jws", "{}");
    refused(&elsewhere.build(), Rule::RecordFiles);
}

#[test]
fn a_record_that_is_no_table_is_refused() {
    for text in [
        "\u{0}",
        "demo/a.py\n",
        "demo/a.py,sha256=x,1,2\n",
        "a,b,c\n",
    ] {
        let result: Result<_, Error> =
            verify_as(&demo().record(text).build(), NAME, &Limits::default());
        let rule = result.unwrap_err().rule;
        assert!(matches!(rule, Rule::Record | Rule::Name), "{text:?} {rule}");
    }
}
