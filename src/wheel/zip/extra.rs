//! Extra fields of ZIP headers: zip64 sizes and the Unicode path (APPNOTE 4.5).

use crate::wheel::error::{Error, Rule};
use crate::wheel::zip::fields::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;
const STRONG_ENCRYPTION: u16 = 0x0017;
const AES: u16 = 0x9901;

/// The extra fields that change what a header means; the others (times, owners) do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::wheel) struct Extra<'a> {
    /// The zip64 field's data.
    pub(in crate::wheel) zip64: Option<&'a [u8]>,
}

/// Splits an extra area and checks it against the header's name.
pub(in crate::wheel) fn read<'a>(area: &'a [u8], name: &[u8]) -> Result<Extra<'a>, Error> {
    let mut fields = Fields::new(area);
    let mut extra = Extra::default();
    let mut unicode_seen = false;
    while !fields.rest().is_empty() {
        let field = |fields: &mut Fields<'a>| {
            let id = fields.u16()?;
            let length = fields.u16()?;
            Some((id, fields.bytes(length.into())?))
        };
        let Some((id, data)) = field(&mut fields) else {
            return Err(Error::new(
                Rule::Extra,
                "the extra fields do not add up to their length",
            ));
        };
        match id {
            ZIP64 if extra.zip64.is_some() => {
                return Err(Error::new(
                    Rule::Zip64,
                    "the zip64 extra field stands twice",
                ));
            }
            ZIP64 => extra.zip64 = Some(data),
            UNICODE_PATH if unicode_seen => {
                return Err(Error::new(
                    Rule::Extra,
                    "the Unicode path extra field stands twice",
                ));
            }
            UNICODE_PATH => {
                unicode_seen = true;
                check_unicode_path(data, name)?;
            }
            STRONG_ENCRYPTION | AES => {
                return Err(Error::new(Rule::Encrypted, "the entry is encrypted"));
            }
            _ => {}
        }
    }
    Ok(extra)
}

/// The Unicode path (APPNOTE 4.6.9) must be the name again: some readers prefer it.
fn check_unicode_path(data: &[u8], name: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::new(data);
    let version = fields.bytes(1);
    let crc = fields.u32();
    if version == Some(&[1]) && crc == Some(libdeflater::crc32(name)) && fields.rest() == name {
        return Ok(());
    }
    Err(Error::new(
        Rule::NameEncoding,
        "its Unicode path extra field is not its name",
    )
    .listing(vec![crate::wheel::escape::escape_bytes(fields.rest())]))
}

/// The zip64 values of exactly those header fields that are saturated, in their fixed order.
///
/// `saturated` holds one flag for each 64-bit field that may be there; the last flag is for the
/// disk number (32 bits).
pub(in crate::wheel) fn zip64_values(
    data: Option<&[u8]>,
    saturated: [bool; 3],
    disk: bool,
) -> Result<([Option<u64>; 3], Option<u32>), Error> {
    let wanted = disk || saturated.contains(&true);
    let data = match data {
        Some(data) => data,
        None if wanted => {
            return Err(Error::new(
                Rule::Zip64,
                "the header points to a zip64 extra field that is not there",
            ));
        }
        None => return Ok(([None; 3], None)),
    };
    let refuse = || {
        Error::new(
            Rule::Zip64,
            "the zip64 extra field does not hold the fields that the header leaves to it",
        )
    };
    let mut fields = Fields::new(data);
    let mut values = [None; 3];
    for (value, present) in values.iter_mut().zip(saturated) {
        if present {
            *value = Some(fields.u64().ok_or_else(refuse)?);
        }
    }
    let disk = if disk {
        Some(fields.u32().ok_or_else(refuse)?)
    } else {
        None
    };
    if !fields.rest().is_empty() {
        return Err(refuse());
    }
    Ok((values, disk))
}
