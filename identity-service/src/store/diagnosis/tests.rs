use rollcall_proto::identity::Station;

use super::*;

fn person(active: bool) -> User {
    User { user_name: "anna".to_owned(), active: Some(active), ..User::default() }
}

fn card(state: CardState) -> Card {
    Card { state: state.into(), ..Card::default() }
}

fn station(name: &str, revision: i64) -> Station {
    Station { station: name.to_owned(), revision, ..Station::default() }
}

#[test]
fn the_first_thing_that_is_wrong_is_the_finding() {
    let pin = Secret { kind: SecretKind::Pin.into(), ..Secret::default() };
    let locked = Secret { failures: 5, locked_until: Some(clock::timestamp(1)), ..pin };
    let works = vec![card(CardState::Working)];
    for (found, wrong, says) in [
        (DiagnoseUserResponse::default(), true, "Nobody is called that"),
        (
            DiagnoseUserResponse { user: Some(person(false)), ..Default::default() },
            true,
            "anna is deactivated",
        ),
        (
            DiagnoseUserResponse { user: Some(person(true)), ..Default::default() },
            true,
            "neither a card nor a PIN",
        ),
        (
            DiagnoseUserResponse {
                user: Some(person(true)),
                cards: vec![card(CardState::Expired), card(CardState::Claimed)],
                ..Default::default()
            },
            true,
            "None of 2 cards works: somebody else holds the number; resolve the conflict, it is no longer valid.",
        ),
        (
            DiagnoseUserResponse {
                user: Some(person(true)),
                cards: works.clone(),
                secrets: vec![locked],
                ..Default::default()
            },
            true,
            "locked after 5 wrong tries",
        ),
        (
            DiagnoseUserResponse {
                user: Some(person(true)),
                cards: works.clone(),
                stations: vec![station("a", 7), station("b", 6), station("c", 5)],
                user_revision: 7,
                ..Default::default()
            },
            true,
            "The station b and one other does not have",
        ),
        (
            DiagnoseUserResponse {
                user: Some(person(true)),
                cards: works,
                secrets: vec![pin],
                ..Default::default()
            },
            false,
            "Nothing here keeps anna from printing",
        ),
    ] {
        let found = conclude(found);
        assert!(found.wrong == wrong && found.finding.contains(says), "{says}: {}", found.finding);
    }
}
