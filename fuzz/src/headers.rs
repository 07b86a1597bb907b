//! Reading any bytes as WHEEL: what passes says the same when it is written again.

use wheelfix::wheel::{Headers, Limits, Wheel, WheelFilename};

use super::wheels;

/// Reads them alone, and as the WHEEL of a wheel.
///
/// # Panics
/// When what is written is read otherwise.
pub fn check(bytes: &[u8]) {
    let headers = Headers::parse(bytes);
    let again = Headers::parse(&headers.to_bytes());
    for name in ["Tag", "Wheel-Version", "Root-Is-Purelib", "Build", "tag"] {
        assert_eq!(headers.get_all(name), again.get_all(name), "{name}");
    }
    let mut set = headers.clone();
    set.set("Wheel-Version", "1.0");
    set.set_all("Tag", &["py3-none-any"]);
    let set = Headers::parse(&set.to_bytes());
    assert_eq!(set.get("Wheel-Version").as_deref(), Some("1.0"));
    assert_eq!(set.get_all("Tag"), ["py3-none-any"]);
    let archive = wheels::of_files(&[], bytes);
    let name = WheelFilename::parse("demo-1.0-py3-none-any.whl").expect("it is one");
    let _ = Wheel::open(&archive, &name, &Limits::default());
}
