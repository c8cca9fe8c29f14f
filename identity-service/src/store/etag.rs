//! Weak entity tags: `W/"3"` for the third version of a resource.

use super::error::Error;

/// The etag of a version.
pub(crate) fn of(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The version of an etag that [`of`] made.
pub(crate) fn version(etag: &str) -> i64 {
    etag.trim_start_matches("W/").trim_matches('"').parse().unwrap_or_default()
}

/// Refuses unless `current` is among `allowed`, or nothing is asked. The comparison is the weak one of RFC 9110
/// section 8.8.3.2: `"3"` is `W/"3"`.
pub(crate) fn check(current: &str, allowed: &[String]) -> Result<(), Error> {
    let opaque = |etag: &str| etag.strip_prefix("W/").unwrap_or(etag).to_owned();
    if allowed.is_empty() || allowed.iter().any(|etag| opaque(etag) == opaque(current)) {
        return Ok(());
    }
    Err(Error::Etag { current: current.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_weakly() {
        assert_eq!(version(&of(7)), 7);
        let check = |allowed: &[&str]| {
            check(&of(3), &allowed.iter().map(|&e| e.to_owned()).collect::<Vec<_>>()).is_ok()
        };
        assert!(check(&[]) && check(&["W/\"3\""]) && check(&["\"3\""]) && check(&["W/\"1\"", "W/\"3\""]));
        assert!(!check(&["W/\"1\""]) && !check(&["3"]) && !check(&[""]));
    }
}
