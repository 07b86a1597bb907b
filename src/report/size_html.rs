//! Sizes as one page: a treemap to look into, before and after. The page needs no network.

use serde_json::json;

use super::size::steps;
use crate::plan::TreeSize;

const PAGE: &str = include_str!("size.html");

/// The page. Names get into it as JSON only, in which nothing can end the script.
pub fn size_html(name: &str, size: &TreeSize) -> String {
    let packages: Vec<_> = size
        .packages
        .iter()
        .map(|(name, package)| {
            let files: Vec<_> = package
                .files
                .iter()
                .map(|(path, category, before, after)| {
                    json!([path.as_str(), category.name(), before, after])
                })
                .collect();
            json!({"name": name, "files": files})
        })
        .collect();
    let steps: Vec<_> = steps(&size.savings).into_iter().collect();
    let data = json!({"name": name, "total": size.total, "packages": packages, "steps": steps});
    let text = data
        .to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    PAGE.replacen("/*DATA*/null", &text, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PackageSize;

    #[test]
    fn no_name_can_end_the_script() {
        let mut size = TreeSize::default();
        let name = "</script><script>alert(1)</script>".to_owned();
        size.packages.insert(name.into(), PackageSize::default());
        let page = size_html("<!--", &size);
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<!--"));
        assert!(!page.contains("http"));
    }
}
