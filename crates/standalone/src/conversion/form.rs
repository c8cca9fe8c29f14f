//! A conversion as JSON.

use rollcall_proto::identity::{
    CardConversion, ConversionStep, DecimalToHex, FacilityPart, HexToDecimal, LeadingZeros, LetterCase,
    ReverseBytes, Slice, SplitFacility, Strip, Substitute, conversion_step::Step,
};
use serde_json::{Map, Value, json};

/// The JSON of a conversion.
pub(crate) fn json(conversion: &CardConversion) -> Value {
    let list = |steps: &[ConversionStep]| -> Value { steps.iter().map(step_json).collect() };
    json!({ "readerSteps": list(&conversion.reader_steps), "steps": list(&conversion.steps) })
}

fn step_json(step: &ConversionStep) -> Value {
    match &step.step {
        None => json!({}),
        Some(Step::Strip(strip)) => json!({ "strip": strip.characters }),
        Some(Step::HexToDecimal(_)) => json!({ "hexToDecimal": {} }),
        Some(Step::DecimalToHex(to)) => json!({ "decimalToHex": { "digits": to.digits } }),
        Some(Step::ReverseBytes(_)) => json!({ "reverseBytes": {} }),
        Some(Step::SplitFacility(split)) => {
            let keep = if split.keep() == FacilityPart::Both { "both" } else { "card" };
            json!({ "splitFacility":
                { "cardBits": split.card_bits, "facilityBits": split.facility_bits, "keep": keep } })
        }
        Some(Step::LeadingZeros(zeros)) => json!({ "leadingZeros": zeros.length }),
        Some(Step::Substitute(substitute)) => {
            json!({ "substitute": { "pattern": substitute.pattern, "replacement": substitute.replacement } })
        }
        Some(Step::LetterCase(case)) => json!({ "letterCase": if case.lower { "lower" } else { "upper" } }),
        Some(Step::Slice(slice)) => json!({ "slice": { "skip": slice.skip, "length": slice.length } }),
    }
}

/// The conversion that JSON describes.
pub(super) fn read(json: &Value) -> Result<CardConversion, String> {
    let object = json.as_object().ok_or("it must be an object with `readerSteps` and `steps`")?;
    if let Some(other) = object.keys().find(|key| !["readerSteps", "steps"].contains(&key.as_str())) {
        return Err(format!("there is no `{other}`, only `readerSteps` and `steps`"));
    }
    let list = |name: &str| -> Result<Vec<ConversionStep>, String> {
        let Some(value) = object.get(name) else { return Ok(vec![]) };
        let steps = value.as_array().ok_or_else(|| format!("`{name}` must be a list of steps"))?;
        let read = |(at, step): (usize, &Value)| {
            self::step(step).map_err(|problem| format!("`{name}`, step {}: {problem}", at + 1))
        };
        steps.iter().enumerate().map(read).collect()
    };
    Ok(CardConversion { steps: list("steps")?, reader_steps: list("readerSteps")? })
}

fn step(json: &Value) -> Result<ConversionStep, String> {
    let object = json.as_object().filter(|object| object.len() == 1);
    let (name, value) =
        object.and_then(|object| object.iter().next()).ok_or("must be an object with one name")?;
    let number = |name: &str| -> Result<i32, String> {
        let Some(part) = value.get(name) else { return Ok(0) };
        let number = part.as_i64().and_then(|number| i32::try_from(number).ok());
        number.ok_or_else(|| format!("`{name}` must be a number"))
    };
    let text = |name: &str| -> Result<String, String> {
        let part = value.get(name).and_then(Value::as_str);
        part.map(str::to_owned).ok_or_else(|| format!("`{name}` must be a text"))
    };
    let step = match name.as_str() {
        "strip" => Step::Strip(Strip { characters: value.as_str().ok_or("must be a text")?.to_owned() }),
        "hexToDecimal" => Step::HexToDecimal(HexToDecimal {}),
        "decimalToHex" => Step::DecimalToHex(DecimalToHex { digits: number("digits")? }),
        "reverseBytes" => Step::ReverseBytes(ReverseBytes {}),
        "splitFacility" => Step::SplitFacility(SplitFacility {
            card_bits: number("cardBits")?,
            facility_bits: number("facilityBits")?,
            keep: match value.get("keep").and_then(Value::as_str) {
                None | Some("card") => FacilityPart::Card.into(),
                Some("both") => FacilityPart::Both.into(),
                Some(_) => return Err("`keep` must be \"card\" or \"both\"".to_owned()),
            },
        }),
        "leadingZeros" => {
            let length = value.as_i64().and_then(|length| i32::try_from(length).ok());
            Step::LeadingZeros(LeadingZeros { length: length.ok_or("must be a number")? })
        }
        "substitute" => {
            Step::Substitute(Substitute { pattern: text("pattern")?, replacement: text("replacement")? })
        }
        "letterCase" => match value.as_str() {
            Some("upper") => Step::LetterCase(LetterCase { lower: false }),
            Some("lower") => Step::LetterCase(LetterCase { lower: true }),
            _ => return Err("must be \"upper\" or \"lower\"".to_owned()),
        },
        "slice" => Step::Slice(Slice { skip: number("skip")?, length: number("length")? }),
        other => return Err(format!("there is no step `{other}`")),
    };
    if let Value::Object(parts) = value {
        known(name, parts)?;
    }
    Ok(ConversionStep { step: Some(step) })
}

/// Refuses parts that a step does not have: a mistyped one would be a default.
fn known(step: &str, parts: &Map<String, Value>) -> Result<(), String> {
    let known: &[&str] = match step {
        "decimalToHex" => &["digits"],
        "splitFacility" => &["cardBits", "facilityBits", "keep"],
        "substitute" => &["pattern", "replacement"],
        "slice" => &["skip", "length"],
        _ => &[],
    };
    match parts.keys().find(|part| !known.contains(&part.as_str())) {
        Some(other) => Err(format!("`{step}` has no `{other}`")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        let steps = json!([
            { "strip": ":-" }, { "hexToDecimal": {} }, { "decimalToHex": { "digits": 8 } }, { "reverseBytes": {} },
            { "splitFacility": { "cardBits": 16, "facilityBits": 8, "keep": "both" } }, { "leadingZeros": 10 },
            { "substitute": { "pattern": "^0x", "replacement": "" } }, { "letterCase": "lower" },
            { "slice": { "skip": 2, "length": 8 } },
        ]);
        let whole = json!({ "readerSteps": steps, "steps": [] });
        assert_eq!(json(&read(&whole).unwrap()), whole);
        assert_eq!(read(&json!({})).unwrap(), CardConversion::default());
    }

    #[test]
    fn mistakes_are_named() {
        for (wrong, message) in [
            (json!([]), "must be an object"),
            (json!({ "stepz": [] }), "no `stepz`"),
            (json!({ "steps": {} }), "must be a list"),
            (json!({ "steps": [{ "strip": 1 }] }), "`steps`, step 1: must be a text"),
            (json!({ "steps": [{ "nope": {} }] }), "no step `nope`"),
            (json!({ "steps": [{ "slice": { "skipp": 1 } }] }), "`slice` has no `skipp`"),
            (json!({ "steps": [{ "slice": { "skip": "1" } }] }), "`skip` must be a number"),
            (json!({ "readerSteps": [{ "letterCase": "big" }] }), "`readerSteps`, step 1: must be \"upper\""),
            (json!({ "steps": [{ "strip": "", "slice": {} }] }), "one name"),
        ] {
            let said = read(&wrong).unwrap_err();
            assert!(said.contains(message), "{said}");
        }
    }
}
