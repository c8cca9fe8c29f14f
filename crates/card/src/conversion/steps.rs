//! What each step makes of a number.

use super::Compiled;

const NO_HEX: &str = "needs hexadecimal digits only, at most 32 of them";
const NO_DECIMAL: &str = "needs decimal digits only, and a number below 2^128";

impl Compiled {
    /// The number after this step, or why there is none.
    pub(super) fn apply(&self, number: &str) -> Result<String, &'static str> {
        Ok(match self {
            Self::Strip(characters) if characters.is_empty() => {
                number.chars().filter(char::is_ascii_alphanumeric).collect()
            }
            Self::Strip(characters) => number.chars().filter(|c| !characters.contains(*c)).collect(),
            Self::HexToDecimal => hex(number)?.to_string(),
            Self::DecimalToHex { digits: 0 } => even(&format!("{:X}", decimal(number)?)),
            Self::DecimalToHex { digits } => format!("{:0digits$X}", decimal(number)?),
            Self::ReverseBytes => {
                hex(number)?;
                let digits = even(number);
                let bytes: Vec<&str> =
                    (0..digits.len()).step_by(2).rev().filter_map(|at| digits.get(at..at + 2)).collect();
                bytes.concat()
            }
            Self::SplitFacility { card_bits, facility_bits, both } => {
                let whole = decimal(number)?;
                let card = whole & ones(*card_bits);
                if !*both {
                    return Ok(card.to_string());
                }
                let facility = (whole >> card_bits) & ones(*facility_bits);
                let width = ones(*card_bits).to_string().len();
                format!("{facility}{card:0width$}")
            }
            Self::LeadingZeros { length } => {
                let bare = number.trim_start_matches('0');
                let bare = if bare.is_empty() { "0" } else { bare };
                let missing = length.saturating_sub(bare.chars().count());
                "0".repeat(missing) + bare
            }
            Self::Substitute { pattern, replacement } => {
                pattern.replace_all(number, replacement.as_str()).into_owned()
            }
            Self::LetterCase { lower: true } => number.to_lowercase(),
            Self::LetterCase { lower: false } => number.to_uppercase(),
            Self::Slice { skip, length } => {
                let rest = number.chars().skip(*skip);
                if *length == 0 { rest.collect() } else { rest.take(*length).collect() }
            }
        })
    }
}

fn hex(number: &str) -> Result<u128, &'static str> {
    // The parser would take a sign, and any zeros in front.
    let digits = (1..=32).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(number, 16).ok().filter(|_| digits).ok_or(NO_HEX)
}

fn decimal(number: &str) -> Result<u128, &'static str> {
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits).ok_or(NO_DECIMAL)
}

/// Hexadecimal digits with a zero in front where they are odd.
fn even(digits: &str) -> String {
    if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") }
}

/// So many of the lowest bits.
fn ones(bits: u32) -> u128 {
    1_u128.checked_shl(bits).map_or(u128::MAX, |above| above - 1)
}
