use rollcall_proto::identity::{
    CreateRegistrationCodeRequest, ListSecretsRequest, PinUse, PrintUser, RegisterCardRequest, Secret,
    SecretKind, SetSecretRequest, Settings, User, VerifySecretRequest,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    cards::{holder, patch},
    service::{ACCOUNT, Service, both, email, user},
};

pub(crate) async fn set(
    service: &Service,
    to: &User,
    kind: SecretKind,
    secret: &str,
) -> Result<Secret, Status> {
    let request =
        SetSecretRequest { user: to.name.clone(), kind: kind.into(), secret: secret.to_owned(), source: 0 };
    service.pins.clone().set_secret(request).await.map(tonic::Response::into_inner)
}

async fn verify(
    service: &Service,
    alias: &str,
    kind: SecretKind,
    secret: &str,
    station: &str,
) -> Result<String, Status> {
    let request = VerifySecretRequest {
        parent: ACCOUNT.to_owned(),
        alias: alias.to_owned(),
        kind: kind.into(),
        secret: secret.to_owned(),
        station: station.to_owned(),
        view: 0,
    };
    let answer = service.stations.clone().verify_secret(request).await?.into_inner();
    Ok(answer.user.unwrap().user_name)
}

pub(crate) async fn pin(service: &Service, alias: &str, secret: &str) -> Result<String, Code> {
    verify(service, alias, SecretKind::Pin, secret, "lobby").await.map_err(|status| status.code())
}

pub(crate) async fn anna(service: &Service) -> User {
    let print = PrintUser { local_user_name: Some("CORP\\anna.m".to_owned()), ..PrintUser::default() };
    let anna = User {
        active: Some(true),
        emails: vec![email("anna@example.com")],
        print: Some(print),
        ..user("anna@corp.example")
    };
    service.create(anna).await.unwrap()
}

#[test]
fn a_pin_is_right_by_every_name_of_an_active_person_and_never_read() {
    both(async |service| {
        let anna = anna(&service).await;
        set(&service, &anna, SecretKind::Pin, "7392").await.unwrap();
        for alias in ["ANNA@corp.example", "anna@example.com", "corp\\ANNA.M"] {
            assert_eq!(pin(&service, alias, "7392").await.as_deref(), Ok("anna@corp.example"), "{alias}");
        }
        for (alias, secret) in [("anna@example.com", "7393"), ("nobody", "7392"), ("anna@example.com", "")] {
            assert_eq!(pin(&service, alias, secret).await, Err(Code::Unauthenticated), "{alias}");
        }
        let list = ListSecretsRequest { user: anna.name.clone() };
        let secrets = service.pins.clone().list_secrets(list).await.unwrap().into_inner().secrets;
        assert_eq!((secrets.len(), secrets[0].kind(), secrets[0].failures), (1, SecretKind::Pin, 2));
        patch(&service, &anna, "active", "false").await.unwrap();
        assert_eq!(pin(&service, "anna@example.com", "7392").await, Err(Code::Unauthenticated));
        patch(&service, &anna, "active", "true").await.unwrap();
        assert_eq!(pin(&service, "anna@example.com", "7392").await.as_deref(), Ok("anna@corp.example"));
    });
}

#[test]
fn the_identity_provider_sets_and_removes_a_pin() {
    both(async |service| {
        let anna = anna(&service).await;
        let path = "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User:pin";
        let set = patch(&service, &anna, path, "\"7392\"").await.unwrap();
        assert_eq!(set.etag, anna.etag, "nobody can read it, so nothing that can be read has changed");
        assert_eq!(pin(&service, "anna@example.com", "7392").await.as_deref(), Ok("anna@corp.example"));
        let changes = service.changes_after(0).await.len();
        patch(&service, &anna, path, "\"7392\"").await.unwrap();
        assert_eq!(service.changes_after(0).await.len(), changes, "the same again is no change");
        for trivial in ["\"1234\"", "\"2024\"", "\"12\"", "\"abcd\""] {
            let refused = patch(&service, &anna, path, trivial).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(!refused.message().contains(trivial.trim_matches('"')), "{refused:?}");
        }
        patch(&service, &anna, path, "").await.unwrap();
        assert_eq!(pin(&service, "anna@example.com", "7392").await, Err(Code::Unauthenticated));
    });
}

