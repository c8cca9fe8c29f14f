//! Whole files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rollcall_roster::{Cell, Field, FileError, Options, Problem, Roster, Row};

fn open(bytes: &[u8], options: &Options) -> Result<Roster<std::io::Cursor<Vec<u8>>>, FileError> {
    let convert = |number: &str| {
        if number.contains('?') { Err("is none".to_owned()) } else { Ok(number.to_uppercase()) }
    };
    Roster::open(std::io::Cursor::new(bytes.to_vec()), options, Box::new(convert))
}

fn read(text: &str) -> (Vec<Row>, Vec<String>, Vec<String>) {
    let mut roster = open(text.as_bytes(), &Options::default()).unwrap();
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for row in roster.by_ref() {
        match row {
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(problem.to_string()),
        }
    }
    (rows, problems, roster.notes())
}

#[test]
fn a_column_that_is_absent_says_nothing_and_an_empty_cell_that_there_is_none() {
    let (rows, problems, _) =
        read("userName;Vorname;Kartennummer;cardNumber2;aktiv\nanna;;04a1;;ja\nben;Ben;\"1 | 2\";3;\n");
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(rows[0].cell(Field::UserName).text(), Some("anna"));
    assert_eq!(
        (rows[0].cell(Field::GivenName), rows[0].cell(Field::FamilyName)),
        (&Cell::Empty, &Cell::Absent)
    );
    assert_eq!((rows[0].active, rows[1].active), (Some(true), None));
    assert_eq!(rows[0].cards.as_deref().unwrap(), ["04a1"]);
    assert_eq!(rows[1].cards.as_deref().unwrap(), ["1", "2", "3"]);
    assert_eq!((rows[0].line, rows[1].line), (2, 3));
}

#[test]
fn every_defect_is_a_line_of_the_result_and_the_rest_goes_on() {
    let (rows, problems, _) = read(
        "userName,email,card,pin,validUntil\n\
         anna,anna@x,04A1,7392,2030-01-01\n\
         ben,ben@x,1.23E+09,,\n\
         carl,carl,7,,\n\
         ANNA,other@x,8,,\n\
         dora,dora@x,04a1,,\n\
         emil,emil@x\n\
         ,,9,,\n\
         =cmd(),f@x,10,,\n\
         gina,g@x,1?,,\n\
         hans,h@x,11,,tomorrow\n\
         ida,ida@x,12,73920000000000000000000000000000000000000000000000000000000000000000,\n\
         jan,jan@x,13,,\n",
    );
    let names: Vec<&str> = rows.iter().map(Row::who).collect();
    assert_eq!(names, ["anna", "jan"]);
    let expected = [
        "line 3, column card: the spreadsheet has rounded this number; format the column as text and export it again",
        "line 4, column email: `carl` is no e-mail address",
        "line 5: is about the same person as line 2, by userName: leave one of them out",
        "line 6: has a card that line 2 has: a card has one holder",
        "line 7: has 2 cells and the header 5: is a separator in a text without quotes?",
        "line 8: says of nobody who it is: no userName, e-mail address or externalId",
        "line 9, column userName: `=cmd()` is a formula of a spreadsheet: paste values only, and export it again",
        "line 10, column card: a card number is none",
        "line 11, column validUntil: `tomorrow` is no date: write it as 2026-12-31",
        "line 12, column pin: has more than 64 characters",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn bad_bytes_are_the_rows_own_problem() {
    let mut roster = open(b"userName,name\nanna,M\xfcller\nben,Ben\n", &Options::default()).unwrap();
    let problem: Problem = roster.next().unwrap().unwrap_err();
    assert!(problem.to_string().starts_with("line 2, column name: is not UTF-8"), "{problem}");
    assert_eq!(problem.who, "anna");
    assert_eq!(roster.next().unwrap().unwrap().who(), "ben");
}

#[test]
fn a_file_that_is_none_is_refused_as_a_whole() {
    let error = |text: &str, options: &Options| open(text.as_bytes(), options).err().unwrap().to_string();
    let plain = Options::default();
    assert!(error("", &plain).contains("is empty"));
    assert!(error("\n\n", &plain).contains("is empty"));
    assert_eq!(
        error("Phone,Office\n1,2\n", &plain),
        "no column says who a row is about (userName, email or externalId); the file has `Phone`, `Office`"
    );
    assert!(error("login,userName\na,b\n", &plain).contains("`login` and `userName` both mean userName"));
    assert!(error(&"x,".repeat(150), &plain).contains("more than 100 columns"));
    assert!(error(&"x".repeat(70_000), &plain).contains("no header"));
    let cards = Options { cards_only: true, ..Options::default() };
    assert!(error("userName,department\na,b\n", &cards).contains("no column has cards"));
    let mapped = Options { mapping: vec![("Nope".to_owned(), Field::Card)], ..Options::default() };
    assert!(error("userName\na\n", &mapped).contains("no column `Nope`"));
}

#[test]
fn a_mapping_wins_and_cards_only_leaves_the_rest_out() {
    let options = Options {
        mapping: vec![("legic".to_owned(), Field::Card), ("id".to_owned(), Field::UserName)],
        cards_only: true,
        ..Options::default()
    };
    let roster = open(b"ID,Legic,Department\nanna,77,Sales\n", &options).unwrap();
    let fields: Vec<Option<Field>> = roster.columns().iter().map(|column| column.field).collect();
    assert_eq!(fields, [Some(Field::UserName), Some(Field::Card), None]);
    let rows: Vec<Row> = roster.map(Result::unwrap).collect();
    assert_eq!(rows[0].cell(Field::Department), &Cell::Absent);
}

#[test]
fn zeros_that_were_lost_are_noticed() {
    let number =
        |at: u32| if at.is_multiple_of(10) { format!("{at:05}") } else { format!("{:06}", 100_000 + at) };
    let rows: Vec<String> = (1..100).map(|at| format!("u{at},{}", number(at))).collect();
    let file = rows.join("\n");
    let (rows, _, notes) = read(&format!("userName,card\n{file}"));
    assert_eq!(rows.len(), 99);
    assert!(
        notes[0].starts_with(
            "9 of 99 card numbers are shorter than the 6 digits of most (line 11, 21, 31, 41, 51)"
        ),
        "{notes:?}"
    );
    let (_, _, none) = read("userName,card\na,1\nb,22\nc,333\n");
    assert!(none.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), header in any::<bool>()) {
        let file = if header { [b"userName,card,pin,active,validUntil\n", bytes.as_slice()].concat() } else { bytes };
        if let Ok(roster) = open(&file, &Options::default()) {
            for row in roster.flatten() {
                prop_assert!(!row.who().is_empty());
            }
        }
    }

    #[test]
    fn secrets_are_in_no_problem(card in "[0-9@=+]{6,20}", pin in "[a-z0-9@=]{6,20}") {
        let (_, problems, notes) = read(&format!("userName,card,pin\nanna,{card},{pin}\nanna,{card}0,{pin}\nben,{card},\n"));
        for said in problems.iter().chain(&notes) {
            prop_assert!(!said.contains(&card) && !said.contains(&pin), "{said}");
        }
    }
}
