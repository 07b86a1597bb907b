//! The hashes of RECORD: `algorithm=urlsafe-base64-without-padding`.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::error::{Error, Rule};
use super::escape::escape;

/// Some builders pad; it changes nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The hash algorithms RECORD may name. PEP 427 asks for sha256 or better and forbids md5 and
/// sha1; of the better ones only the SHA-2 family is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, what every current builder writes.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// md5: proves nothing, not computed.
    Md5,
    /// sha1: proves nothing, not computed.
    Sha1,
}

impl Algorithm {
    const ALL: [(Self, &'static str, usize); 5] = [
        (Self::Sha256, "sha256", 32),
        (Self::Sha384, "sha384", 48),
        (Self::Sha512, "sha512", 64),
        (Self::Md5, "md5", 16),
        (Self::Sha1, "sha1", 20),
    ];

    /// Whether a hash of this kind proves anything today.
    #[must_use]
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(algorithm, ..)| *algorithm == self)
            .map_or("", |(_, name, _)| name)
    }
}

/// A file's hash in RECORD. `Display` is its form there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordHash {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

impl RecordHash {
    /// Reads `sha256=…`.
    ///
    /// # Errors
    /// [`Rule::RecordAlgorithm`] for an algorithm nobody should use or knows;
    /// [`Rule::Record`] for a digest that is not base64 or not as long as the algorithm's.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Some((name, encoded)) = text.split_once('=') else {
            return Err(Error::new(
                Rule::Record,
                format!("the hash `{}` is not `algorithm=digest`", escape(text)),
            ));
        };
        let Some((algorithm, _, length)) = Algorithm::ALL
            .into_iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(name))
        else {
            return Err(Error::new(
                Rule::RecordAlgorithm,
                format!(
                    "the hash algorithm `{}` is not known; sha256 is what RECORD holds",
                    escape(name)
                ),
            ));
        };
        // Weak ones are never compared, and old builders wrote them in hexadecimal.
        if algorithm.is_weak() {
            return Ok(Self {
                algorithm,
                digest: Vec::new(),
            });
        }
        match LENIENT.decode(encoded) {
            Ok(digest) if digest.len() == length => Ok(Self { algorithm, digest }),
            _ => Err(Error::new(
                Rule::Record,
                format!(
                    "the hash `{}` is not {length} bytes in urlsafe base64",
                    escape(text)
                ),
            )),
        }
    }

    /// The SHA-256 of some bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            digest: Sha256::digest(bytes).to_vec(),
        }
    }

    /// A SHA-256 computed elsewhere.
    #[must_use]
    pub fn from_sha256(digest: [u8; 32]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            digest: digest.to_vec(),
        }
    }

    /// Another digest of the same algorithm.
    pub(super) fn with_digest(&self, digest: &[u8]) -> Self {
        Self {
            algorithm: self.algorithm,
            digest: digest.to_vec(),
        }
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest's bytes; empty for weak algorithms, which are not kept.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }
}

impl fmt::Display for RecordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}={}",
            self.algorithm.name(),
            URL_SAFE_NO_PAD.encode(&self.digest)
        )
    }
}

impl Serialize for RecordHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Computes a hash of the wanted algorithm piece by piece.
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    /// Nothing to compute: no hash in RECORD, or a weak one.
    Nothing,
}

impl Hasher {
    pub(super) fn new(algorithm: Option<Algorithm>) -> Self {
        match algorithm {
            Some(Algorithm::Sha256) => Self::Sha256(Sha256::new()),
            Some(Algorithm::Sha384) => Self::Sha384(Sha384::new()),
            Some(Algorithm::Sha512) => Self::Sha512(Sha512::new()),
            Some(Algorithm::Md5 | Algorithm::Sha1) | None => Self::Nothing,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
            Self::Nothing => {}
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(state) => state.finalize().to_vec(),
            Self::Sha384(state) => state.finalize().to_vec(),
            Self::Sha512(state) => state.finalize().to_vec(),
            Self::Nothing => Vec::new(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    #[test]
    fn hashes_read_and_write_as_record_has_them() {
        assert_eq!(RecordHash::sha256(b"").to_string(), EMPTY);
        assert_eq!(RecordHash::parse(EMPTY).unwrap(), RecordHash::sha256(b""));
        assert_eq!(
            RecordHash::parse(&format!("{EMPTY}=")).unwrap(),
            RecordHash::sha256(b"")
        );
        assert!(RecordHash::parse("md5=x").unwrap().algorithm().is_weak());
    }

    #[test]
    fn unknown_algorithms_and_broken_digests_are_refused() {
        assert_eq!(
            RecordHash::parse("crc=AA").unwrap_err().rule,
            Rule::RecordAlgorithm
        );
        for bad in [
            "sha256",
            "sha256=",
            "sha256=AA",
            "sha512=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        ] {
            assert_eq!(
                RecordHash::parse(bad).unwrap_err().rule,
                Rule::Record,
                "{bad}"
            );
        }
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hasher = Hasher::new(Some(Algorithm::Sha256));
        hasher.update(b"ab");
        hasher.update(b"c");
        assert_eq!(hasher.finish(), RecordHash::sha256(b"abc").digest());
    }
}
