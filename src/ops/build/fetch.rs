//! Files of the lock, brought here and held against their digests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::options::Options;
use crate::error::Error;
use crate::host::{self, Engine, Wheelhouse};
use crate::plan::{BuildFault, LockedFile, Target};

/// Bring files here. One result for each, in their order.
pub(super) fn fetch(
    files: &[LockedFile],
    options: &Options,
    house: &Wheelhouse,
    target: &Target,
    engine: &Engine,
) -> Vec<Result<PathBuf, Error>> {
    let mut wanted = Vec::new();
    for file in files {
        if let Ok(place) = house.cached(file.sha256(), file.file_name())
            && host::size_of(&place).is_err()
            && local(file).is_none()
            && let Some(url) = &file.url
        {
            wanted.push((url.clone(), house.incoming(file.sha256())));
        }
    }
    let fetched = match wanted.is_empty() {
        true => Ok(BTreeMap::new()),
        false => engine
            .pip(&options.pip, target)
            .and_then(|pip| pip.fetch(&wanted)),
    };
    let each = files.iter();
    each.map(|file| settled(file, house, &fetched)).collect()
}

/// The file on this machine that the lock names.
fn local(file: &LockedFile) -> Option<PathBuf> {
    let path = file.path.as_ref().map(PathBuf::from);
    path.or_else(|| file.url.as_deref().and_then(host::local_file))
}

fn settled(
    file: &LockedFile,
    house: &Wheelhouse,
    fetched: &Result<BTreeMap<PathBuf, String>, Error>,
) -> Result<PathBuf, Error> {
    let name = file.file_name().to_owned();
    let check = |path: &PathBuf| -> Result<(), Error> {
        let found = host::sha256_of(path)?;
        match found.eq_ignore_ascii_case(file.sha256()) {
            true => Ok(()),
            false => Err(BuildFault::Digest {
                file: name.clone().into(),
                expected: file.sha256().into(),
                found: found.into(),
            }
            .into()),
        }
    };
    if let Some(path) = local(file) {
        check(&path)?;
        return Ok(path);
    }
    let place = house.cached(file.sha256(), &name)?;
    if host::size_of(&place).is_ok() {
        match check(&place) {
            Ok(()) => return Ok(place),
            // The cache's copy went bad: the next run brings it again.
            Err(error) => {
                house.discard(&place)?;
                return Err(error);
            }
        }
    }
    let came = house.incoming(file.sha256());
    let why = match fetched {
        Ok(failed) => failed.get(&came).cloned(),
        Err(error) => Some(crate::report::failure(error)),
    };
    if let Some(why) = why {
        house.discard(&came)?;
        return Err(BuildFault::NotFetched {
            file: name.into(),
            why: why.into(),
        }
        .into());
    }
    if let Err(error) = check(&came) {
        house.discard(&came)?;
        return Err(error);
    }
    house.keep_fetched(&came, &place)?;
    Ok(place)
}
