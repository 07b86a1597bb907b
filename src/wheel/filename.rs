//! Wheel file names: `name-version[-build]-python-abi-platform[-variant].whl` (PEP 427, PEP 491; the
//! variant by the draft of PEP 825).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::error::{Error, Rule};
use super::escape::escape;
use super::tag::{Tag, parts_of, product};
use super::version::is_version;

/// The longest file name that file systems take, in bytes.
const LONGEST: usize = 255;

/// The parts of a wheel's file name, each as it was spelled. `Display` gives the name back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WheelFilename {
    /// The project, with `_` for `-`; not normalised.
    pub distribution: String,
    /// The version; not normalised.
    pub version: String,
    /// The build tag, which begins with a digit.
    pub build: Option<String>,
    /// Python tags, in the order of the name.
    pub python: Vec<String>,
    /// ABI tags, in the order of the name.
    pub abi: Vec<String>,
    /// Platform tags, in the order of the name.
    pub platform: Vec<String>,
    /// The label of the variant (draft PEP 825); what it means says `variant.json` of the wheel.
    pub variant: Option<String>,
}

impl WheelFilename {
    /// Reads a file name (without any directory).
    ///
    /// # Errors
    /// [`Rule::FileName`] when it is not a wheel's: wrong extension, wrong number of parts, a
    /// name, version, build or tag that PEP 427 or PEP 440 does not allow.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Err(Error::new(
                Rule::FileName,
                format!(
                    "`{}` is not the name of a wheel: {why}; expected \
                     name-version[-build]-python-abi-platform[-variant].whl",
                    escape(name)
                ),
            ))
        };
        if name.len() > LONGEST {
            return refuse("it is longer than 255 bytes");
        }
        let Some(stem) = name.strip_suffix(".whl") else {
            return refuse("it does not end in `.whl`");
        };
        let parts: Vec<&str> = stem.split('-').collect();
        // A build tag begins with a digit, as no Python tag does; what is left over is the variant.
        let is_build = |part: &&&str| part.starts_with(|first: char| first.is_ascii_digit());
        let build = parts.get(2).filter(is_build);
        let mut tags = parts
            .get(if build.is_some() { 3 } else { 2 }..)
            .unwrap_or_default();
        let mut variant = None;
        if let [first @ .., last] = tags
            && first.len() == 3
        {
            (tags, variant) = (first, Some(last));
        }
        let ([distribution, version, ..], [python, abi, platform]) = (parts.as_slice(), tags)
        else {
            return refuse("it does not have five to seven parts between dashes");
        };
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        };
        if !plain(distribution)
            || !distribution.starts_with(|first: char| first.is_ascii_alphanumeric())
        {
            return refuse(
                "the project's name holds other characters than letters, digits, `_`, `.`",
            );
        }
        if !is_version(version) {
            return refuse("the version is not one by PEP 440");
        }
        if build.is_some_and(|build| !plain(build)) {
            return refuse("the build tag holds other characters than letters, digits, `_`, `.`");
        }
        if variant.is_some() && *platform == "none" {
            return refuse("the build tag does not begin with a digit");
        }
        if variant.is_some_and(|variant| !plain(variant)) {
            return refuse("the variant holds other characters than letters, digits, `_`, `.`");
        }
        let (Some(python), Some(abi), Some(platform)) =
            (parts_of(python), parts_of(abi), parts_of(platform))
        else {
            return refuse("a tag is empty or holds other characters than letters, digits, `_`");
        };
        if product(&python, &abi, &platform).is_none() {
            return refuse("it stands for more than 10000 tags");
        }
        Ok(Self {
            distribution: (*distribution).to_owned(),
            version: (*version).to_owned(),
            build: build.map(|build| (*build).to_owned()),
            python,
            abi,
            platform,
            variant: variant.map(|variant| (*variant).to_owned()),
        })
    }

    /// Every pair of a Python and an ABI tag.
    pub fn interpreters(&self) -> impl Iterator<Item = (&str, &str)> {
        let abis = || self.abi.iter().map(String::as_str);
        self.python
            .iter()
            .flat_map(move |python| abis().map(move |abi| (python.as_str(), abi)))
    }

    /// This name with other platform tags: sorted, each once. Everything else stays as spelled.
    #[must_use]
    pub fn with_platforms<I>(&self, platforms: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut platform: Vec<String> = platforms.into_iter().map(Into::into).collect();
        platform.sort();
        platform.dedup();
        Self {
            platform,
            ..self.clone()
        }
    }
}

