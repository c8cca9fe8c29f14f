//! A card number as a reader, an identity provider or a file gives it becomes the number that is compared.
//!
//! An account has one conversion: steps for every number, and steps that come before those for what a reader gives. See
//! `conversion.proto`, whose messages are the types here.

mod steps;

use regex::{Regex, RegexBuilder};
use rollcall_proto::identity::{CardConversion, ConversionStep, FacilityPart, conversion_step::Step};

/// The most steps of each kind.
pub const MAX_STEPS: usize = 16;
/// The most characters of a number, before and after each step.
pub const MAX_NUMBER: usize = 128;
/// The most characters of a regular expression and its replacement.
const MAX_PATTERN: usize = 256;
/// The most bytes that a compiled regular expression may take, and again what it remembers while it searches.
const MAX_COMPILED: usize = 64 * 1024;

/// Why a conversion or a number is refused. No message has the number in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A step cannot be carried out, or is not one.
    #[error("step {number}{}: {problem}", if *.reader { " for readers" } else { "" })]
    Step {
        /// Which; the first is 1.
        number: usize,
        /// Whether it is one of the steps for readers.
        reader: bool,
        /// What is wrong.
        problem: String,
    },
    /// Too many steps.
    #[error("a conversion must not have more than {MAX_STEPS} steps, and as many for readers")]
    TooMany,
    /// A number that is none.
    #[error("must have 1 to {MAX_NUMBER} characters and no control characters")]
    Number,
}

/// A conversion, checked and compiled.
#[derive(Debug, Clone)]
pub struct Conversion {
    all: Vec<Compiled>,
    reader: Vec<Compiled>,
}

/// A step, checked and compiled.
#[derive(Debug, Clone)]
enum Compiled {
    Strip(String),
    HexToDecimal,
    DecimalToHex { digits: usize },
    ReverseBytes,
    SplitFacility { card_bits: u32, facility_bits: u32, both: bool },
    LeadingZeros { length: usize },
    Substitute { pattern: Box<Regex>, replacement: String },
    LetterCase { lower: bool },
    Slice { skip: usize, length: usize },
}

impl Conversion {
    /// Checks and compiles the steps.
    ///
    /// # Errors
    /// [`Error::Step`], [`Error::TooMany`].
    pub fn compile(conversion: &CardConversion) -> Result<Self, Error> {
        let CardConversion { steps, reader_steps } = conversion;
        Ok(Self { all: compile(steps, false)?, reader: compile(reader_steps, true)? })
    }

    /// The number that is compared, of one that a directory, a file or an administrator gives. White space around it is
    /// no part of it.
    ///
    /// # Errors
    /// [`Error::Number`], [`Error::Step`].
    pub fn apply(&self, number: &str) -> Result<String, Error> {
        run(&self.all, checked(number.trim())?, false)
    }

    /// A number as a reader gives it, as the directory would have it: what is stored of a card that was registered at a
    /// device.
    ///
    /// # Errors
    /// [`Error::Number`], [`Error::Step`].
    pub fn from_reader(&self, number: &str) -> Result<String, Error> {
        run(&self.reader, checked(number.trim())?, true)
    }

    /// The number that is compared, of one that a reader gives.
    ///
    /// # Errors
    /// [`Error::Number`], [`Error::Step`].
    pub fn apply_reader(&self, number: &str) -> Result<String, Error> {
        self.apply(&self.from_reader(number)?)
    }
}

/// Why a text is no number but what a spreadsheet made of one; `None` for a number.
pub fn spreadsheet_damage(number: &str) -> Option<&'static str> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((mantissa, exponent)) = number.split_once(['E', 'e'])
        && let sign = exponent.strip_prefix(['+', '-'])
        // Without either it may be hexadecimal.
        && (sign.is_some() || mantissa.contains(['.', ',']))
        && is_digits(sign.unwrap_or(exponent))
        && mantissa.split(['.', ',']).all(is_digits)
    {
        return Some(
            "the spreadsheet has rounded this number; format the column as text and export it again",
        );
    }
    if number.starts_with(['=', '@']) || number.strip_prefix(['+', '-']).is_some_and(|rest| !is_digits(rest))
    {
        return Some(
            "this is a formula of a spreadsheet and no number; paste values only, and export it again",
        );
    }
    if let Some((whole, fraction)) = number.split_once(['.', ','])
        && is_digits(whole)
        && matches!(fraction, "0" | "00")
    {
        return Some(
            "the spreadsheet has made a decimal fraction of this number; format the column as text and export it again",
        );
    }
    None
}

