//! What a person said is to stay outside (`--exclude`).

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns with wildcards. They are held against the name by which a library is needed, against the
/// path where it is found, and against the paths of files in the wheel that nothing could load.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    set: GlobSet,
    patterns: Vec<String>,
}

impl Exclusions {
    /// Read the patterns.
    ///
    /// # Errors
    /// When one is no pattern.
    pub fn parse(patterns: &[String]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(GlobBuilder::new(pattern).build()?);
        }
        Ok(Self {
            set: set.build()?,
            patterns: patterns.to_vec(),
        })
    }

    /// Does one of them match?
    pub fn hold(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// The patterns that match none of these.
    pub(in crate::plan) fn unused<'a>(
        &self,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&str> {
        let mut used = vec![false; self.patterns.len()];
        for text in texts {
            for index in self.set.matches(text) {
                if let Some(used) = used.get_mut(index) {
                    *used = true;
                }
            }
        }
        let each = self.patterns.iter().zip(used);
        each.filter(|(_, used)| !used)
            .map(|(pattern, _)| pattern.as_str())
            .collect()
    }
}
