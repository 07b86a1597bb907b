//! What every proof comes down to: what was expected is what was found.

use crate::error::Error;

/// # Errors
/// When the two differ; `what` begins the sentence.
pub(crate) fn same<T: PartialEq>(what: &'static str, expected: &T, found: &T) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::unverified(format!("{what} is not as asked")))
    }
}
