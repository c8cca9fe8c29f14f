use proptest::prelude::*;
use rollcall_proto::identity::{
    DecimalToHex, HexToDecimal, LeadingZeros, LetterCase, ReverseBytes, Slice, SplitFacility, Strip,
    Substitute,
};

use super::*;

fn compiled(steps: Vec<Step>) -> Result<Conversion, Error> {
    let steps = steps.into_iter().map(|step| ConversionStep { step: Some(step) }).collect();
    Conversion::compile(&CardConversion { steps, reader_steps: vec![] })
}

fn strip(characters: &str) -> Step {
    Step::Strip(Strip { characters: characters.to_owned() })
}

fn to_hex(digits: i32) -> Step {
    Step::DecimalToHex(DecimalToHex { digits })
}

fn split(card_bits: i32, facility_bits: i32, keep: FacilityPart) -> Step {
    Step::SplitFacility(SplitFacility { card_bits, facility_bits, keep: keep.into() })
}

fn substitute(pattern: &str, replacement: &str) -> Step {
    Step::Substitute(Substitute { pattern: pattern.to_owned(), replacement: replacement.to_owned() })
}

#[test]
fn every_step() {
    let decimal = || Step::HexToDecimal(HexToDecimal {});
    let reverse = || Step::ReverseBytes(ReverseBytes {});
    let zeros = |length| Step::LeadingZeros(LeadingZeros { length });
    let case = |lower| Step::LetterCase(LetterCase { lower });
    let slice = |skip, length| Step::Slice(Slice { skip, length });
    for (steps, number, becomes) in [
        (vec![], "  04A1B2C3\t", "04A1B2C3"),
        (vec![strip("")], "04:a1-B2 c3", "04a1B2c3"),
        (vec![strip("-4")], "04-A1", "0A1"),
        (vec![decimal()], "04A1B2C3", "77705923"),
        (vec![decimal()], "ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455"),
        (vec![to_hex(0)], "77705923", "04A1B2C3"),
        (vec![to_hex(10)], "77705923", "0004A1B2C3"),
        (vec![to_hex(2)], "77705923", "4A1B2C3"),
        (vec![reverse()], "04A1B2C3", "C3B2A104"),
        (vec![reverse()], "4A1B2C3", "C3B2A104"),
        (vec![reverse(), decimal()], "04A1B2C3", "3283263748"),
        // Wiegand 26: facility 12, card 345.
        (vec![split(16, 8, FacilityPart::Card)], "786777", "345"),
        (vec![split(16, 8, FacilityPart::Both)], "786777", "1200345"),
        (vec![split(16, 8, FacilityPart::Unspecified)], "17563993", "345"),
        (vec![split(64, 0, FacilityPart::Card)], "18446744073709551615", "18446744073709551615"),
        (vec![zeros(0)], "000120", "120"),
        (vec![zeros(0)], "000", "0"),
        (vec![zeros(8)], "0120", "00000120"),
        (vec![zeros(2)], "0120", "120"),
        (vec![substitute("^0x", "")], "0xAB", "AB"),
        (vec![substitute("(?i)^0X", "")], "0xAB", "AB"),
        (vec![substitute("^(..)(..)$", "$2$1")], "ABCD", "CDAB"),
        (vec![case(false)], "04a1ß", "04A1SS"),
        (vec![case(true)], "04A1", "04a1"),
        (vec![slice(2, 4)], "04A1B2C3", "A1B2"),
        (vec![slice(2, 0)], "04A1B2C3", "A1B2C3"),
        (vec![slice(0, 100)], "04A1", "04A1"),
    ] {
        assert_eq!(compiled(steps.clone()).unwrap().apply(number).unwrap(), becomes, "{steps:?}");
    }
}