impl Tag {
    /// All tags of a file name, in the order of the name: pythons outermost, platforms innermost.
    #[must_use]
    pub fn expand(filename: &WheelFilename) -> Vec<Self> {
        // A file name is at most 255 bytes long, and parsing it has counted the product; only a
        // value put together by hand could hold more, and then the excess is not listed.
        product(&filename.python, &filename.abi, &filename.platform).unwrap_or_default()
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-", self.distribution, self.version)?;
        if let Some(build) = &self.build {
            write!(formatter, "{build}-")?;
        }
        write!(
            formatter,
            "{}-{}-{}",
            self.python.join("."),
            self.abi.join("."),
            self.platform.join(".")
        )?;
        if let Some(variant) = &self.variant {
            write!(formatter, "-{variant}")?;
        }
        formatter.write_str(".whl")
    }
}

impl FromStr for WheelFilename {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl Serialize for WheelFilename {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_spelled() {
        for name in [
            "demo-1.0-py3-none-any.whl",
            "Demo.Pkg_x-1.0+local.1-1abc-cp311.cp312-abi3-manylinux_2_17_x86_64.linux_x86_64.whl",
            "psycopg2_binary-2.9.13-cp313-cp313-linux_x86_64.whl",
            "torch-2.1.0_cpu-cp313-cp313-linux_x86_64.whl",
            "numpy-2.3.2-cp313-cp313t-linux_x86_64-x86_64_v3.whl",
            "numpy-2.3.2-1abc-cp313-cp313-musllinux_1_2_x86_64-00000000.whl",
            "demo-1.0-py3-none-any-null.whl",
        ] {
            assert_eq!(WheelFilename::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_no_wheel_name_is_refused() {
        for name in [
            "foo.whl",
            "foo-1.0.tar.gz",
            "foo-1.0-py3-none-any.WHL",
            "foo-x-py3-none-any.whl",
            "foo-1.0-b1-py3-none-any.whl",
            "foo-1.0-1-2-py3-none-any.whl",
            "foo-1.0-1-py3-none-any-a-b.whl",
            "foo-1.0-py3-none-any-.whl",
            "foo-1.0-py3-none-any-a b.whl",
            "-1.0-py3-none-any.whl",
            "foo-1.0-py3--any.whl",
            "foo-1.0-py3-none-.whl",
            "a b-1.0-py3-none-any.whl",
            "../foo-1.0-py3-none-any.whl",
            "foo-1.0-py3..py2-none-any.whl",
        ] {
            assert_eq!(
                WheelFilename::parse(name).unwrap_err().rule,
                Rule::FileName,
                "{name}"
            );
        }
        let long = format!("{}-1.0-py3-none-any.whl", "x".repeat(255));
        assert!(WheelFilename::parse(&long).is_err());
    }

    #[test]
    fn platforms_are_sorted_and_each_stands_once() {
        let name = WheelFilename::parse("d-1-cp313-cp313-linux_x86_64.whl").unwrap();
        let named = name.with_platforms(["musllinux_1_2_x86_64", "linux_x86_64", "linux_x86_64"]);
        assert_eq!(
            named.to_string(),
            "d-1-cp313-cp313-linux_x86_64.musllinux_1_2_x86_64.whl"
        );
    }

    #[test]
    fn a_name_stands_for_the_product_of_its_parts() {
        let name = "demo-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
        let tags = Tag::expand(&WheelFilename::parse(name).unwrap());
        let shown: Vec<String> = tags.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "cp313-cp313-manylinux_2_17_x86_64",
                "cp313-cp313-manylinux2014_x86_64"
            ]
        );
    }
}
