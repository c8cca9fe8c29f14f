//! `docs/conformance.toml` says what the RFCs require and which test shows it. Here is checked that every test it names
//! exists, and that `docs/conformance.md` is made of it: `ROLLCALL_BLESS=1` makes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    requirement: Vec<Requirement>,
}

/// One requirement. Exactly one of the last three says how it is met.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    /// The RFC, the section, and a number.
    id: String,
    level: String,
    says: String,
    #[serde(default)]
    tests: Vec<String>,
    deviation: Option<String>,
    not_applicable: Option<String>,
}

impl Requirement {
    /// The number of the RFC, and the section.
    fn place(&self) -> (&str, &str) {
        let (place, _) = self.id.rsplit_once('-').unwrap();
        place.split_once('-').unwrap()
    }
}

const RFCS: [(&str, &str); 3] =
    [("7643", "Core Schema"), ("7644", "Protocol"), ("9865", "Cursor-Based Pagination")];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn requirements() -> Vec<Requirement> {
    let text = std::fs::read_to_string(root().join("docs/conformance.toml")).unwrap();
    toml::from_str::<Table>(&text).unwrap().requirement
}

#[test]
fn every_requirement_is_shown_or_says_why_not() {
    let mut ids = BTreeSet::new();
    for requirement in requirements() {
        let id = &requirement.id;
        assert!(ids.insert(id.clone()), "{id} is there twice");
        let (rfc, section) = requirement.place();
        assert!(RFCS.iter().any(|(known, _)| *known == rfc), "{id}");
        assert!(section.split('.').all(|part| part.parse::<u8>().is_ok()), "{id}");
        assert!(["MUST", "SHALL", "SHOULD", "MAY"].contains(&requirement.level.as_str()), "{id}");
        let ways = [
            !requirement.tests.is_empty(),
            requirement.deviation.is_some(),
            requirement.not_applicable.is_some(),
        ];
        assert_eq!(
            ways.into_iter().filter(|way| *way).count(),
            1,
            "{id} needs tests, a deviation, or a reason why it does not apply"
        );
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut sources = BTreeMap::new();
    for requirement in requirements() {
        for test in &requirement.tests {
            let (file, function) = test.split_once("::").unwrap_or_else(|| panic!("{test}: file::function"));
            let source = sources.entry(file.to_owned()).or_insert_with(|| {
                std::fs::read_to_string(root().join(file))
                    .unwrap_or_else(|cause| panic!("{}: {file}: {cause}", requirement.id))
            });
            assert!(is_test(source, function), "{}: there is no test {function} in {file}", requirement.id);
        }
    }
}

/// Whether the source has a function of this name with an attribute before it that makes it a test.
fn is_test(source: &str, function: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {function}(")) else { return false };
    let (before, _) = before.rsplit_once('\n').unwrap_or_default();
    let mut attributes = before.lines().rev().take_while(|line| {
        let line = line.trim();
        line.starts_with("#[") || line.starts_with("//")
    });
    attributes.any(|line| line.contains("test]") || line.contains("::test("))
}

#[test]
fn the_page_is_made_of_the_table() {
    let page = root().join("docs/conformance.md");
    let made = page_of(&requirements());
    if std::env::var_os("ROLLCALL_BLESS").is_some() {
        std::fs::write(&page, made).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == made,
        "docs/conformance.md is stale: ROLLCALL_BLESS=1 cargo test -p rollcall --test it conformance"
    );
}

fn page_of(requirements: &[Requirement]) -> String {
    let shown = requirements.iter().filter(|requirement| !requirement.tests.is_empty()).count();
    let deviates = |requirement: &&Requirement| requirement.deviation.is_some();
    let deviations: Vec<&Requirement> = requirements.iter().filter(deviates).collect();
    let elsewhere = requirements.len() - shown - deviations.len();
    let mut page = format!(
        "<!-- Made of conformance.toml by tests/it/conformance.rs; change it there. -->\n\n\
         # Conformance\n\n\
         What RFC 7643, RFC 7644 and RFC 9865 ask of a service provider, in short words of our own, and the test that shows \
         it: {} requirements,\n{shown} shown by tests, {} that Rollcall does not meet and says why, {elsewhere} that do not \
         concern it. The tests run on SQLite and on PostgreSQL\nwherever something is stored. A test fails when a test named here \
         is gone, and when this page is not what the table makes.\n\n\
         Errata that are counted in: 4670, 7319, 7322, 8097.\n\n\
         ## Deviations\n\n",
        requirements.len(),
        deviations.len(),
    );
    for requirement in &deviations {
        let (rfc, section) = requirement.place();
        let why = requirement.deviation.as_deref().unwrap_or_default();
        writeln!(
            page,
            "- RFC {rfc} section {section}, {}: {}. *{why}.*",
            requirement.level, requirement.says
        )
        .unwrap();
    }
    for (rfc, title) in RFCS {
        writeln!(
            page,
            "\n## RFC {rfc}: {title}\n\n| section | level | requirement | shown by |\n|---|---|---|---|"
        )
        .unwrap();
        for requirement in requirements.iter().filter(|requirement| requirement.place().0 == rfc) {
            let section = requirement.place().1;
            let link = format!("[{section}](https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section})");
            let says = requirement.says.replace('|', "\\|");
            writeln!(page, "| {link} | {} | {says} | {} |", requirement.level, how(requirement)).unwrap();
        }
    }
    page
}

fn how(requirement: &Requirement) -> String {
    match (&requirement.deviation, &requirement.not_applicable) {
        (Some(why), _) => format!("**deviation**: {why}"),
        (_, Some(why)) => format!("not applicable: {why}"),
        _ => {
            let link = |test: &String| {
                let (file, function) = test.split_once("::").unwrap();
                format!("[{}](../{file})", function.replace('_', " "))
            };
            requirement.tests.iter().map(link).collect::<Vec<_>>().join(", ")
        }
    }
}
