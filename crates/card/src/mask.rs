//! How a card number is shown: enough of it to tell two cards of a person apart, too little to make a card of.

/// What stands for a character that is not shown.
const DOT: char = '•';
/// The most dots: the length of a long number is not told.
const MAX_DOTS: usize = 8;
/// The most characters shown.
const MAX_SHOWN: usize = 4;

/// All but the last characters of a number as dots: at most four are shown, and at most a third of them all.
///
/// `04A1B2C3` becomes `••••••C3`.
pub fn mask(number: &str) -> String {
    let length = number.chars().count();
    let shown = MAX_SHOWN.min(length / 3);
    let dots = std::iter::repeat_n(DOT, MAX_DOTS.min(length - shown));
    dots.chain(number.chars().skip(length - shown)).collect()
}

/// Whether this is what [`mask`] makes, and no number.
pub fn is_masked(number: &str) -> bool {
    number.contains(DOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_four_characters_and_a_third_are_shown() {
        for (number, shown) in [
            ("", ""),
            ("1", "•"),
            ("12", "••"),
            ("123", "••3"),
            ("12345", "••••5"),
            ("04A1B2C3", "••••••C3"),
            ("123456789012", "••••••••9012"),
            ("12345678901234567890", "••••••••7890"),
            ("äöüß", "•••ß"),
        ] {
            assert_eq!(mask(number), shown);
            assert_eq!(is_masked(&mask(number)), !number.is_empty());
        }
        assert!(!is_masked("04A1B2C3"));
    }
}
