//! The key by which text is compared where case does not count.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_compatible;

/// The key of a text: two texts are the same name exactly when their keys are equal.
///
/// Wherever the PRECIS profile UsernameCaseMapped (RFC 8265 section 3.3) accepts a text, the key is what that profile
/// makes of it: full-width and half-width characters become the ordinary ones, each character becomes lower-case, and
/// the whole is composed (NFC). But PRECIS refuses spaces, symbols and mixed directions, which directories hold, so
/// this function refuses nothing. It is idempotent, and independent of locale and database.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let has_capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if has_capital { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
    }
    Cow::Owned(text.chars().map(narrow).flat_map(char::to_lowercase).nfc().collect())
}

/// The width mapping: the character that a full-width or half-width form stands for, by the `<wide>` and `<narrow>`
/// decompositions of the Unicode Character Database, one step deep.
fn narrow(c: char) -> char {
    let offset = |base: u32, from: u32| char::from_u32(base + (u32::from(c) - from)).unwrap_or(c);
    match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => offset(0x21, 0xFF01),
        // Katakana: here, unlike below, the full decomposition is the one step.
        '\u{FF5F}'..='\u{FF9F}' => {
            let mut narrowed = c;
            decompose_compatible(c, |to| narrowed = to);
            narrowed
        }
        // Hangul letters.
        '\u{FFA0}' => '\u{3164}',
        '\u{FFA1}'..='\u{FFBE}' => offset(0x3131, 0xFFA1),
        '\u{FFC2}'..='\u{FFC7}' => offset(0x314F, 0xFFC2),
        '\u{FFCA}'..='\u{FFCF}' => offset(0x3155, 0xFFCA),
        '\u{FFD2}'..='\u{FFD7}' => offset(0x315B, 0xFFD2),
        '\u{FFDA}'..='\u{FFDC}' => offset(0x3161, 0xFFDA),
        // Signs.
        '\u{FFE0}' => '¢',
        '\u{FFE1}' => '£',
        '\u{FFE2}' => '¬',
        '\u{FFE3}' => '¯',
        '\u{FFE4}' => '¦',
        '\u{FFE5}' => '¥',
        '\u{FFE6}' => '₩',
        '\u{FFE8}' => '\u{2502}',
        '\u{FFE9}'..='\u{FFEC}' => offset(0x2190, 0xFFE9),
        '\u{FFED}' => '\u{25A0}',
        '\u{FFEE}' => '\u{25CB}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use precis_core::profile::Profile as _;
    use precis_profiles::UsernameCaseMapped;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    /// Holds for one text what must hold for every text.
    fn check(text: &str) {
        let folded = fold(text);
        assert_eq!(fold(&folded), folded, "not idempotent on {text:?}");
        assert!(folded.chars().nfc().eq(folded.chars()), "not composed: {folded:?}");
        if let Ok(precis) = UsernameCaseMapped::new().enforce(text) {
            assert_eq!(folded, precis, "PRECIS differs on {text:?}");
        }
    }

    #[test]
    fn the_same_name_has_the_same_key() {
        for (text, key) in [
            ("bjensen@example.com", "bjensen@example.com"),
            ("BJensen@Example.COM", "bjensen@example.com"),
            ("\u{C4}pfel", "\u{E4}pfel"),
            ("A\u{308}pfel", "\u{E4}pfel"),
            // Sharp s is a letter of its own, and its capital folds to it.
            ("stra\u{DF}e", "stra\u{DF}e"),
            ("STRA\u{1E9E}E", "stra\u{DF}e"),
            ("STRASSE", "strasse"),
            // The Turkish capital I with a dot becomes an i with a dot above, in every locale.
            ("\u{130}zmir", "i\u{307}zmir"),
            ("I\u{307}zmir", "i\u{307}zmir"),
            ("\u{131}", "\u{131}"),
            // Sigma is mapped letter by letter: the final form is another letter.
            ("ΣΑΣ", "σασ"),
            ("ｂＪ＿１", "bj_1"),
            ("ｶﾞ", "ガ"),
            ("a\u{3000}b", "a b"),
            ("Kelvin \u{212A}", "kelvin k"),
            ("", ""),
            ("anna maria ☂", "anna maria ☂"),
        ] {
            assert_eq!(fold(text), key, "{text:?}");
            check(text);
        }
    }

    #[test]
    fn every_character_alone_and_before_a_mark() {
        for c in '\0'..=char::MAX {
            check(&c.to_string());
            check(&format!("a{c}\u{301}\u{345}"));
        }
    }

    proptest! {
        #[test]
        fn every_text(text in "\\PC*") {
            check(&text);
        }

        #[test]
        fn composition_does_not_count(text in "[\\p{Latin}\\p{Greek}\\p{Cyrillic}]{0,20}") {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&decomposed), fold(&text));
        }
    }
}
