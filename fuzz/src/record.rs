//! Reading any bytes as RECORD, of a wheel and of an installed package.

use wheelfix::wheel::{ArchivePath, InstalledRecord, Record};

/// Reads them and writes them again.
///
/// # Panics
/// When what is written is read otherwise.
pub fn check(bytes: &[u8]) {
    if let Ok(record) = Record::parse(bytes) {
        let itself = ArchivePath::parse("d-1.0.dist-info/RECORD").expect("a path");
        let written = record.to_bytes(&itself);
        let again = Record::parse(&written).expect("RECORD as we write it");
        for row in record.rows().filter(|row| row.path != itself) {
            assert_eq!(again.get(row.path.as_str()), Some(row));
        }
        assert_eq!(again.to_bytes(&itself), written);
    }
    if let Ok(record) = InstalledRecord::parse(bytes) {
        let written = record.to_bytes();
        let again = InstalledRecord::parse(&written).expect("an installed RECORD as we write it");
        assert!(again.paths().eq(record.paths()));
        assert_eq!(again.to_bytes(), written);
        let mut less = record.clone();
        less.remove(|_| true);
        assert_eq!(less.paths().count(), 0);
    }
}
