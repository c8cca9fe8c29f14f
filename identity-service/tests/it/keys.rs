//! What a new key in front, and a key that is gone, mean for cards and PINs.

use rollcall_db::test::TestDb;
use rollcall_identity_service::StartError;
use rollcall_key::Keys;
use rollcall_proto::identity::{PinUse, SecretKind, Settings, User};
use tonic::Code;

use crate::{
    cards::{give, holder},
    secrets::{anna, pin, set},
    service::{Service, user},
};

/// Runs a test on each database with a key file of one key, and that file.
fn each(test: impl AsyncFn(rollcall_db::Database, &std::path::Path)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in TestDb::both() {
        let db = database.open(rollcall_identity_service::migrations()).unwrap();
        let home = tempfile::tempdir().unwrap();
        runtime.block_on(test(db, &home.path().join("key")));
    }
}

#[test]
fn a_pin_used_alone_stays_one_persons_over_a_rotation_and_moves_to_the_new_key_when_it_is_typed() {
    each(async |db, path| {
        let over = |keys: &Keys| Service::over(&rollcall_identity_service::Service::new(db.clone(), keys));
        let before = over(&Keys::read_or_make(path).unwrap());
        let alone = Settings { pin_use: PinUse::Alone.into(), pin_min_length: 6, ..Settings::default() };
        before.set(alone).await;
        let anna = anna(&before).await;
        let ben = before.create(User { active: Some(true), ..user("ben") }).await.unwrap();
        set(&before, &anna, SecretKind::Pin, "739261").await.unwrap();

        let rotated = over(&Keys::rotate(path).unwrap());
        let taken = set(&rotated, &ben, SecretKind::Pin, "739261").await.unwrap_err();
        assert_eq!(taken.code(), Code::AlreadyExists);
        assert_eq!(pin(&rotated, "", "739261").await.as_deref(), Ok("anna@corp.example"));

        // It was typed since: the old key is not needed any more.
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text.lines().next().unwrap()).unwrap();
        let after = over(&Keys::read(path).unwrap());
        assert_eq!(pin(&after, "", "739261").await.as_deref(), Ok("anna@corp.example"));
    });
}

#[test]
fn without_the_key_of_its_cards_a_service_does_not_start() {
    each(async |db, path| {
        let keys = Keys::read_or_make(path).unwrap();
        let with = |keys: &Keys| rollcall_identity_service::Service::new(db.clone(), keys);
        let another = Keys::generate().unwrap();
        with(&another).check_keys().await.expect("nothing is kept by a key yet");
        let service = Service::over(&with(&keys));
        let anna = anna(&service).await;
        give(&service, &anna, "04A1B2C3").await.unwrap();
        with(&keys).check_keys().await.unwrap();
        with(&Keys::rotate(path).unwrap()).check_keys().await.unwrap();
        let lost = with(&another).check_keys().await.unwrap_err();
        assert!(matches!(&lost, StartError::LostKey { account, .. } if account == "acme"), "{lost}");
        assert!(lost.to_string().contains("put the file back"), "{lost}");
        assert_eq!(holder(&service, "04A1B2C3").await, "anna@corp.example");
    });
}
