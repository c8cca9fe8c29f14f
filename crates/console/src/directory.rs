//! Finding people and groups by a text that somebody types. Pure.

use serde_json::Value;

/// The longest text to search for, in characters.
pub const MAX_TEXT: usize = 200;

/// The SCIM filter of those whose name, userName or e-mail address begins with a text, or whose externalId is it; empty
/// for an empty text.
pub fn users(text: &str) -> String {
    any_of(
        text,
        &[
            ("userName", "sw"),
            ("displayName", "sw"),
            ("name.familyName", "sw"),
            ("name.givenName", "sw"),
            ("emails.value", "sw"),
            ("externalId", "eq"),
        ],
    )
}

/// The SCIM filter of the groups whose name begins with a text, or whose externalId is it; empty for an empty text.
pub fn groups(text: &str) -> String {
    any_of(text, &[("displayName", "sw"), ("externalId", "eq")])
}

fn any_of(text: &str, terms: &[(&str, &str)]) -> String {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    if text.is_empty() {
        return String::new();
    }
    // Texts in filters are JSON strings (RFC 7644 section 3.4.2.2).
    let quoted = Value::String(text).to_string();
    let terms: Vec<String> =
        terms.iter().map(|(name, operator)| format!("{name} {operator} {quoted}")).collect();
    terms.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_filter() {
        assert_eq!(users("  "), "");
        assert_eq!(groups(" Staff "), r#"displayName sw "Staff" or externalId eq "Staff""#);
        assert!(users("o'hara").starts_with(r#"userName sw "o'hara" or displayName sw "o'hara""#));
    }

    #[test]
    fn a_hostile_text_stays_a_text() {
        assert_eq!(groups(r#"" or id pr or displayName eq ""#), {
            let text = r#""\" or id pr or displayName eq \"""#;
            format!("displayName sw {text} or externalId eq {text}")
        });
        assert_eq!(groups("a\\\0\n"), r#"displayName sw "a\\" or externalId eq "a\\""#);
        assert!(users(&"x".repeat(100_000)).len() < 2000);
    }
}
