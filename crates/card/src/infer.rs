//! The conversion between a reader and a directory, found from a few cards of which both values are known.
//!
//! All that readers are known to do is tried, in the order of how much it takes: other digits, bytes in the other order, a part of
//! the number, zeros in front. What makes both values of every card the same is a candidate. One card proves little, since short numbers
//! agree by chance; three are advised.

use std::collections::{HashMap, HashSet};

use rollcall_proto::identity::{
    CardConversion, ConversionCandidate, ConversionPair, ConversionStep, DecimalToHex, FacilityPart,
    HexToDecimal, LeadingZeros, LetterCase, ReverseBytes, Slice, SplitFacility, Strip, conversion_step::Step,
};

use crate::conversion::{self, Conversion};

/// The most pairs.
pub const MAX_PAIRS: usize = 10;
/// The most candidates.
const MAX_CANDIDATES: usize = 5;

/// Why nothing can be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too few or too many pairs.
    #[error("give 1 to {MAX_PAIRS} pairs; three different cards are advised")]
    Count,
    /// A value that is no number.
    #[error("pair {pair}: the {side} value {problem}")]
    Value {
        /// Which; the first is 1.
        pair: usize,
        /// `reader` or `directory`.
        side: &'static str,
        /// What is wrong with it.
        problem: conversion::Error,
    },
    /// Two pairs that cannot both be right.
    #[error("pairs {one} and {other} contradict each other: the same {side} value with two others")]
    Contradiction {
        /// The first.
        one: usize,
        /// The second.
        other: usize,
        /// `reader` or `directory`.
        side: &'static str,
    },
}

/// A thing that readers do, or a way to write numbers: the steps that undo it, and how to say it.
#[derive(Clone)]
struct Part {
    steps: Vec<Step>,
    says: String,
}

fn part(steps: Vec<Step>, says: &str) -> Part {
    Part { steps, says: says.to_owned() }
}

/// Conversions that make both values of each pair the same, the simplest first; none where nothing known does.
///
/// # Errors
/// [`Error`].
pub fn infer(pairs: &[ConversionPair]) -> Result<Vec<ConversionCandidate>, Error> {
    check(pairs)?;
    let mut found: Vec<((usize, usize), ConversionCandidate)> = Vec::new();
    let mut seen: HashSet<Vec<String>> = HashSet::new();
    for common in commons() {
        for core in cores() {
            for last in lasts(&common, &core, pairs) {
                let says = [&core, &last].map(|part| part.says.as_str());
                let reader: Vec<Step> = core.steps.iter().chain(&last.steps).cloned().collect();
                // What is alike for all is simpler than what a reader does: zeros that do not count than bits.
                let size = (reader.len() + common.steps.len(), reader.len());
                let conversion = CardConversion { steps: steps(&common.steps), reader_steps: steps(&reader) };
                let Some(results) = fits(&conversion, pairs) else { continue };
                let explanation = explain(&says, &common.says);
                found
                    .push((size, ConversionCandidate { conversion: Some(conversion), explanation, results }));
            }
        }
    }
    // Stable: what was tried first is likelier.
    found.sort_by_key(|(size, _)| *size);
    // Two that give the same for these cards and are longer add nothing but choice.
    let distinct = found.into_iter().filter(|(_, candidate)| seen.insert(candidate.results.clone()));
    Ok(distinct.map(|(_, candidate)| candidate).take(MAX_CANDIDATES).collect())
}

/// A value of a pair, and its partner.
type Side = fn(&ConversionPair) -> (&str, &str);

