//! From one version to the next, and back: this version on the schema of every version before, and on a schema that is newer than it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use diesel::connection::SimpleConnection as _;
use rollcall_db::{Connection, test::TestDb};
use sha2::{Digest as _, Sha256};

use crate::server::{Server, Store};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The versions whose schema is recorded.
fn recorded() -> Vec<PathBuf> {
    let versions = fs::read_dir(root().join("tests/schema")).unwrap().map(|entry| entry.unwrap().path());
    versions.filter(|path| path.is_dir()).collect()
}

fn execute(database: &TestDb, sql: &str) {
    Connection::open_writer(&database.address).unwrap().batch_execute(sql).unwrap();
}

#[tokio::test]
async fn this_version_starts_on_the_schema_of_each_before() {
    let versions = recorded();
    assert!(!versions.is_empty());
    for version in versions {
        for store in Store::both() {
            eprintln!("--- {} on {}", version.display(), store.kind);
            for (database, of) in store.databases() {
                let kind = if store.kind == "SQLite" { "sqlite" } else { "postgres" };
                let file = version.join(format!("{of}.{kind}.sql"));
                execute(database, &fs::read_to_string(file).unwrap());
            }
            let server = Server::start(store).await;
            let ann = server.idp().new_user("ann").await;
            let group = server.idp().new_group("g", &[&ann]).await;
            assert_eq!(server.idp().members(&group).await, [ann]);
            server.stop_now().await;
        }
    }
}

#[test]
fn a_migration_that_was_released_is_not_changed() {
    for version in recorded() {
        let listed = fs::read_to_string(version.join("migrations.sha256")).unwrap();
        let listed: BTreeMap<&str, &str> = listed
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(hash, file)| (file, hash))
            .collect();
        assert!(listed.len() >= 10);
        for (file, hash) in listed {
            let now = format!("{:x}", Sha256::digest(fs::read(root().join(file)).unwrap()));
            assert_eq!(now, hash, "{file} was released with {}: write another migration", version.display());
        }
    }
}

#[tokio::test]
async fn this_version_goes_on_over_a_schema_that_a_later_one_has_made_larger() {
    // As it starts by itself, and as it starts where another process migrates.
    for (migrate, store) in ["on", "off"]
        .into_iter()
        .flat_map(|migrate| Store::both().into_iter().map(move |store| (migrate, store)))
    {
        eprintln!("--- on {}, migrate {migrate}", store.kind);
        let server = Server::start(store).await;
        let ann = server.idp().new_user("ann").await;
        let store = server.end().await;
        for (database, of) in store.databases() {
            let table = if of == "identity" { "users" } else { "accounts" };
            execute(
                database,
                &format!(
                    "ALTER TABLE {table} ADD COLUMN of_a_later_version TEXT; \
                     CREATE TABLE of_a_later_version (account_id TEXT NOT NULL PRIMARY KEY); \
                     INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')"
                ),
            );
        }
        let server = Server::start_with(store, &[("ROLLCALL_MIGRATE", migrate)]).await;
        let idp = server.idp();
        idp.user(&ann).await;
        let bob = idp.new_user("bob").await;
        let off = serde_json::json!([{ "op": "replace", "path": "active", "value": false }]);
        idp.patch(&format!("/Users/{bob}"), off).await.ok();
        assert_eq!(idp.delete(&format!("/Users/{bob}")).await.status, 204);
        server.stop_now().await;
    }
}
