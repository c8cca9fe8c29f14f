//! A conversion in words.

use maud::{Markup, html};
use rollcall_proto::identity::{CardConversion, ConversionStep, FacilityPart, conversion_step::Step};

/// Its steps as a list.
pub(super) fn list(conversion: &CardConversion) -> Markup {
    html! {
        ol {
            @for step in &conversion.reader_steps { li { "What a reader gives: " (words(step)) "." } }
            @for step in &conversion.steps { li { "Every number: " (words(step)) "." } }
        }
    }
}

/// The same in one line, for the audit.
pub(super) fn line(conversion: &CardConversion) -> String {
    let reader: Vec<String> = conversion.reader_steps.iter().map(words).collect();
    let all: Vec<String> = conversion.steps.iter().map(words).collect();
    if reader.is_empty() && all.is_empty() {
        return "as they are".to_owned();
    }
    format!("readers: {}; all: {}", reader.join(", "), all.join(", "))
}

fn words(step: &ConversionStep) -> String {
    match &step.step {
        None => "nothing".to_owned(),
        Some(Step::Strip(strip)) if strip.characters.is_empty() => {
            "all but letters and digits is taken out".to_owned()
        }
        Some(Step::Strip(strip)) => format!("`{}` is taken out", strip.characters),
        Some(Step::HexToDecimal(_)) => "hexadecimal becomes decimal".to_owned(),
        Some(Step::DecimalToHex(to)) if to.digits == 0 => "decimal becomes hexadecimal".to_owned(),
        Some(Step::DecimalToHex(to)) => format!("decimal becomes hexadecimal of {} digits", to.digits),
        Some(Step::ReverseBytes(_)) => "the bytes are put in the other order".to_owned(),
        Some(Step::SplitFacility(split)) => {
            let kept = if split.keep() == FacilityPart::Both {
                "facility code and card number"
            } else {
                "the card number"
            };
            format!("{kept} of {} and {} bits is kept", split.facility_bits, split.card_bits)
        }
        Some(Step::LeadingZeros(zeros)) if zeros.length == 0 => "zeros in front are taken away".to_owned(),
        Some(Step::LeadingZeros(zeros)) => {
            format!("zeros in front fill it up to {} characters", zeros.length)
        }
        Some(Step::Substitute(by)) => format!("`{}` becomes `{}`", by.pattern, by.replacement),
        Some(Step::LetterCase(case)) => {
            format!("letters become {}", if case.lower { "small" } else { "capitals" })
        }
        Some(Step::Slice(slice)) => match (slice.skip, slice.length) {
            (skip, 0) => format!("the first {skip} characters are left out"),
            (0, length) => format!("only the first {length} characters are kept"),
            (skip, length) => format!("{length} characters after the first {skip} are kept"),
        },
    }
}
