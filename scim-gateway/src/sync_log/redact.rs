//! Takes out of a body or filter what must not be kept: passwords, PINs, and the numbers of cards and badges. Pure.
//!
//! Names decide, in any case and at any depth: a name that speaks of a secret loses its value, whatever that is. So does
//! the `value` of a PATCH operation whose path does, or of an element whose `type` or `name` does. Where that takes out
//! more than it must, a log is poorer; where it took out less, it would hold a key to somebody's door.

use rollcall_scim::{filter::ast::Expression, fold::fold};
use serde_json::{Map, Value};

/// What stands for what was taken out.
pub(super) const REDACTED: &str = "[redacted]";
/// The fewest characters of a value that are looked for in other texts.
const MIN_SCRUBBED: usize = 3;
/// A value that is quoted in part is found by so many characters.
const HEAD: usize = 4;

/// Parts of names that speak of secrets. Of known schemas: `badgeId` and `authPin`; `cardNumber`, `pin` and
/// `cardRegistrationCode`; `MFD_` and what follows.
const PARTS: [&str; 15] = [
    "password",
    "passwd",
    "passcode",
    "passphrase",
    "secret",
    "credential",
    "token",
    "card",
    "badge",
    "mfd",
    "rfid",
    "barcode",
    "magstripe",
    "pincode",
    "pinnumber",
];
/// Words within names that do: `authPin`, `print-pin`.
const WORDS: [&str; 5] = ["pin", "pins", "puk", "pwd", "otp"];
/// Keys that say what the other keys of an object are about.
const ROLES: [&str; 6] = ["path", "name", "type", "key", "attribute", "attributename"];
/// Keys beside those that tell nothing secret.
const PLAIN: [&str; 4] = ["op", "primary", "method", "bulkid"];

/// The values that were taken out, so that they can be looked for elsewhere.
#[derive(Debug, Default)]
pub(super) struct Removed(Vec<String>);

impl Removed {
    /// Takes the values out of a text that may quote them, whole or cut.
    pub(super) fn scrub(&self, text: &str) -> String {
        let long = self.0.iter().filter(|value| value.chars().count() >= MIN_SCRUBBED);
        long.fold(text.to_owned(), |text, value| without(&text, value))
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.0.push(text.clone()),
            Value::Number(number) => self.0.push(number.to_string()),
            Value::Array(values) => values.iter().for_each(|value| self.add(value)),
            Value::Object(object) => object.values().for_each(|value| self.add(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn take(&mut self, value: &mut Value) {
        // That something is not set, or is switched off, is no secret, and often why a request failed.
        if !matches!(value, Value::Null | Value::Bool(_)) {
            self.add(value);
            *value = REDACTED.into();
        }
    }
}

/// Takes out of a text whatever begins as the value does, as far as it goes on so.
fn without(text: &str, value: &str) -> String {
    let head: String = value.chars().take(HEAD).collect();
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, _)) = rest.split_once(&head) {
        let found = rest.get(before.len()..).unwrap_or_default();
        let same = found.chars().zip(value.chars()).take_while(|(a, b)| a == b);
        let length: usize = same.map(|(c, _)| c.len_utf8()).sum();
        shown.push_str(before);
        shown.push_str(REDACTED);
        rest = found.get(length..).unwrap_or_default();
    }
    shown + rest
}

/// Takes the secrets out of JSON.
pub(super) fn json(value: &mut Value, removed: &mut Removed) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| json(value, removed)),
        Value::Object(map) => object(map, removed),
        Value::String(text) => embedded(text, removed),
        _ => {}
    }
}

fn object(object: &mut Map<String, Value>, removed: &mut Removed) {
    let about_secret = object
        .iter()
        .any(|(key, value)| ROLES.contains(&fold(key).as_ref()) && value.as_str().is_some_and(is_secret));
    for (key, value) in object.iter_mut() {
        let key = fold(key);
        let role = ROLES.contains(&key.as_ref());
        match value {
            Value::String(text) if role || key == "filter" => *text = filter(text, removed),
            _ if is_secret(&key) => removed.take(value),
            _ if about_secret && !role && !PLAIN.contains(&key.as_ref()) => removed.take(value),
            value => json(value, removed),
        }
    }
    // A key may hold a filter: `cards[value eq "1"].display`.
    let odd: Vec<String> = object
        .keys()
        .filter(|key| is_secret(key) && filter(key, &mut Removed::default()) != **key)
        .cloned()
        .collect();
    for key in odd {
        if let Some(value) = object.remove(&key) {
            object.insert(filter(&key, removed), value);
        }
    }
}

/// JSON as the text of a value.
fn embedded(text: &mut String, removed: &mut Removed) {
    if text.trim_start().starts_with(['{', '[']) && is_secret(text) {
        if let Ok(mut value) = serde_json::from_str(text) {
            json(&mut value, removed);
            *text = value.to_string();
        } else {
            removed.0.push(text.clone());
            REDACTED.clone_into(text);
        }
    }
}

/// Takes the literals out of a filter or path that speaks of a secret. Of what is neither, nothing is left.
pub(super) fn filter(text: &str, removed: &mut Removed) -> String {
    if !is_secret(text) {
        return text.to_owned();
    }
    if is_path(text) {
        return text.to_owned();
    }
    let pieces = text.split(|c: char| c.is_whitespace() || "\"[]()\\".contains(c));
    removed.0.extend(pieces.filter(|piece| !is_secret(piece)).map(str::to_owned));
    if let Some((name, rest)) = text.split_once('[')
        && let Some((_, sub)) = rest.rsplit_once(']')
        && is_path(name)
        && (sub.is_empty() || is_path(sub))
    {
        return format!("{name}[{REDACTED}]{sub}");
    }
    let read = Expression::parse(text).ok();
    read.and_then(|_| without_literals(text)).unwrap_or_else(|| REDACTED.to_owned())
}

/// A filter that can be read, with its texts and numbers taken out; none where a name has an odd character, behind which
/// a value might hide.
fn without_literals(text: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => quoted(rest),
            _ if is_plain(first) => rest.find(|c| !is_plain(c)).unwrap_or(rest.len()),
            _ if first.is_whitespace() || "()[]".contains(first) => first.len_utf8(),
            _ => return None,
        };
        let (token, further) = rest.split_at(length);
        let literal = first == '"' || first == '-' || first.is_ascii_digit();
        shown.push_str(if literal { REDACTED } else { token });
        rest = further;
    }
    Some(shown)
}

/// The length of the quoted text at the beginning.
fn quoted(text: &str) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether it is a name or a path of names, and has no room for a literal.
fn is_path(text: &str) -> bool {
    text.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-$.:".contains(c)
}

/// Whether any name in a text speaks of a secret.
fn is_secret(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(is_secret_name)
}

fn is_secret_name(name: &str) -> bool {
    let joined: String = fold(name).chars().filter(|c| c.is_alphanumeric()).collect();
    let joined = joined.trim_end_matches(|c: char| c.is_ascii_digit());
    PARTS.iter().any(|part| joined.contains(part))
        || joined.starts_with("pin")
        || joined.ends_with("pin")
        || WORDS.contains(&joined)
        || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name in lower case: `authPin2` is `auth` and `pin`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if (c.is_uppercase() && after_small) || !c.is_alphabetic() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphabetic()) {
            word.push_str(&fold(c.encode_utf8(&mut [0; 4])));
        }
        after_small = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests;
