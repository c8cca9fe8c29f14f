//! Conditional requests by entity tag (RFC 7644 section 3.14, RFC 9110 section 13.1).

use http::{
    HeaderMap, HeaderValue,
    header::{HeaderName, IF_MATCH, IF_NONE_MATCH},
};

use crate::error::Error;

/// What a condition names.
#[derive(Debug, PartialEq)]
enum Tags {
    /// `*`: whatever there is.
    Any,
    /// These versions. All are written in the weak form: SCIM's versions are weak, and clients send them back with or
    /// without the `W/`.
    List(Vec<String>),
}

/// The versions at which a write may happen; empty for any.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Vec<String>, Error> {
    match tags(headers, IF_MATCH) {
        Ok(None | Some(Tags::Any)) => Ok(Vec::new()),
        Ok(Some(Tags::List(list))) => Ok(list),
        // To write as if there were no condition would be the harm the client wanted to prevent.
        Err(Malformed) => {
            Err(Error::Value(r#"If-Match must be * or a list of entity tags such as W/"3""#.to_owned()))
        }
    }
}

/// The version at which an operation of a bulk request may happen, by its `version`; empty for any.
pub(crate) fn version(text: &str) -> Result<Vec<String>, Error> {
    let malformed = || Error::Value(r#"version must be an entity tag such as W/"3""#.to_owned());
    let value = HeaderValue::from_str(text).map_err(|_| malformed())?;
    if_match(&HeaderMap::from_iter([(IF_MATCH, value)])).map_err(|_| malformed())
}

/// Whether the client holds this version already, so that a read is answered 304. A malformed condition is none.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    match tags(headers, IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(list))) => list.iter().any(|tag| tag == etag),
        Ok(None) | Err(Malformed) => false,
    }
}

#[derive(Debug, PartialEq)]
struct Malformed;

/// The tags of every header line of that name; none without a line.
fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Malformed> {
    let mut list = Vec::new();
    let mut any = false;
    let mut given = false;
    for line in headers.get_all(name) {
        given = true;
        let mut rest = line.to_str().map_err(|_| Malformed)?.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('*') {
                any = true;
                rest = after;
            } else {
                let opaque = rest.strip_prefix("W/").or_else(|| rest.strip_prefix("w/")).unwrap_or(rest);
                // A comma may be part of a tag, a quote may not.
                let (tag, after) =
                    opaque.strip_prefix('"').and_then(|text| text.split_once('"')).ok_or(Malformed)?;
                list.push(format!("W/\"{tag}\""));
                rest = after;
            }
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start_matches([',', ' ', '\t']),
                None if rest.is_empty() => {}
                None => return Err(Malformed),
            }
        }
    }
    match (given, any, list.is_empty()) {
        (false, ..) => Ok(None),
        (_, true, true) => Ok(Some(Tags::Any)),
        (_, false, false) => Ok(Some(Tags::List(list))),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn if_match_names_versions() {
        for (lines, versions) in [
            (&[][..], &[][..]),
            (&["*"], &[]),
            (&[" * "], &[]),
            (&[r#"W/"1""#], &[r#"W/"1""#]),
            (&[r#""1""#], &[r#"W/"1""#]),
            (&[r#"w/"1""#], &[r#"W/"1""#]),
            (&[r#"W/"1", "2",W/"3""#], &[r#"W/"1""#, r#"W/"2""#, r#"W/"3""#]),
            (&[r#"W/"1""#, r#"W/"2""#], &[r#"W/"1""#, r#"W/"2""#]),
            (&[r#"W/"a,b", ,"c""#], &[r#"W/"a,b""#, r#"W/"c""#]),
        ] {
            assert_eq!(if_match(&headers(IF_MATCH, lines)).unwrap(), versions, "{lines:?}");
        }
    }

    #[test]
    fn a_malformed_if_match_is_refused() {
        for line in ["", "1", "W/1", r#"W/"1"#, r#"W/"1" W/"2""#, r#"*, "1""#, "**", "W/", r#"""""#] {
            assert!(if_match(&headers(IF_MATCH, &[line])).is_err(), "{line}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for (line, known) in [
            (r#"W/"3""#, true),
            (r#""3""#, true),
            (r#""1", W/"3""#, true),
            ("*", true),
            (r#"W/"2""#, false),
            ("3", false),
            ("", false),
        ] {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, &[line]), r#"W/"3""#), known, "{line}");
        }
        assert!(!is_known(&HeaderMap::new(), r#"W/"3""#));
    }
}
