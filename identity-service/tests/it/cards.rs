use prost_types::Timestamp;
use rollcall_proto::identity::{
    AssignDeniedCardRequest, BatchLookupCardsRequest, Card, CardLookup, CardSource, CardState,
    CardVisibility, CreateCardRequest, DeleteCardRequest, ExplainCardRequest, LeaverCards, ListCardsRequest,
    ListDeniedCardsRequest, PatchOp, PatchOperation, PatchUserRequest, PrintCard, PrintUser,
    ReplaceUserRequest, ResolveClaimRequest, Settings, UpdateCardRequest, User, UserSource,
};
use tonic::{Code, Status};

use crate::service::{ACCOUNT, Service, both, id, user};

pub(crate) fn with_cards(name: &str, numbers: &[&str]) -> User {
    let slots = (1..).zip(numbers);
    let cards =
        slots.map(|(slot, number)| PrintCard { slot, number: (*number).to_owned(), ..PrintCard::default() });
    let print = PrintUser { cards: cards.collect(), ..PrintUser::default() };
    User { active: Some(true), print: Some(print), ..user(name) }
}

pub(crate) async fn look(service: &Service, numbers: &[&str], station: &str) -> Vec<CardLookup> {
    let request = BatchLookupCardsRequest {
        min_revision: 0,
        parent: ACCOUNT.to_owned(),
        numbers: numbers.iter().map(|&number| number.to_owned()).collect(),
        station: station.to_owned(),
        view: 0,
    };
    service.lookups.clone().batch_lookup_cards(request).await.unwrap().into_inner().results
}

/// The userName of who holds a card that works; empty for nobody.
pub(crate) async fn holder(service: &Service, number: &str) -> String {
    let found = look(service, &[number], "").await;
    found[0].user.as_ref().map(|user| user.user_name.clone()).unwrap_or_default()
}

pub(crate) async fn give(service: &Service, to: &User, number: &str) -> Result<Card, Status> {
    let card = Card { user: to.name.clone(), number: number.to_owned(), ..Card::default() };
    let request = CreateCardRequest { parent: ACCOUNT.to_owned(), card: Some(card) };
    service.cards.clone().create_card(request).await.map(tonic::Response::into_inner)
}

pub(crate) async fn cards_of(service: &Service, user: &str) -> Vec<Card> {
    let request =
        ListCardsRequest { parent: ACCOUNT.to_owned(), user: user.to_owned(), ..ListCardsRequest::default() };
    service.cards.clone().list_cards(request).await.unwrap().into_inner().cards
}

pub(crate) async fn patch(service: &Service, user: &User, path: &str, value: &str) -> Result<User, Status> {
    let op = if value.is_empty() { PatchOp::Remove } else { PatchOp::Replace };
    let operation = PatchOperation { op: op.into(), path: path.to_owned(), value: value.to_owned() };
    let request = PatchUserRequest {
        name: user.name.clone(),
        operations: vec![operation],
        writer: UserSource::Scim.into(),
        ..PatchUserRequest::default()
    };
    service.users.clone().patch_user(request).await.map(tonic::Response::into_inner)
}

fn shown(user: &User) -> Vec<&str> {
    user.print.iter().flat_map(|print| &print.cards).map(|card| card.number.as_str()).collect()
}

#[test]
fn a_card_finds_its_active_holder_and_is_shown_masked() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["04A1B2C3", "04D4E5F6"])).await.unwrap();
        assert_eq!(shown(&anna), ["••••••C3", "••••••F6"]);
        assert_eq!(holder(&service, "04A1B2C3").await, "anna");
        assert_eq!(holder(&service, " 04D4E5F6 ").await, "anna");
        assert_eq!(holder(&service, "04a1b2c3").await, "", "case counts without a conversion");
        assert_eq!(holder(&service, "\u{1}").await, "");

        // The same again is no change; a masked number that comes back is the card that it stands for.
        let put = |user: &User| ReplaceUserRequest {
            user: Some(user.clone()),
            writer: UserSource::Scim.into(),
            ..ReplaceUserRequest::default()
        };
        let again = service.users.clone().replace_user(put(&anna)).await.unwrap().into_inner();
        assert_eq!(again.etag, anna.etag);
        let one = patch(&service, &anna, "cardNumber2", "\"04FFFFFF\"").await.unwrap();
        assert_eq!(shown(&one), ["••••••C3", "••••••FF"]);
        assert_ne!(one.etag, anna.etag);
        assert_eq!(holder(&service, "04D4E5F6").await, "");
        let mut wrong = one.clone();
        wrong.print.as_mut().unwrap().cards[0].number = "••••••77".to_owned();
        let refused = service.users.clone().replace_user(put(&wrong)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");

        // Deactivated, in the same instant; and back.
        let gone = patch(&service, &anna, "active", "false").await.unwrap();
        assert!(!gone.active());
        assert_eq!(holder(&service, "04A1B2C3").await, "");
        assert_eq!(cards_of(&service, &anna.name).await[0].state(), CardState::HolderInactive);
        patch(&service, &anna, "active", "true").await.unwrap();
        assert_eq!(holder(&service, "04A1B2C3").await, "anna");

        // Erased, where the account wants that; and with the person.
        service.set(Settings { leaver_cards: LeaverCards::Erase.into(), ..Settings::default() }).await;
        patch(&service, &anna, "active", "false").await.unwrap();
        let back = patch(&service, &anna, "active", "true").await.unwrap();
        assert!(shown(&back).is_empty() && cards_of(&service, &anna.name).await.is_empty());
        assert_eq!(holder(&service, "04A1B2C3").await, "");
    });
}

