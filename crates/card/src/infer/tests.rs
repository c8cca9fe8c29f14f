use proptest::prelude::*;

use super::*;

fn pairs(values: &[(&str, &str)]) -> Vec<ConversionPair> {
    let pair = |(reader, directory): &(&str, &str)| ConversionPair {
        reader_value: (*reader).to_owned(),
        directory_value: (*directory).to_owned(),
    };
    values.iter().map(pair).collect()
}

/// The first candidate must say this, and make the fourth card right as well as the three that were given.
#[test]
fn three_cards_tell_and_the_fourth_comes_right() {
    for (cards, says) in [
        ([("123", "123"), ("7", "7"), ("00", "00"), ("5", "5")], "the same numbers"),
        (
            [("04a1b2c3", "04A1B2C3"), ("04ffee01", "04FFEE01"), ("0400aa10", "0400AA10"), ("ab", "AB")],
            "capitals",
        ),
        (
            [("04A1B2C3", "77705923"), ("04FFEE01", "83881473"), ("00000ABC", "2748"), ("0000FFFF", "65535")],
            "the reader's number is hexadecimal, the directory's decimal",
        ),
        (
            [("77705923", "04A1B2C3"), ("83881473", "04FFEE01"), ("65535", "FFFF"), ("2748", "0ABC")],
            "the reader's number is decimal, the directory's hexadecimal",
        ),
        (
            [
                ("C3B2A104", "04A1B2C3"),
                ("01EEFF04", "04FFEE01"),
                ("10AA0004", "0400AA10"),
                ("04030201", "01020304"),
            ],
            "the bytes in the other order",
        ),
        (
            [("C3B2A104", "77705923"), ("01EEFF04", "83881473"), ("10AA0004", "67152400"), ("01000000", "1")],
            "hexadecimal with the bytes in the other order",
        ),
        (
            [
                ("3283263748", "77705923"),
                ("32440068", "83881473"),
                ("279576580", "67152400"),
                ("16777216", "1"),
            ],
            "both numbers are decimal, of 4 bytes",
        ),
        ([("786777", "345"), ("786778", "346"), ("851969", "1"), ("917503", "65535")], "card of 26 bits"),
        (
            [("786777", "1200345"), ("786778", "1200346"), ("851969", "1300001"), ("917503", "1365535")],
            "facility code and card number",
        ),
        ([("C0159", "345"), ("C015A", "346"), ("D0001", "1"), ("DFFFF", "65535")], "card of 26 bits"),
        ([("123", "0000123"), ("45678", "0045678"), ("9", "0000009"), ("77", "0000077")], "zeros in front"),
        // Zeros, not a number of characters: the fourth card has more of them.
        (
            [("000123", "123"), ("000456", "456"), ("000789", "789"), ("000012", "12")],
            "zeros in front do not count",
        ),
        (
            [("0000123", "0123"), ("0004567", "4567"), ("0000089", "0089"), ("0000001", "0001")],
            "zeros in front do not count",
        ),
        // 26 bits with a parity bit at each end: 1 00001100 0000000101011001 1 is the first.
        (
            [("21802B3", "345"), ("2180004", "2"), ("2190003", "32769"), ("0180003", "1")],
            "card of 26 bits with its parity bits",
        ),
        (
            [
                ("35127987", "1200345"),
                ("35127300", "1200002"),
                ("35192835", "1232769"),
                ("1572867", "1200001"),
            ],
            "with its parity bits, the directory has facility code and card number",
        ),
        (
            [("04-A1-B2", "04A1B2"), ("04-FF-EE", "04FFEE"), ("04-00-AA", "0400AA"), ("AB-CD", "ABCD")],
            "separators",
        ),
        ([("F0123", "123"), ("F0456", "456"), ("F0789", "789"), ("F0321", "321")], "the first 2 characters"),
        ([("1239", "123"), ("4560", "456"), ("7891", "789"), ("3215", "321")], "only the first 3 characters"),
    ] {
        let candidates = infer(&pairs(&cards[..3])).unwrap();
        let first = candidates.first().unwrap_or_else(|| panic!("nothing was found for {says}"));
        assert!(
            first.explanation.to_lowercase().contains(&says.to_lowercase()),
            "{says}: {}",
            first.explanation
        );
        let conversion = Conversion::compile(first.conversion.as_ref().unwrap()).unwrap();
        let (reader, directory) = cards[3];
        assert_eq!(conversion.apply_reader(reader), conversion.apply(directory), "{says}");
    }
}

#[test]
fn what_cannot_be_is_said() {
    assert_eq!(infer(&[]).unwrap_err(), Error::Count);
    assert_eq!(infer(&pairs(&[("1", "2"); 11])).unwrap_err(), Error::Count);
    let same_reader = infer(&pairs(&[("1", "2"), ("1", "3")])).unwrap_err().to_string();
    assert_eq!(same_reader, "pairs 1 and 2 contradict each other: the same reader value with two others");
    let same_directory = infer(&pairs(&[("1", "2"), ("3", "2")])).unwrap_err().to_string();
    assert_eq!(
        same_directory,
        "pairs 1 and 2 contradict each other: the same directory value with two others"
    );
    let empty = infer(&pairs(&[("1", "2"), (" ", "3")])).unwrap_err().to_string();
    assert!(empty.starts_with("pair 2: the reader value must have 1 to 128 characters"), "{empty}");
    assert!(infer(&pairs(&[("123", "abc"), ("77", "xyz")])).unwrap().is_empty());
}

proptest! {
    #[test]
    fn every_candidate_fits_every_pair(cards in proptest::collection::vec(("[0-9A-Fa-f:]{1,16}", "[0-9A-F]{1,16}"), 1..4)) {
        let cards: Vec<(&str, &str)> = cards.iter().map(|(one, two)| (one.as_str(), two.as_str())).collect();
        let pairs = pairs(&cards);
        for candidate in infer(&pairs).unwrap_or_default() {
            let conversion = Conversion::compile(candidate.conversion.as_ref().unwrap()).unwrap();
            for (pair, result) in pairs.iter().zip(&candidate.results) {
                prop_assert_eq!(&conversion.apply_reader(&pair.reader_value).unwrap(), result);
                prop_assert_eq!(&conversion.apply(&pair.directory_value).unwrap(), result);
            }
        }
    }
}