#[test]
fn guessing_is_slowed_down_by_person_and_by_station() {
    both(async |service| {
        let anna = anna(&service).await;
        set(&service, &anna, SecretKind::Pin, "7392").await.unwrap();
        for _ in 0..5 {
            assert_eq!(pin(&service, "anna@example.com", "0001").await, Err(Code::Unauthenticated));
        }
        let locked =
            verify(&service, "anna@example.com", SecretKind::Pin, "7392", "elsewhere").await.unwrap_err();
        assert_eq!(locked.code(), Code::ResourceExhausted, "the right one too: {locked:?}");
        let pause = locked.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!((200..=300).contains(&pause.as_secs()), "{pause:?}");
        // An administrator sets another, and with it the person begins anew.
        set(&service, &anna, SecretKind::Pin, "8463").await.unwrap();
        assert_eq!(pin(&service, "anna@example.com", "8463").await.as_deref(), Ok("anna@corp.example"));
        // A station that tries many names is slowed down as well; all at the same time, no more get through.
        let guesses = (0..60).map(|at| {
            let service = service.clone();
            async move {
                let alias = format!("nobody{at}");
                verify(&service, &alias, SecretKind::Pin, "7392", "rogue").await.unwrap_err().code()
            }
        });
        let codes = futures::future::join_all(guesses).await;
        let tried = codes.iter().filter(|code| **code == Code::Unauthenticated).count();
        assert!((30..=31).contains(&tried), "{tried} tries got through");
        assert_eq!(
            pin(&service, "anna@example.com", "8463").await.as_deref(),
            Ok("anna@corp.example"),
            "others are not"
        );
    });
}

#[test]
fn a_pin_that_is_used_alone_says_who_it_is() {
    both(async |service| {
        service
            .set(Settings { pin_use: PinUse::Alone.into(), pin_min_length: 6, ..Settings::default() })
            .await;
        let anna = anna(&service).await;
        let ben = service.create(User { active: Some(true), ..user("ben") }).await.unwrap();
        assert_eq!(
            set(&service, &anna, SecretKind::Pin, "7392").await.unwrap_err().code(),
            Code::InvalidArgument
        );
        set(&service, &anna, SecretKind::Pin, "739261").await.unwrap();
        let taken = set(&service, &ben, SecretKind::Pin, "739261").await.unwrap_err();
        assert_eq!(taken.code(), Code::AlreadyExists);
        assert!(!taken.message().contains("anna"), "{taken:?}");
        set(&service, &ben, SecretKind::Pin, "846150").await.unwrap();
        assert_eq!(pin(&service, "", "739261").await.as_deref(), Ok("anna@corp.example"));
        assert_eq!(pin(&service, "", "846150").await.as_deref(), Ok("ben"));
        assert_eq!(pin(&service, "", "999999").await, Err(Code::Unauthenticated));
        patch(&service, &ben, "active", "false").await.unwrap();
        assert_eq!(pin(&service, "", "846150").await, Err(Code::Unauthenticated));
        let passcode = verify(&service, "", SecretKind::Passcode, "x", "lobby").await.unwrap_err();
        assert_eq!(passcode.code(), Code::InvalidArgument);
    });
}

#[test]
fn a_card_is_registered_with_a_code_that_is_good_once() {
    both(async |service| {
        let anna = anna(&service).await;
        let made = CreateRegistrationCodeRequest { user: anna.name.clone() };
        let code = service.pins.clone().create_registration_code(made).await.unwrap().into_inner().code;
        let register = async |code: &str, number: &str| {
            let request = RegisterCardRequest {
                parent: ACCOUNT.to_owned(),
                alias: "anna@example.com".to_owned(),
                code: code.to_owned(),
                number: number.to_owned(),
                station: "lobby".to_owned(),
            };
            service.stations.clone().register_card(request).await.map_err(|status| status.code())
        };
        assert_eq!(register("00000000", "C1").await.unwrap_err(), Code::Unauthenticated);
        assert_eq!(
            register(&code, "\u{1}").await.unwrap_err(),
            Code::InvalidArgument,
            "the code is not spent"
        );
        register(&code, "C1").await.unwrap();
        assert_eq!(holder(&service, "C1").await, "anna@corp.example");
        assert_eq!(register(&code, "C2").await.unwrap_err(), Code::Unauthenticated, "it is spent");
        let path = "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User:cardRegistrationCode";
        patch(&service, &anna, path, "\"TIC-4711\"").await.unwrap();
        register("TIC-4711", "C3").await.unwrap();
        assert_eq!(holder(&service, "C3").await, "anna@corp.example");
    });
}

#[test]
fn a_passcode_has_rules_of_its_own() {
    both(async |service| {
        let anna = anna(&service).await;
        for bad in ["short", "aaaaaaaaaa", "anna@corp.example", &"x".repeat(129)] {
            assert_eq!(
                set(&service, &anna, SecretKind::Passcode, bad).await.unwrap_err().code(),
                Code::InvalidArgument
            );
        }
        set(&service, &anna, SecretKind::Passcode, "correct horse").await.unwrap();
        let said = verify(&service, "anna@example.com", SecretKind::Passcode, "correct horse", "lobby").await;
        assert_eq!(said.unwrap(), "anna@corp.example");
        assert_eq!(
            set(&service, &anna, SecretKind::RegistrationCode, "x").await.unwrap_err().code(),
            Code::InvalidArgument
        );
    });
}
