//! Carries a plan out on the version needs: new names for libraries, fewer records.

use crate::address::{FileOffset, slice, slice_mut};
use crate::error::Error;
use crate::read::dynamic::DT_VERSYM;
use crate::read::image::Image;
use crate::read::versions::{self, NeedRecord, VERSION_GLOBAL, VERSION_HIDDEN};
use crate::rewrite::change::NewNeed;
use crate::rewrite::draft::Draft;
use crate::rewrite::plan::Plan;

impl Plan<'_> {
    /// Changes the version needs where they are; they only ever become fewer.
    pub(crate) fn write_needs(&self, draft: &mut Draft) -> Result<(), Error> {
        let codec = self.image.codec();
        let cut = |at: FileOffset| Error::malformed(at, "the version needs are cut short");
        for need in &self.change.needs {
            let (Some(file), Some(record)) = (&need.file, self.needs.get(need.record)) else {
                continue;
            };
            let offset = self.names.offset(file)?;
            codec
                .put_u32(&mut draft.bytes, record.at.plus(4).index(), offset)
                .ok_or_else(|| cut(record.at))?;
        }
        if !self.change.needs_shrink {
            return Ok(());
        }
        let Some(start) = self.needs.first().map(|record| record.at) else {
            return Ok(());
        };
        let records = packed_needs(draft, self.image, self.needs, &self.change.needs)
            .ok_or_else(|| cut(start))?;
        let ends = self.needs.iter().flat_map(|need| {
            need.versions
                .iter()
                .map(|version| version.at)
                .chain([need.at])
                .map(|at| at.plus(versions::NEED_SIZE as u64))
        });
        let end = ends.max().unwrap_or(start);
        let old_size = end.0.saturating_sub(start.0);
        if records.len() as u64 > old_size {
            return Err(Error::uneditable("the version needs overlap").at(start));
        }
        draft.clear(start, old_size)?;
        draft.write(start, &records)?;
        self.forget_versions(draft)
    }

    /// Symbols of a version that is no longer needed become symbols without a version.
    fn forget_versions(&self, draft: &mut Draft) -> Result<(), Error> {
        let stays: Vec<u16> = self
            .change
            .needs
            .iter()
            .filter_map(|need| Some((need, self.needs.get(need.record)?)))
            .flat_map(|(need, record)| {
                need.versions
                    .iter()
                    .filter_map(|&index| Some(record.versions.get(index)?.index))
            })
            .collect();
        let gone: Vec<u16> = self
            .needs
            .iter()
            .flat_map(|record| &record.versions)
            .map(|version| version.index & !VERSION_HIDDEN)
            .filter(|index| !stays.iter().any(|stays| stays & !VERSION_HIDDEN == *index))
            .collect();
        let codec = self.image.codec();
        let Some(address) = self.dynamic.address(DT_VERSYM) else {
            return Ok(());
        };
        let size = (self.object.symbol_count()? as u64).saturating_mul(2);
        let at = self.image.offset_of(address, size);
        let table = at.and_then(|at| slice_mut(&mut draft.bytes, at, size));
        if self.change.drops_versions {
            table.unwrap_or_default().fill(0);
            return Ok(());
        }
        for raw in table.unwrap_or_default().chunks_exact_mut(2) {
            if codec
                .u16(raw, 0)
                .is_some_and(|index| gone.contains(&(index & !VERSION_HIDDEN)))
            {
                codec.put_u16(raw, 0, VERSION_GLOBAL);
            }
        }
        Ok(())
    }
}

/// The version needs that stay, one behind the other.
fn packed_needs(
    draft: &Draft,
    image: &Image<'_>,
    records: &[NeedRecord],
    needs: &[NewNeed],
) -> Option<Vec<u8>> {
    const SIZE: usize = versions::NEED_SIZE;
    let codec = image.codec();
    let mut packed = Vec::new();
    for (index, need) in needs.iter().enumerate() {
        let record = records.get(need.record)?;
        let total = SIZE.checked_mul(need.versions.len().checked_add(1)?)?;
        let start = packed.len();
        packed.extend_from_slice(slice(&draft.bytes, record.at, SIZE as u64)?);
        for &version in &need.versions {
            packed.extend_from_slice(slice(
                &draft.bytes,
                record.versions.get(version)?.at,
                SIZE as u64,
            )?);
        }
        let one = packed.get_mut(start..)?;
        codec.put_u16(one, 2, u16::try_from(need.versions.len()).ok()?)?;
        codec.put_u32(one, 8, SIZE as u32)?;
        let is_last = index.checked_add(1)? == needs.len();
        codec.put_u32(one, 12, if is_last { 0 } else { total as u32 })?;
        for (number, version) in one.chunks_exact_mut(SIZE).enumerate().skip(1) {
            let is_last = number == need.versions.len();
            codec.put_u32(version, 12, if is_last { 0 } else { SIZE as u32 })?;
        }
    }
    Some(packed)
}