/// What is wrong with a regular expression, without the drawing of it: its last line says that.
fn one_line(problem: &regex::Error) -> String {
    let text = problem.to_string();
    let line = text.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn checked(number: &str) -> Result<&str, Error> {
    let fits = (1..=MAX_NUMBER).contains(&number.chars().count());
    if fits && !number.chars().any(char::is_control) { Ok(number) } else { Err(Error::Number) }
}

fn run(steps: &[Compiled], number: &str, reader: bool) -> Result<String, Error> {
    let mut number = number.to_owned();
    for (at, step) in steps.iter().enumerate() {
        let failed = |problem: String| Error::Step { number: at + 1, reader, problem };
        number = step.apply(&number).map_err(|problem| failed(problem.to_owned()))?;
        if checked(&number).is_err() {
            return Err(failed(format!(
                "leaves nothing, more than {MAX_NUMBER} characters, or control characters"
            )));
        }
    }
    Ok(number)
}

fn compile(steps: &[ConversionStep], reader: bool) -> Result<Vec<Compiled>, Error> {
    if steps.len() > MAX_STEPS {
        return Err(Error::TooMany);
    }
    let compiled = |(at, step): (usize, &ConversionStep)| {
        Compiled::of(step).map_err(|problem| Error::Step { number: at + 1, reader, problem })
    };
    steps.iter().enumerate().map(compiled).collect()
}

impl Compiled {
    fn of(step: &ConversionStep) -> Result<Self, String> {
        let within = |name: &str, value: i32, range: std::ops::RangeInclusive<i32>| {
            if range.contains(&value) {
                return Ok(usize::try_from(value).unwrap_or_default());
            }
            Err(format!("{name} must be {} to {}", range.start(), range.end()))
        };
        let short = |name: &str, text: &str, most: usize| {
            if text.chars().count() <= most {
                return Ok(());
            }
            Err(format!("{name} must not have more than {most} characters"))
        };
        Ok(match step.step.as_ref().ok_or("says nothing to do")? {
            Step::Strip(strip) => {
                short("characters", &strip.characters, 32)?;
                Self::Strip(strip.characters.clone())
            }
            Step::HexToDecimal(_) => Self::HexToDecimal,
            Step::DecimalToHex(to) => Self::DecimalToHex { digits: within("digits", to.digits, 0..=32)? },
            Step::ReverseBytes(_) => Self::ReverseBytes,
            Step::SplitFacility(split) => {
                let card = within("card_bits", split.card_bits, 1..=64)?;
                let facility = within("facility_bits", split.facility_bits, 0..=63)?;
                if card + facility > 64 {
                    return Err("card_bits and facility_bits must be at most 64 together".to_owned());
                }
                let both = match FacilityPart::try_from(split.keep) {
                    Ok(FacilityPart::Both) => true,
                    Ok(FacilityPart::Card | FacilityPart::Unspecified) => false,
                    Err(_) => return Err("keep is not a value of its enum".to_owned()),
                };
                let bits = |count: usize| u32::try_from(count).unwrap_or_default();
                Self::SplitFacility { card_bits: bits(card), facility_bits: bits(facility), both }
            }
            Step::LeadingZeros(zeros) => {
                Self::LeadingZeros { length: within("length", zeros.length, 0..=64)? }
            }
            Step::Substitute(substitute) => {
                short("pattern", &substitute.pattern, MAX_PATTERN)?;
                short("replacement", &substitute.replacement, MAX_PATTERN)?;
                let pattern = RegexBuilder::new(&substitute.pattern)
                    .size_limit(MAX_COMPILED)
                    .dfa_size_limit(MAX_COMPILED)
                    .build()
                    .map_err(|problem| format!("pattern cannot be used: {}", one_line(&problem)))?;
                Self::Substitute { pattern: Box::new(pattern), replacement: substitute.replacement.clone() }
            }
            Step::LetterCase(case) => Self::LetterCase { lower: case.lower },
            Step::Slice(slice) => Self::Slice {
                skip: within("skip", slice.skip, 0..=128)?,
                length: within("length", slice.length, 0..=128)?,
            },
        })
    }
}

#[cfg(test)]
mod tests;
