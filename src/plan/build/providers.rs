//! Which package of Alpine brings what a compiler misses (`providers.tsv`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("providers.tsv");

type Rows = BTreeMap<(&'static str, &'static str), &'static str>;

static TABLE: LazyLock<Rows> = LazyLock::new(|| {
    let rows = TEXT.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let kind = columns.next().filter(|kind| !kind.starts_with('#'))?;
        Some(((kind, columns.next()?), columns.next()?))
    });
    rows.collect()
});

fn row(kind: &str, name: &str) -> Option<&'static str> {
    TABLE.get(&(kind, name)).copied()
}

/// For a header as it is included: by its whole path, else by its first folder.
pub(super) fn header_provider(name: &str) -> Option<&'static str> {
    row("H", name).or_else(|| {
        let (folder, _) = name.split_once('/')?;
        row("H", &format!("{folder}/"))
    })
}

/// For a library as it stands after `-l`.
pub(super) fn library_provider(name: &str) -> Option<&'static str> {
    row("L", name)
}

/// For a package as CMake calls it.
pub(super) fn cmake_provider(name: &str) -> Option<&'static str> {
    row("C", name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_there_once() {
        let rows = TEXT.lines().filter(|line| !line.starts_with('#'));
        for line in rows.clone() {
            let columns: Vec<&str> = line.split('\t').collect();
            assert!(
                matches!(columns.as_slice(), ["H" | "L" | "C", _, _]),
                "{line}"
            );
        }
        assert_eq!(rows.count(), TABLE.len());
    }

    #[test]
    fn a_header_in_a_folder_is_known_by_the_folder() {
        assert_eq!(header_provider("curl/curl.h"), Some("pc:libcurl"));
        assert_eq!(header_provider("linux/if_packet.h"), Some("linux-headers"));
        assert_eq!(header_provider("unheard/of.h"), None);
        assert_eq!(library_provider("curl"), Some("pc:libcurl"));
        assert_eq!(cmake_provider("OpenSSL"), Some("pc:openssl"));
    }
}
