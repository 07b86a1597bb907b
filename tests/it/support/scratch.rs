//! Folders for tests that write many small files.

use tempfile::TempDir;

/// A folder in memory where there is one: each wheel is synced twice, and on a busy disk the
/// tests would do little else than wait for that.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
