use rollcall_proto::identity::{
    AbsentUsers, ImportMode, ImportOptions, ImportProblem, ImportResult, ImportUsersRequest,
    ListUsersRequest, SecretKind, User, UserSource, VerifySecretRequest, import_users_request::Part,
    import_users_response::Event,
};
use tonic::Status;

use crate::{
    cards::{holder, patch, with_cards},
    service::{ACCOUNT, Service, both, user},
};

async fn import(
    service: &Service,
    options: ImportOptions,
    file: &str,
) -> Result<(Vec<ImportProblem>, ImportResult), Status> {
    let first = ImportUsersRequest { parent: ACCOUNT.to_owned(), part: Some(Part::Options(options)) };
    let pieces: Vec<ImportUsersRequest> = file
        .as_bytes()
        .chunks(7)
        .map(|piece| ImportUsersRequest { parent: String::new(), part: Some(Part::Data(piece.to_vec())) })
        .collect();
    let requests = tokio_stream::iter([first].into_iter().chain(pieces));
    let mut events = service.imports.clone().import_users(requests).await?.into_inner();
    let mut problems = Vec::new();
    loop {
        match events.message().await?.expect("an end").event.unwrap() {
            Event::Problem(problem) => problems.push(problem),
            Event::Result(result) => return Ok((problems, result)),
            Event::Columns(_) | Event::Progress(_) => {}
        }
    }
}

fn options(mode: ImportMode) -> ImportOptions {
    ImportOptions { mode: mode.into(), ..ImportOptions::default() }
}

/// Created, updated, unchanged, failed, cards, removed.
fn counts(result: &ImportResult) -> [i64; 6] {
    let counts = result.counts.unwrap();
    assert_eq!(counts.rows, counts.created + counts.updated + counts.unchanged + counts.failed);
    [counts.created, counts.updated, counts.unchanged, counts.failed, counts.cards, counts.removed]
}

async fn users(service: &Service) -> Vec<User> {
    let request = ListUsersRequest {
        parent: ACCOUNT.to_owned(),
        order_by: "userName".to_owned(),
        ..ListUsersRequest::default()
    };
    service.users.clone().list_users(request).await.unwrap().into_inner().users
}

const FILE: &str = "userName,Vorname,email,Abteilung,card,pin\n\
    anna,Anna,anna@x,Sales,04A1,7392\n\
    ben,Ben,ben@x,Sales,04B2|04B3,\n\
    carl,Carl,carl,Sales,04C4,\n";

#[test]
fn a_preview_says_what_the_import_does() {
    both(async |service| {
        let preview = ImportOptions { preview: true, ..options(ImportMode::Upsert) };
        let (problems, seen) = import(&service, preview, FILE).await.unwrap();
        assert!(seen.nothing_changed && users(&service).await.is_empty());
        assert_eq!((problems.len(), problems[0].line, problems[0].column.as_str()), (1, 4, "email"));
        let (_, result) = import(&service, options(ImportMode::Upsert), FILE).await.unwrap();
        assert_eq!(counts(&result), counts(&seen));
        assert_eq!(counts(&result), [2, 0, 0, 1, 3, 0]);
        let people = users(&service).await;
        assert!(people.iter().all(|user| user.source() == UserSource::Import && user.active()));
        assert_eq!(people[0].person_name.as_ref().unwrap().given_name.as_deref(), Some("Anna"));
        assert_eq!(people[0].enterprise.as_ref().unwrap().department.as_deref(), Some("Sales"));
        assert_eq!(holder(&service, "04B3").await, "ben");
        let verify = VerifySecretRequest {
            parent: ACCOUNT.to_owned(),
            alias: "anna".to_owned(),
            kind: SecretKind::Pin.into(),
            secret: "7392".to_owned(),
            station: "lobby".to_owned(),
            view: 0,
        };
        service.stations.clone().verify_secret(verify).await.unwrap();
        let changes = service.changes_after(0).await.len();
        let (_, again) = import(&service, options(ImportMode::Upsert), FILE).await.unwrap();
        assert_eq!(counts(&again), [0, 0, 2, 1, 0, 0]);
        assert_eq!(service.changes_after(0).await.len(), changes, "the same again is no change");
    });
}

#[test]
fn a_column_that_is_absent_changes_nothing_and_an_empty_cell_does() {
    both(async |service| {
        import(&service, options(ImportMode::Upsert), FILE).await.unwrap();
        let (_, result) =
            import(&service, options(ImportMode::Update), "login;Abteilung\nanna;\nben;Legal\nnobody;x\n")
                .await
                .unwrap();
        assert_eq!(counts(&result), [0, 2, 0, 1, 0, 0]);
        let people = users(&service).await;
        assert_eq!(people[0].enterprise, None);
        assert_eq!(people[0].emails.len(), 1);
        assert_eq!(people[1].enterprise.as_ref().unwrap().department.as_deref(), Some("Legal"));
        let (_, added) =
            import(&service, options(ImportMode::Add), "login,title\nanna,Dr\ndora,Dr\n").await.unwrap();
        assert_eq!(counts(&added), [1, 0, 1, 0, 0, 0]);
        assert_eq!(users(&service).await[0].title, None);
    });
}

