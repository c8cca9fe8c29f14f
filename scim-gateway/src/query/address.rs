//! The parameters of an address. An unknown one is ignored, names are read without regard to case.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::Given;
use crate::error::Error;

pub(super) fn read(text: &str) -> Result<Given, Error> {
    let mut given = Given::default();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?.to_ascii_lowercase();
        let (name, slot) = match name.as_str() {
            "attributes" => ("attributes", &mut given.attributes),
            "excludedattributes" => ("excludedAttributes", &mut given.excluded),
            "filter" => ("filter", &mut given.filter),
            "sortby" => ("sortBy", &mut given.sort_by),
            "sortorder" => ("sortOrder", &mut given.sort_order),
            "startindex" => ("startIndex", &mut given.start_index),
            "count" => ("count", &mut given.count),
            "cursor" => ("cursor", &mut given.cursor),
            _ => continue,
        };
        let value = decode(value)?;
        if value.trim().is_empty() && name != "cursor" {
            continue;
        }
        match slot {
            // Lists may come in pieces: `attributes=id&attributes=userName`.
            Some(list) if name == "attributes" || name == "excludedAttributes" => {
                list.push(',');
                list.push_str(&value);
            }
            // Two different filters have no meaning together, and to take one of them would answer another question.
            Some(first) if *first != value => {
                return Err(Error::Value(format!("{name} is given twice with different values")));
            }
            Some(_) => {}
            None => *slot = Some(value.into_owned()),
        }
    }
    Ok(given)
}

/// As HTML forms encode it: plus is a space, which OneLogin relies on.
fn decode(text: &str) -> Result<Cow<'_, str>, Error> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let invalid = |_| Error::Value("a query parameter is not UTF-8 after percent-decoding".to_owned());
    match spaced {
        Cow::Borrowed(text) => percent_decode_str(text).decode_utf8().map_err(invalid),
        Cow::Owned(text) => {
            percent_decode_str(&text).decode_utf8().map(|text| Cow::Owned(text.into_owned())).map_err(invalid)
        }
    }
}
