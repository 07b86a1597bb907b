//! The two-second clock of ZIP headers.

use serde::Serialize;

/// A local date and time as ZIP headers store it (APPNOTE 4.4.6): 1980 to 2107, even seconds,
/// no time zone. Wheels use it for UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DosDateTime {
    /// Bits 15–9 year since 1980, 8–5 month, 4–0 day.
    pub date: u16,
    /// Bits 15–11 hour, 10–5 minute, 4–0 seconds divided by two.
    pub time: u16,
}

/// 1980-01-01 00:00:00 UTC in seconds since 1970.
const FIRST: u64 = 315_532_800;
/// 2107-12-31 23:59:58 UTC in seconds since 1970.
const LAST: u64 = 4_354_819_198;

impl Default for DosDateTime {
    /// 1980-01-01 00:00:00, the earliest there is.
    fn default() -> Self {
        Self {
            date: 0x0021,
            time: 0,
        }
    }
}

impl DosDateTime {
    /// Seconds since 1970 in UTC (`SOURCE_DATE_EPOCH`) as a ZIP time, and whether it had to be
    /// clamped to 1980–2107. An odd second is rounded down.
    #[must_use]
    pub fn from_epoch(seconds: u64) -> (Self, bool) {
        let inside = seconds.clamp(FIRST, LAST);
        let of_day = inside % 86_400;
        // Days since 0000-03-01 of the proleptic Gregorian calendar, in which the leap day is
        // the year's last; then eras of 400 years, as in Hinnant's "chrono-compatible low-level
        // date algorithms".
        let days = inside / 86_400 + 719_468;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = days / 146_097 * 400 + year_of_era + u64::from(month <= 2);
        let date = (year.saturating_sub(1980) << 9) | (month << 5) | day;
        let time = (of_day / 3600) << 11 | (of_day / 60 % 60) << 5 | (of_day % 60 / 2);
        let moment = Self {
            date: u16::try_from(date).unwrap_or(u16::MAX),
            time: u16::try_from(time).unwrap_or(u16::MAX),
        };
        // LAST is even: the odd second after it rounds down like any other.
        (moment, !(FIRST..=LAST + 1).contains(&seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: u64) -> (u16, u16, u16, u16, u16, u16) {
        let (at, _) = DosDateTime::from_epoch(seconds);
        (
            1980 + (at.date >> 9),
            at.date >> 5 & 15,
            at.date & 31,
            at.time >> 11,
            at.time >> 5 & 63,
            (at.time & 31) * 2,
        )
    }

    #[test]
    fn known_moments_come_out_right() {
        assert_eq!(moment(315_532_800), (1980, 1, 1, 0, 0, 0));
        assert_eq!(moment(951_827_697), (2000, 2, 29, 12, 34, 56));
        assert_eq!(moment(1_700_000_000), (2023, 11, 14, 22, 13, 20));
        assert_eq!(moment(1_709_251_199), (2024, 2, 29, 23, 59, 58));
        assert_eq!(moment(4_354_819_199), (2107, 12, 31, 23, 59, 58));
    }

    #[test]
    fn what_lies_outside_is_clamped_and_says_so() {
        assert_eq!(DosDateTime::from_epoch(0), (DosDateTime::default(), true));
        assert!(!DosDateTime::from_epoch(FIRST).1);
        assert!(!DosDateTime::from_epoch(LAST + 1).1);
        assert!(DosDateTime::from_epoch(LAST + 2).1);
        assert_eq!(
            DosDateTime::from_epoch(u64::MAX).0,
            DosDateTime::from_epoch(LAST).0
        );
    }
}