#[test]
fn a_number_that_a_step_cannot_take_is_refused_without_being_shown() {
    let hex = || vec![strip(""), Step::HexToDecimal(HexToDecimal {})];
    for (steps, number, message) in [
        (hex(), "04G1", "step 2: needs hexadecimal digits only, at most 32 of them"),
        (hex(), &"0".repeat(33), "step 2: needs hexadecimal digits only, at most 32 of them"),
        (
            vec![Step::ReverseBytes(ReverseBytes {})],
            &"0".repeat(33),
            "step 1: needs hexadecimal digits only, at most 32 of them",
        ),
        (hex(), &"F".repeat(33), "step 2: needs hexadecimal digits only, at most 32 of them"),
        (vec![to_hex(0)], "12A", "step 1: needs decimal digits only, and a number below 2^128"),
        (vec![to_hex(0)], "+12", "step 1: needs decimal digits only, and a number below 2^128"),
        (vec![to_hex(0)], "1٣", "step 1: needs decimal digits only, and a number below 2^128"),
        (
            vec![strip("12")],
            "1212",
            "step 1: leaves nothing, more than 128 characters, or control characters",
        ),
        (
            vec![substitute("1", &"2".repeat(100))],
            "11",
            "step 1: leaves nothing, more than 128 characters, or control characters",
        ),
        (vec![], "", "must have 1 to 128 characters and no control characters"),
        (vec![], "   ", "must have 1 to 128 characters and no control characters"),
        (vec![], "1\u{0}2", "must have 1 to 128 characters and no control characters"),
        (vec![], &"1".repeat(129), "must have 1 to 128 characters and no control characters"),
    ] {
        assert_eq!(compiled(steps).unwrap().apply(number).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_step_that_is_none_is_refused_with_its_place() {
    for (step, message) in [
        (to_hex(33), "step 1: digits must be 0 to 32"),
        (to_hex(-1), "step 1: digits must be 0 to 32"),
        (split(0, 8, FacilityPart::Card), "step 1: card_bits must be 1 to 64"),
        (split(60, 8, FacilityPart::Card), "step 1: card_bits and facility_bits must be at most 64 together"),
        (strip(&"x".repeat(33)), "step 1: characters must not have more than 32 characters"),
        (substitute(&"x".repeat(257), ""), "step 1: pattern must not have more than 256 characters"),
    ] {
        assert_eq!(compiled(vec![step]).unwrap_err().to_string(), message);
    }
    assert_eq!(
        compiled(vec![substitute("(", "")]).unwrap_err().to_string(),
        "step 1: pattern cannot be used: unclosed group"
    );
    assert!(compiled(vec![substitute("(a{1000}){1000}", "")]).is_err(), "too large when compiled");
    let empty = CardConversion { steps: vec![], reader_steps: vec![ConversionStep { step: None }] };
    assert_eq!(
        Conversion::compile(&empty).unwrap_err().to_string(),
        "step 1 for readers: says nothing to do"
    );
    assert_eq!(compiled(vec![strip(""); 17]).unwrap_err(), Error::TooMany);
}

#[test]
fn the_steps_for_readers_come_first_and_for_readers_alone() {
    let steps = |step| vec![ConversionStep { step: Some(step) }];
    let conversion = Conversion::compile(&CardConversion {
        steps: steps(Step::LeadingZeros(LeadingZeros { length: 0 })),
        reader_steps: steps(Step::HexToDecimal(HexToDecimal {})),
    });
    let conversion = conversion.unwrap();
    assert_eq!(conversion.apply("0077705923").unwrap(), "77705923");
    assert_eq!(conversion.from_reader("0004A1B2C3").unwrap(), "77705923");
    assert_eq!(conversion.apply_reader("04A1B2C3").unwrap(), "77705923");
    assert_eq!(
        conversion.apply_reader("G").unwrap_err().to_string(),
        "step 1 for readers: needs hexadecimal digits only, at most 32 of them"
    );
}

#[test]
fn what_a_spreadsheet_does_to_numbers_is_seen() {
    for damaged in [
        "1.23E+09", "1,23E+09", "1E+9", "4.0e-5", "1.23E9", "1,2e11", "123.00", "=A1", "@x", "+A1", "-B2",
        "123.0", "123,0",
    ] {
        assert!(spreadsheet_damage(damaged).is_some(), "{damaged}");
    }
    for number in
        ["123", "04A1E2", "1E9", "12E34F", "+123", "A.0", "12.5", "12.000", "12E", "1.2E", "0012", "E+09"]
    {
        assert_eq!(spreadsheet_damage(number), None, "{number}");
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[a-z0-9:-]{0,4}".prop_map(|characters| strip(&characters)),
        Just(Step::HexToDecimal(HexToDecimal {})),
        (0..32).prop_map(to_hex),
        Just(Step::ReverseBytes(ReverseBytes {})),
        (1..64_i32, 0..64_i32).prop_map(|(card, facility)| split(
            card,
            facility.min(64 - card),
            FacilityPart::Both
        )),
        (0..64).prop_map(|length| Step::LeadingZeros(LeadingZeros { length })),
        any::<bool>().prop_map(|lower| Step::LetterCase(LetterCase { lower })),
        (0..9, 0..9).prop_map(|(skip, length)| Step::Slice(Slice { skip, length })),
        Just(substitute("[0-4]+", "$0$0")),
    ]
}

proptest! {
    #[test]
    fn any_steps_on_any_text_end_in_a_number_or_an_error(
        steps in proptest::collection::vec(any_step(), 0..16),
        number in prop_oneof![any::<String>(), "[0-9A-F]{1,40}"],
    ) {
        if let Ok(converted) = compiled(steps).unwrap().apply(&number) {
            prop_assert!(checked(&converted).is_ok());
        }
    }

    #[test]
    fn reversing_twice_and_going_to_decimal_and_back_is_no_change(number in "([0-9A-F]{2}){1,16}") {
        let reverse = || Step::ReverseBytes(ReverseBytes {});
        prop_assert_eq!(compiled(vec![reverse(), reverse()]).unwrap().apply(&number).unwrap(), number.clone());
        let digits = i32::try_from(number.len()).unwrap();
        let there_and_back = compiled(vec![Step::HexToDecimal(HexToDecimal {}), to_hex(digits)]).unwrap();
        prop_assert_eq!(there_and_back.apply(&number).unwrap(), number);
    }
}
