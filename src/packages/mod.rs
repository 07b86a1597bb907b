//! Which package brought a file: the databases that apk, dpkg and rpm keep of what they installed.
//!
//! Text or bytes in, records out; nothing here knows of a root. Paths are those of the root, without
//! the slash in front, as the databases have them.

mod apk;
mod dpkg;
mod licence;
mod os_release;
mod package;

pub use apk::apk_owners;
pub use dpkg::{DpkgStatus, copyright_licences, dpkg_listed, dpkg_may_own};
pub use licence::Licence;
pub use os_release::Distribution;
pub use package::{Package, PackageKind};
