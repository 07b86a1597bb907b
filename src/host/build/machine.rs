//! What compilers have to share.

use std::collections::BTreeMap;

use super::files::MOST_TEXT;
use crate::host::open;

/// How many cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How many bytes of memory are free, within the limit of the container; 0: nobody knows.
pub fn free_memory() -> u64 {
    let text = |path: &str| open::text(path.as_ref(), MOST_TEXT).unwrap_or_default();
    let number = |path: &str| text(path).trim().parse::<u64>().ok();
    let meminfo = text("/proc/meminfo");
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let machine = kilobytes.map_or(0, |kilobytes| kilobytes.saturating_mul(1024));
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or(0);
    match number("/sys/fs/cgroup/memory.max") {
        Some(most) if machine > 0 => machine.min(most.saturating_sub(used)),
        _ => machine,
    }
}

/// Those of these variables that are set to something.
pub fn variables(names: &[&str]) -> BTreeMap<String, String> {
    let values = names.iter().filter_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(((*name).to_owned(), value))
    });
    values.collect()
}
