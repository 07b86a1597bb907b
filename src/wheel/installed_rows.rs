//! The rows of an installed package's RECORD: as in a wheel, but installers also list what lies outside of
//! site-packages, and what they compiled without a hash.

use super::error::{Error, Rule};
use super::hash::RecordHash;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledRow {
    /// The path as written: relative to site-packages, perhaps with `..`, or absolute.
    pub path: String,
    /// Its hash, where there is one.
    pub hash: Option<RecordHash>,
    /// Its size in bytes, where there is one.
    pub size: Option<u64>,
}

/// Reads the RECORD of an installed package.
///
/// # Errors
/// [`Rule::Record`] when it is no comma-separated UTF-8 file with three values a row, or a value
/// makes no sense; [`Rule::RecordAlgorithm`].
pub fn installed_rows(bytes: &[u8]) -> Result<Vec<InstalledRow>, Error> {
    let broken = |what: String| Error::new(Rule::Record, what);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows = Vec::new();
    for values in reader.records() {
        let values = values.map_err(|error| broken(super::escape(&error.to_string())))?;
        let fields: Vec<&str> = values.iter().collect();
        let [path, hash, size] = fields.as_slice() else {
            return Err(broken(format!("a row has {} values, not 3", fields.len())));
        };
        let hash = match *hash {
            "" => None,
            hash => Some(RecordHash::parse(hash).map_err(|error| error.entry(path))?),
        };
        let size = match *size {
            "" => None,
            digits => Some(digits.parse().map_err(|_| {
                broken(format!(
                    "the size `{}` is not a number",
                    super::escape(digits)
                ))
            })?),
        };
        rows.push(InstalledRow {
            path: (*path).to_owned(),
            hash,
            size,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::installed_rows;

    #[test]
    fn paths_outside_of_site_packages_and_rows_without_a_hash_are_read() {
        let text = b"../../bin/demo,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
                     demo/__pycache__/a.pyc,,\n\"demo/a,b.py\",,12\n";
        let rows = installed_rows(text).unwrap();
        assert_eq!(rows[0].path, "../../bin/demo");
        assert!(rows[1].hash.is_none() && rows[1].size.is_none());
        assert_eq!(
            (rows[2].path.as_str(), rows[2].size),
            ("demo/a,b.py", Some(12))
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["a,b\n", "a,sha256=x,1\n", "a,,many\n"] {
            assert!(installed_rows(text.as_bytes()).is_err(), "{text}");
        }
    }
}