#[test]
fn hidden_numbers_are_not_read_and_a_put_without_them_leaves_them() {
    both(async |service| {
        service.set(Settings { card_visibility: CardVisibility::Hidden.into(), ..Settings::default() }).await;
        let anna = service.create(with_cards("anna", &["04A1"])).await.unwrap();
        assert_eq!(anna.print, None);
        let put = ReplaceUserRequest {
            user: Some(User { title: Some("Dr".to_owned()), ..anna.clone() }),
            writer: UserSource::Scim.into(),
            ..ReplaceUserRequest::default()
        };
        service.users.clone().replace_user(put).await.unwrap();
        assert_eq!(holder(&service, "04A1").await, "anna");
        patch(&service, &anna, "cardNumber", "").await.unwrap();
        assert_eq!(holder(&service, "04A1").await, "");
    });
}

#[test]
fn the_identity_provider_and_others_do_not_wipe_each_others_cards() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["1001"])).await.unwrap();
        give(&service, &anna, "2002").await.unwrap();
        patch(&service, &anna, "cardNumber", "\"1003\"").await.unwrap();
        assert_eq!(holder(&service, "2002").await, "anna");
        // What both name stays until both have dropped it.
        give(&service, &anna, "1003").await.unwrap();
        patch(&service, &anna, "cardNumber", "").await.unwrap();
        assert_eq!(holder(&service, "1003").await, "anna");
        let cards = cards_of(&service, &anna.name).await;
        let sources: Vec<(CardSource, bool)> =
            cards.iter().map(|card| (card.source(), card.provisioned)).collect();
        assert_eq!(sources, [(CardSource::Console, false), (CardSource::Console, false)]);
        assert_eq!(give(&service, &anna, "1003").await.unwrap_err().code(), Code::AlreadyExists);
        // A card that the identity provider names is its own.
        patch(&service, &anna, "cardNumber", "\"1004\"").await.unwrap();
        let named = cards_of(&service, &anna.name).await.into_iter().find(|card| card.provisioned).unwrap();
        let delete = DeleteCardRequest { name: named.name.clone() };
        let refused = service.cards.clone().delete_card(delete).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let request =
            UpdateCardRequest { card: Some(Card { label: "x".to_owned(), ..named }), update_mask: None };
        assert_eq!(
            service.cards.clone().update_card(request).await.unwrap_err().code(),
            Code::FailedPrecondition
        );
    });
}

#[test]
fn a_second_claim_is_kept_shown_and_resolved() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["77"])).await.unwrap();
        let ben = service.create(with_cards("ben", &["77"])).await.unwrap();
        let carl = service.create(user("carl")).await.unwrap();
        assert_eq!(holder(&service, "77").await, "anna", "the first holds it");
        let claim = give(&service, &carl, "77").await.unwrap();
        assert_eq!((claim.state(), claim.holder.as_str()), (CardState::Claimed, anna.name.as_str()));
        let explain =
            ExplainCardRequest { parent: ACCOUNT.to_owned(), number: "77".to_owned(), from_reader: true };
        let explained = service.cards.clone().explain_card(explain).await.unwrap().into_inner();
        assert_eq!(explained.card.unwrap().user_name, "anna");
        assert!(explained.explanation.contains("2 others claim it"), "{}", explained.explanation);
        let list =
            ListCardsRequest { parent: ACCOUNT.to_owned(), claims: true, ..ListCardsRequest::default() };
        let claims = service.cards.clone().list_cards(list).await.unwrap().into_inner().cards;
        let names: Vec<&str> = claims.iter().map(|card| card.user_name.as_str()).collect();
        assert_eq!(names, ["ben", "carl"]);

        let resolve = ResolveClaimRequest { name: claim.name.clone() };
        let won = service.cards.clone().resolve_claim(resolve.clone()).await.unwrap().into_inner();
        assert_eq!(won.state(), CardState::Working);
        assert_eq!(holder(&service, "77").await, "carl");
        assert_eq!(
            service.cards.clone().resolve_claim(resolve).await.unwrap_err().code(),
            Code::InvalidArgument
        );
        assert!(cards_of(&service, &anna.name).await.is_empty());
        // Who gives the card up leaves it to the oldest claim.
        service.cards.clone().delete_card(DeleteCardRequest { name: won.name }).await.unwrap();
        assert_eq!(holder(&service, "77").await, "ben");
        service.delete(&ben.name).await;
        assert_eq!(holder(&service, "77").await, "");
    });
}

