//! `docs/openapi.yaml` has every route, and no others.

use std::collections::BTreeSet;

const ROUTES: &str = include_str!("../router.rs");
const DOCUMENT: &str = include_str!("../../../docs/openapi.yaml");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The routes of the source: each path below the Tenant URL with its methods.
fn routes() -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for route in ROUTES.split(".route(").skip(1) {
        let (path, handlers) = route.split_once("\",").unwrap();
        let (_, path) = path.split_once("\"/{account}/scim/v2").unwrap();
        let path = if path.is_empty() { "/" } else { path };
        // The next route begins where this text ends; a comment between them is none of it.
        let handlers = handlers.split("//").next().unwrap();
        let has = |name: &str| {
            [format!(" {name}("), format!(".{name}(")].iter().any(|call| handlers.contains(call))
        };
        let methods = METHODS.into_iter().filter(|method| has(method) || has("any"));
        let before = routes.len();
        routes.extend(methods.map(|method| (path.to_owned(), method.to_owned())));
        assert!(routes.len() > before, "{path}");
    }
    routes
}

/// The operations of the document: two spaces before a path, four before a method.
fn operations() -> BTreeSet<(String, String)> {
    let (_, paths) = DOCUMENT.split_once("\npaths:\n").unwrap();
    let (paths, _) = paths.split_once("\ncomponents:\n").unwrap();
    let mut operations = BTreeSet::new();
    let mut path = "";
    for line in paths.lines() {
        match line.strip_prefix("  ").unwrap_or_default() {
            next if next.starts_with('/') => path = next.trim_end_matches(':'),
            inner => {
                let key = inner.strip_prefix("  ").and_then(|key| key.split_once(':')).unwrap_or_default().0;
                if METHODS.contains(&key) {
                    operations.insert((path.to_owned(), key.to_owned()));
                }
            }
        }
    }
    operations
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let (routes, operations) = (routes(), operations());
    assert!(routes.len() > 20, "{routes:?}");
    assert_eq!(routes, operations);
}
