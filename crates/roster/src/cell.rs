//! What a cell may hold, and what a spreadsheet has done to it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use rollcall_card::conversion::spreadsheet_damage;

use crate::Field;

/// The most characters of a cell that a problem repeats.
const MAX_SHOWN: usize = 40;

/// What a row says of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    /// Nothing: the file has no such column. What there is stays.
    #[default]
    Absent,
    /// That there is none.
    Empty,
    /// This.
    Text(String),
}

impl Cell {
    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The text of a cell, cleaned of what spreadsheets put around it; or why it cannot be taken.
pub(crate) fn read(field: Field, bytes: &[u8]) -> Result<Cell, String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err("is not UTF-8: save the file as CSV UTF-8, or import it as Windows-1252".to_owned());
    };
    if text.contains('\u{fffd}') {
        return Err("has a character that could not be read: save the file as CSV UTF-8".to_owned());
    }
    let text = unwrapped(text.trim());
    if text.is_empty() {
        return Ok(Cell::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character or a line break".to_owned());
    }
    if text.chars().count() > field.most() {
        return Err(format!("has more than {} characters", field.most()));
    }
    if field.is_number_like()
        && let Some(damage) = spreadsheet_damage(text)
    {
        return Err(damage.to_owned());
    }
    if is_formula(text) {
        return Err(format!(
            "{}is a formula of a spreadsheet: paste values only, and export it again",
            quoted(field, text)
        ));
    }
    if field == Field::Email && !text.contains('@') {
        return Err(format!("{}is no e-mail address", quoted(field, text)));
    }
    Ok(Cell::Text(text.to_owned()))
}

/// `="00123"` and `'00123`: how people keep a spreadsheet from making a number of it.
fn unwrapped(text: &str) -> &str {
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let apostrophe = || {
        text.strip_prefix('\'')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || "+-=@".contains(c)))
    };
    formula.or_else(apostrophe).unwrap_or(text)
}

fn is_formula(text: &str) -> bool {
    let after_sign = text.strip_prefix(['+', '-']).and_then(|rest| rest.chars().next());
    text.starts_with(['=', '@']) || after_sign.is_some_and(|first| first.is_alphabetic() || first == '(')
}

/// As much of a text as a problem repeats, and nothing of a secret.
fn quoted(field: Field, text: &str) -> String {
    if field.is_secret() {
        return String::new();
    }
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("`{shown}{more}` ")
}

/// Yes or no, as exporters write it.
pub(crate) fn truth(text: &str) -> Result<bool, String> {
    const YES: [&str; 10] = ["true", "yes", "1", "active", "enabled", "y", "ja", "oui", "aktiv", "x"];
    const NO: [&str; 9] = ["false", "no", "0", "inactive", "disabled", "n", "nein", "non", "inaktiv"];
    let lower = text.to_lowercase();
    if YES.contains(&lower.as_str()) {
        return Ok(true);
    }
    if NO.contains(&lower.as_str()) {
        return Ok(false);
    }
    Err(format!("{}is neither yes nor no: write true or false", quoted(Field::Active, text)))
}

/// A moment in Unix milliseconds. A date alone is its beginning in UTC, or the end of it where something is valid until then.
pub(crate) fn moment(field: Field, text: &str) -> Result<i64, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_millis());
    }
    for form in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Ok(time.and_utc().timestamp_millis());
        }
    }
    let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") else {
        return Err(format!("{}is no date: write it as 2026-12-31", quoted(field, text)));
    };
    let begins = date.and_time(NaiveTime::MIN).and_utc();
    let days = TimeDelta::days(i64::from(field == Field::CardValidUntil));
    Ok((begins + days).timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_do_is_undone_or_refused() {
        for (field, bytes, text) in [
            (Field::Card, &b" 04A1 "[..], Some("04A1")),
            (Field::Card, b"=\"00123\"", Some("00123")),
            (Field::Card, b"'00123", Some("00123")),
            (Field::FamilyName, b"'t Hooft", Some("'t Hooft")),
            (Field::Title, b"+41 79 555", Some("+41 79 555")),
            (Field::Card, b"", None),
            (Field::Card, b"=\"\"", None),
        ] {
            assert_eq!(read(field, bytes).unwrap().text(), text);
        }
        for (field, bytes, problem) in [
            (Field::Card, &b"1.23E+09"[..], "has rounded this number"),
            (Field::Card, b"1,23E+09", "has rounded this number"),
            (Field::Pin, b"1234.0", "decimal fraction"),
            (Field::DisplayName, b"=A1&B1", "`=A1&B1` is a formula"),
            (Field::DisplayName, b"@SUM(A1)", "is a formula"),
            (Field::DisplayName, b"-cmd|' /C calc'!A0", "is a formula"),
            (Field::FamilyName, b"M\xfcller", "not UTF-8"),
            (Field::FamilyName, "M\u{fffd}ller".as_bytes(), "could not be read"),
            (Field::FamilyName, b"a\x00b", "control character"),
            (Field::FamilyName, b"a\nb", "line break"),
            (Field::Email, b"anna", "`anna` is no e-mail address"),
        ] {
            let said = read(field, bytes).unwrap_err();
            assert!(said.contains(problem), "{said}");
        }
        let long = read(Field::UserName, &b"x".repeat(256)).unwrap_err();
        assert!(long.contains("more than 255"), "{long}");
        let cut = read(Field::DisplayName, format!("={}", "x".repeat(100)).as_bytes()).unwrap_err();
        assert!(cut.starts_with(&format!("`={}…` is a formula", "x".repeat(39))), "{cut}");
        let secret = read(Field::Card, b"@0123456789").unwrap_err();
        assert!(!secret.contains("0123"), "{secret}");
    }

    #[test]
    fn truths_and_moments() {
        for (text, expected) in
            [("TRUE", true), ("Ja", true), ("1", true), ("disabled", false), ("non", false)]
        {
            assert_eq!(truth(text), Ok(expected));
        }
        assert!(truth("maybe").unwrap_err().contains("`maybe` is neither"));
        let day = 24 * 60 * 60 * 1000;
        assert_eq!(moment(Field::CardValidFrom, "1970-01-02"), Ok(day));
        assert_eq!(moment(Field::CardValidUntil, "1970-01-02"), Ok(2 * day));
        assert_eq!(moment(Field::CardValidUntil, "1970-01-02T01:00:00+01:00"), Ok(day));
        assert_eq!(moment(Field::CardValidUntil, "1970-01-02 00:00"), Ok(day));
        assert!(moment(Field::CardValidUntil, "31.12.2026").unwrap_err().contains("write it as"));
    }
}