#[test]
fn cards_only_finds_people_by_any_name_and_creates_nobody() {
    both(async |service| {
        let anna = User {
            emails: vec![crate::service::email("anna@x")],
            external_id: Some("E1".to_owned()),
            ..with_cards("anna", &["1"])
        };
        service.create(anna).await.unwrap();
        let cards = || ImportOptions { cards_only: true, ..ImportOptions::default() };
        let (problems, result) =
            import(&service, cards(), "email,userName,card,department\nANNA@x,,2,Sales\nb@x,ben,3,\n")
                .await
                .unwrap();
        assert_eq!(counts(&result), [0, 1, 0, 1, 1, 0]);
        assert!(problems[0].message.contains("nobody in the account"), "{problems:?}");
        assert_eq!(
            (holder(&service, "1").await, holder(&service, "2").await),
            ("anna".to_owned(), "anna".to_owned())
        );
        import(&service, cards(), "externalId,card\nE1,4\n").await.unwrap();
        assert_eq!(holder(&service, "4").await, "anna");
        let people = users(&service).await;
        assert_eq!((people.len(), people[0].enterprise.as_ref()), (1, None));
        // What the identity provider says next leaves the imported cards.
        patch(&service, &people[0], "cardNumber", "").await.unwrap();
        assert_eq!(
            (holder(&service, "1").await, holder(&service, "2").await),
            (String::new(), "anna".to_owned())
        );
        // A person of the identity provider is not updated by an import of people.
        let (problems, _) =
            import(&service, options(ImportMode::Upsert), "userName,title\nanna,Dr\n").await.unwrap();
        assert!(problems[0].message.contains("comes from the identity provider"), "{problems:?}");
    });
}

#[test]
fn a_card_of_somebody_else_is_a_warning_and_a_claim() {
    both(async |service| {
        service.create(with_cards("anna", &["77"])).await.unwrap();
        let (problems, result) =
            import(&service, options(ImportMode::Upsert), "userName,card\nben,77\n").await.unwrap();
        assert!(problems[0].warning && problems[0].message.contains("conflict"), "{problems:?}");
        assert_eq!(counts(&result), [1, 0, 0, 0, 1, 0]);
        assert_eq!(holder(&service, "77").await, "anna");
    });
}

#[test]
fn a_synchronising_import_deals_with_imported_people_who_are_missing_and_nobody_else() {
    both(async |service| {
        service.create(User { active: Some(true), ..user("scim") }).await.unwrap();
        service.create_from(UserSource::Manual, User { active: Some(true), ..user("hand") }).await.unwrap();
        import(&service, options(ImportMode::Upsert), "userName,card\nanna,1\nben,2\ncarl,3\n")
            .await
            .unwrap();
        let synchronise = |absent: AbsentUsers, preview: bool| ImportOptions {
            absent: absent.into(),
            preview,
            ..options(ImportMode::Synchronise)
        };
        let file = "userName,card\nanna,1\ncarl,\n";
        let (_, seen) = import(&service, synchronise(AbsentUsers::Deactivate, true), file).await.unwrap();
        let (_, result) = import(&service, synchronise(AbsentUsers::Deactivate, false), file).await.unwrap();
        assert_eq!((counts(&seen), counts(&result)), ([0, 1, 1, 0, 0, 1], [0, 1, 1, 0, 0, 1]));
        let active: Vec<String> =
            users(&service).await.into_iter().filter(User::active).map(|user| user.user_name).collect();
        assert_eq!(active, ["anna", "carl", "hand", "scim"]);
        assert_eq!(
            (holder(&service, "2").await, holder(&service, "3").await),
            (String::new(), String::new())
        );
        let (_, result) =
            import(&service, synchronise(AbsentUsers::Delete, false), "userName\nanna\n").await.unwrap();
        assert_eq!(counts(&result)[5], 2);
        assert_eq!(users(&service).await.len(), 3);
        // A file that is of no use as a whole removes nobody.
        import(&service, synchronise(AbsentUsers::Delete, false), "Phone\n1\n").await.unwrap_err();
        assert_eq!(users(&service).await.len(), 3);
    });
}

#[test]
fn all_or_nothing_is_all_or_nothing() {
    both(async |service| {
        let whole = || ImportOptions { all_or_nothing: true, ..options(ImportMode::Upsert) };
        let (problems, result) = import(&service, whole(), FILE).await.unwrap();
        assert!(result.nothing_changed && problems.len() == 1 && users(&service).await.is_empty());
        let good = FILE.lines().take(3).collect::<Vec<_>>().join("\n");
        let (problems, result) = import(&service, whole(), &good).await.unwrap();
        assert!(!result.nothing_changed && problems.is_empty(), "{problems:?}");
        assert_eq!((users(&service).await.len(), holder(&service, "04B2").await), (2, "ben".to_owned()));
    });
}

#[test]
fn a_stream_that_breaks_off_removes_nobody_and_says_so() {
    both(async |service| {
        import(&service, options(ImportMode::Upsert), "userName\nanna\nben\n").await.unwrap();
        let first = ImportUsersRequest {
            parent: ACCOUNT.to_owned(),
            part: Some(Part::Options(ImportOptions {
                absent: AbsentUsers::Delete.into(),
                ..options(ImportMode::Synchronise)
            })),
        };
        // A second set of options is no piece of a file.
        let data = ImportUsersRequest {
            parent: String::new(),
            part: Some(Part::Data(b"userName\ncarl\n".to_vec())),
        };
        let requests = tokio_stream::iter([first.clone(), data, first]);
        let mut events = service.imports.clone().import_users(requests).await.unwrap().into_inner();
        let ended = loop {
            match events.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well"),
                Err(status) => break status,
            }
        };
        assert!(ended.message().contains("not read to its end"), "{ended:?}");
        let names: Vec<String> = users(&service).await.into_iter().map(|user| user.user_name).collect();
        assert_eq!(names, ["anna", "ben", "carl"], "what was read is there, and nobody is gone");
        let none = service.imports.clone().import_users(tokio_stream::iter(Vec::new())).await;
        assert_eq!(none.err().unwrap().code(), tonic::Code::InvalidArgument);
    });
}