fn check(pairs: &[ConversionPair]) -> Result<(), Error> {
    if !(1..=MAX_PAIRS).contains(&pairs.len()) {
        return Err(Error::Count);
    }
    let plain = Conversion::compile(&CardConversion::default()).map_err(|_| Error::Count)?;
    let sides: [(&'static str, Side); 2] = [
        ("reader", |pair| (pair.reader_value.trim(), pair.directory_value.trim())),
        ("directory", |pair| (pair.directory_value.trim(), pair.reader_value.trim())),
    ];
    for (side, of) in sides {
        let mut known: HashMap<&str, (usize, &str)> = HashMap::new();
        for (at, pair) in pairs.iter().enumerate() {
            let (value, partner) = of(pair);
            plain.apply(value).map_err(|problem| Error::Value { pair: at + 1, side, problem })?;
            let (first, other) = *known.entry(value).or_insert((at, partner));
            if other != partner {
                return Err(Error::Contradiction { one: first + 1, other: at + 1, side });
            }
        }
    }
    Ok(())
}

/// How numbers may be written differently on both sides alike.
fn commons() -> Vec<Part> {
    let strip = || Step::Strip(Strip::default());
    let upper = || Step::LetterCase(LetterCase::default());
    let zeros = || Step::LeadingZeros(LeadingZeros::default());
    vec![
        part(vec![], ""),
        part(vec![upper()], "capitals and small letters do not count"),
        part(vec![zeros()], "zeros in front do not count"),
        part(vec![strip()], "separators do not count"),
        part(vec![strip(), upper()], "separators, capitals and small letters do not count"),
        part(vec![strip(), zeros()], "separators and zeros in front do not count"),
        part(
            vec![strip(), upper(), zeros()],
            "separators, capitals and small letters, and zeros in front do not count",
        ),
    ]
}

/// What readers do with the bits of a card.
fn cores() -> Vec<Part> {
    let strip = || Step::Strip(Strip::default());
    let decimal = || Step::HexToDecimal(HexToDecimal {});
    let reverse = || Step::ReverseBytes(ReverseBytes {});
    let hex = |digits| Step::DecimalToHex(DecimalToHex { digits });
    let mut cores = vec![
        part(vec![], ""),
        part(vec![decimal()], "the reader's number is hexadecimal, the directory's decimal"),
        part(vec![hex(0)], "the reader's number is decimal, the directory's hexadecimal"),
        part(vec![reverse()], "the reader gives the bytes in the other order"),
        part(
            vec![reverse(), decimal()],
            "the reader's number is hexadecimal with the bytes in the other order, the directory's decimal",
        ),
    ];
    for bytes in [4, 7, 5, 8] {
        let digits = bytes * 2;
        cores.push(part(
            vec![hex(digits), reverse()],
            &format!("the reader's number is decimal, the directory's hexadecimal with the {bytes} bytes in the other order"),
        ));
        cores.push(part(
            vec![hex(digits), reverse(), decimal()],
            &format!("both numbers are decimal, of {bytes} bytes, which the reader gives in the other order"),
        ));
    }
    // What is known of the formats of HID: 26 bits, H10304, H10306, Corporate 1000.
    for (name, card_bits, facility_bits) in [
        ("26 bits", 16, 8),
        ("34 bits", 16, 16),
        ("37 bits", 19, 16),
        ("35 bits", 20, 12),
        ("24 bits", 24, 0),
    ] {
        for (keep, kept) in [
            (FacilityPart::Card, "the card number alone"),
            (FacilityPart::Both, "facility code and card number"),
        ] {
            if facility_bits == 0 && keep == FacilityPart::Both {
                continue;
            }
            let split = || Step::SplitFacility(SplitFacility { card_bits, facility_bits, keep: keep.into() });
            let says = |form: &str| {
                format!("the reader gives {form} of a Wiegand card of {name}, the directory has {kept}")
            };
            cores.push(part(vec![split()], &says("all bits")));
            cores.push(part(vec![decimal(), split()], &says("all bits in hexadecimal")));
            cores.push(part(vec![reverse(), decimal(), split()], &says("all bytes in the other order")));
            if facility_bits > 0 {
                let says = |form: &str| says(form).replace(name, &format!("{name} with its parity bits"));
                let with_parity = without_parity(card_bits + facility_bits).into_iter().chain([split()]);
                cores.push(part(with_parity.clone().collect(), &says("all bits")));
                let hexadecimal = [decimal()].into_iter().chain(with_parity).collect();
                cores.push(part(hexadecimal, &says("all bits in hexadecimal")));
            }
        }
    }
    let stripped: Vec<Part> = cores
        .iter()
        .filter(|core| !core.steps.is_empty())
        .map(|core| Part {
            steps: [strip()].into_iter().chain(core.steps.iter().cloned()).collect(),
            says: format!("the reader puts separators into the number; {}", core.says),
        })
        .collect();
    cores.extend(stripped);
    cores
}

/// The bits of a Wiegand card between its parity bits: those in front are above what is kept, and the last one becomes a
/// digit behind the others, which goes.
fn without_parity(bits: i32) -> [Step; 3] {
    let keep = FacilityPart::Both.into();
    let digits = i32::try_from((1_u64 << bits).to_string().len()).unwrap_or_default();
    [
        Step::SplitFacility(SplitFacility { card_bits: 1, facility_bits: bits, keep }),
        Step::LeadingZeros(LeadingZeros { length: digits + 1 }),
        Step::Slice(Slice { skip: 0, length: digits }),
    ]
}

/// What is left to do once the rest is done: only a part of the number counts, or zeros fill it up.
fn lasts(common: &Part, core: &Part, pairs: &[ConversionPair]) -> Vec<Part> {
    let mut lasts = vec![part(vec![], "")];
    let half = CardConversion { steps: steps(&common.steps), reader_steps: steps(&core.steps) };
    let Ok(conversion) = Conversion::compile(&half) else { return lasts };
    let halves: Option<Vec<(String, String)>> = pairs
        .iter()
        .map(|pair| {
            let reader = conversion.from_reader(&pair.reader_value).ok()?;
            Some((reader, conversion.apply(&pair.directory_value).ok()?))
        })
        .collect();
    let Some(halves) = halves else { return lasts };
    let of_all = |of: fn(&(String, String)) -> Option<usize>| -> Option<i32> {
        let first = of(halves.first()?)?;
        halves.iter().all(|pair| of(pair) == Some(first)).then(|| i32::try_from(first).ok())?
    };
    // Numbers without a zero in front may be of one width by chance.
    let filled_up = halves.iter().any(|(_, directory)| directory.starts_with('0'));
    if let Some(width) = of_all(|(_, directory)| Some(directory.chars().count()))
        && filled_up
    {
        lasts.push(part(
            vec![Step::LeadingZeros(LeadingZeros { length: width })],
            &format!("zeros in front fill the number up to {width} characters"),
        ));
    }
    let behind = of_all(|(reader, directory)| {
        let at = reader.to_uppercase().rfind(&directory.to_uppercase())?;
        (at > 0 && at + directory.len() == reader.len()).then_some(at)
    });
    // Zeros alone are better told as such: another card may have more of them.
    let other_than_zeros = |(reader, directory): &(String, String)| {
        reader.bytes().take(reader.len().saturating_sub(directory.len())).any(|byte| byte != b'0')
    };
    let of = if core.steps.is_empty() { "that the reader gives" } else { "of the result" };
    if let Some(skip) = behind
        && halves.iter().any(other_than_zeros)
    {
        lasts.push(part(
            vec![Step::Slice(Slice { skip, length: 0 })],
            &format!("the first {skip} characters {of} do not count"),
        ));
    }
    let before = of_all(|(reader, directory)| {
        let longer = reader.len() > directory.len();
        (longer && reader.to_uppercase().starts_with(&directory.to_uppercase()))
            .then(|| directory.chars().count())
    });
    if let Some(length) = before {
        lasts.push(part(
            vec![Step::Slice(Slice { skip: 0, length })],
            &format!("only the first {length} characters {of} count"),
        ));
    }
    lasts
}

/// What the pairs become, if both sides of each become the same and different cards stay different.
fn fits(conversion: &CardConversion, pairs: &[ConversionPair]) -> Option<Vec<String>> {
    let conversion = Conversion::compile(conversion).ok()?;
    let mut owners: HashMap<String, &str> = HashMap::new();
    pairs
        .iter()
        .map(|pair| {
            let result = conversion.apply_reader(&pair.reader_value).ok()?;
            let directory = conversion.apply(&pair.directory_value).ok()?;
            let owner = *owners.entry(result.clone()).or_insert(pair.directory_value.trim());
            (result == directory && owner == pair.directory_value.trim()).then_some(result)
        })
        .collect()
}

fn steps(steps: &[Step]) -> Vec<ConversionStep> {
    steps.iter().map(|step| ConversionStep { step: Some(step.clone()) }).collect()
}

/// A sentence for an administrator.
fn explain(reader: &[&str], common: &str) -> String {
    let parts: Vec<&str> = reader.iter().chain([&common]).copied().filter(|says| !says.is_empty()).collect();
    if parts.is_empty() {
        return "Reader and directory have the same numbers.".to_owned();
    }
    let text = parts.join("; ") + ".";
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    first + characters.as_str()
}

#[cfg(test)]
mod tests;
