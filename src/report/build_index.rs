//! The folder as an index of packages (PEP 503): pages for pip's `--index-url`.

use std::collections::BTreeMap;

use crate::plan::Made;

/// The pages, by their path below the wheelhouse.
pub fn index_pages(made: &[Made]) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut projects = String::new();
    for one in made {
        let name = escaped(one.name.as_str());
        projects.push_str(&format!("<a href=\"{name}/\">{name}</a><br>\n"));
        let wheel = escaped(one.wheel.as_str());
        let link = format!(
            "<a href=\"../../{wheel}#sha256={}\">{wheel}</a><br>\n",
            one.sha256
        );
        pages.insert(
            format!("simple/{}/index.html", one.name.as_str()),
            page(&name, &link),
        );
    }
    pages.insert("simple/index.html".to_owned(), page("index", &projects));
    pages
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta name=\"pypi:repository-version\" content=\"1.0\">\n\
         <title>{title}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// As it stands in a page, and in an address: names hold letters, digits and few signs.
fn escaped(name: &str) -> String {
    name.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('+', "%2B")
}