#[test]
fn a_loaner_card_ends_by_itself() {
    both(async |service| {
        let anna = service.create(User { active: Some(true), ..user("anna") }).await.unwrap();
        let card = give(&service, &anna, "900").await.unwrap();
        let at = |seconds: i64| Some(Timestamp { seconds, nanos: 0 });
        for (from, until, state, found) in [
            (None, at(1_000_000_000), CardState::Expired, ""),
            (at(4_000_000_000), None, CardState::NotYetValid, ""),
            (at(1_000_000_000), at(4_000_000_000), CardState::Working, "anna"),
        ] {
            let changed = Card { valid_from: from, valid_until: until, ..card.clone() };
            let request = UpdateCardRequest { card: Some(changed), update_mask: None };
            let changed = service.cards.clone().update_card(request).await.unwrap().into_inner();
            assert_eq!(changed.state(), state);
            assert_eq!(holder(&service, "900").await, found, "{state:?}");
        }
        let backwards = Card { valid_from: at(2), valid_until: at(1), ..card };
        let request = UpdateCardRequest { card: Some(backwards), update_mask: None };
        assert_eq!(
            service.cards.clone().update_card(request).await.unwrap_err().code(),
            Code::InvalidArgument
        );
    });
}

#[test]
fn an_unknown_card_goes_to_the_inbox_and_from_there_to_a_person() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["1"])).await.unwrap();
        look(&service, &["555", "1"], "lobby").await;
        look(&service, &["555"], "lobby").await;
        look(&service, &["556"], "").await;
        let inbox = async || {
            let request = ListDeniedCardsRequest {
                parent: ACCOUNT.to_owned(),
                unknown: true,
                ..ListDeniedCardsRequest::default()
            };
            service.cards.clone().list_denied_cards(request).await.unwrap().into_inner().denied_cards
        };
        let mut denied = inbox().await;
        for _ in 0..100 {
            if !denied.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            denied = inbox().await;
        }
        assert_eq!(denied.len(), 1, "what names no station leaves no trace");
        assert_eq!(
            (denied[0].station.as_str(), denied[0].number.as_str(), denied[0].count),
            ("lobby", "••5", 2)
        );
        let assign = AssignDeniedCardRequest {
            name: denied[0].name.clone(),
            user: anna.name.clone(),
            label: "Found".to_owned(),
        };
        let card = service.cards.clone().assign_denied_card(assign.clone()).await.unwrap().into_inner();
        assert_eq!((card.label.as_str(), card.state()), ("Found", CardState::Working));
        assert_eq!(holder(&service, "555").await, "anna");
        assert!(inbox().await.is_empty());
        assert_eq!(
            service.cards.clone().assign_denied_card(assign).await.unwrap_err().code(),
            Code::NotFound
        );
        assert!(cards_of(&service, &anna.name).await[0].last_use_time.is_some());
    });
}

#[test]
fn what_is_wrong_is_refused_without_a_number() {
    both(async |service| {
        let anna = service.create(user("anna")).await.unwrap();
        let secret = "SECRET-0123456789\u{7}";
        for (number, code) in
            [("", Code::InvalidArgument), (secret, Code::InvalidArgument), ("••C3", Code::InvalidArgument)]
        {
            let refused = give(&service, &anna, number).await.unwrap_err();
            assert_eq!(refused.code(), code, "{refused:?}");
            assert!(!refused.message().contains("0123"), "{refused:?}");
        }
        let nobody = User { name: format!("{ACCOUNT}/users/nobody"), ..User::default() };
        assert_eq!(give(&service, &nobody, "1").await.unwrap_err().code(), Code::NotFound);
        let elsewhere = User { name: format!("accounts/other/users/{}", id(&anna.name)), ..User::default() };
        assert_eq!(give(&service, &elsewhere, "1").await.unwrap_err().code(), Code::InvalidArgument);
        for number in 0..50 {
            give(&service, &anna, &format!("n{number}")).await.unwrap();
        }
        assert_eq!(give(&service, &anna, "one more").await.unwrap_err().code(), Code::InvalidArgument);
    });
}
