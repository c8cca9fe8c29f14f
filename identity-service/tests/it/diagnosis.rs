use rollcall_proto::identity::{DiagnoseUserRequest, DiagnoseUserResponse, User};
use tonic::Status;

use crate::{
    cards::{patch, with_cards},
    service::{ACCOUNT, Service, both, email, user},
};

async fn diagnose(service: &Service, query: &str) -> Result<DiagnoseUserResponse, Status> {
    let request = DiagnoseUserRequest { parent: ACCOUNT.to_owned(), query: query.to_owned() };
    service.diagnosis.clone().diagnose_user(request).await.map(tonic::Response::into_inner)
}

#[test]
fn one_box_finds_a_person_by_anything_and_says_what_is_wrong_first() {
    both(async |service| {
        let anna = User {
            external_id: Some("E1".to_owned()),
            emails: vec![email("anna@x.example")],
            ..with_cards("anna.muster", &["04A1"])
        };
        let anna = service.create(anna).await.unwrap();
        service.create(User { active: Some(true), ..user("anna.other") }).await.unwrap();
        for query in [
            "ANNA.muster",
            "anna@x.example",
            "CORP\\anna.muster",
            "E1",
            "04A1",
            crate::service::id(&anna.name),
        ] {
            let found = diagnose(&service, query).await.unwrap();
            assert_eq!(found.user.unwrap().name, anna.name, "{query}");
            assert!(
                !found.wrong && found.finding.contains("Nothing here keeps anna.muster"),
                "{}",
                found.finding
            );
            assert_eq!((found.cards.len(), found.user_revision, found.changes.len()), (1, 1, 1));
        }
        let several = diagnose(&service, "anna").await.unwrap();
        assert_eq!((several.user.unwrap().user_name.as_str(), several.others.len()), ("anna.muster", 1));
        let nobody = diagnose(&service, "zoe").await.unwrap();
        assert!(nobody.wrong && nobody.user.is_none() && nobody.finding.contains("Nobody is called that"));
        let other = diagnose(&service, "anna.other").await.unwrap();
        assert!(other.wrong && other.finding.contains("neither a card nor a PIN"), "{}", other.finding);
        patch(&service, &anna, "active", "false").await.unwrap();
        let gone = diagnose(&service, "anna.muster").await.unwrap();
        assert!(gone.wrong && gone.finding.contains("is deactivated"), "{}", gone.finding);
        assert_eq!((gone.removals.len(), gone.changes.len()), (1, 2));
        // What stations have to begin anew for is still known here.
        crate::conversions::upper_case(&service).await;
        assert_eq!(diagnose(&service, "anna.muster").await.unwrap().changes.len(), 2);
        for bad in ["", "  ", "a\u{0}b", &"x".repeat(256)] {
            assert_eq!(diagnose(&service, bad).await.unwrap_err().code(), tonic::Code::InvalidArgument);
        }
    });
}
