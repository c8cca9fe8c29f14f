//! Throw-away databases, so that one suite runs on both.
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "test support: a missing server must fail the test"
)]

use std::future::Future;

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};

use crate::{Address, Database, Error, Migrations, Options};

/// The environment variable that names a PostgreSQL server on which databases may be made and dropped.
pub const POSTGRES: &str = "ROLLCALL_TEST_POSTGRES";
/// Set to 1, it lets the PostgreSQL half of the suite be left out.
pub const SKIP_POSTGRES: &str = "ROLLCALL_TEST_SKIP_POSTGRES";

/// A database that goes away with this value.
pub struct TestDb {
    /// Where it is.
    pub address: Address,
    home: Home,
}

enum Home {
    Directory(#[expect(dead_code, reason = "held for its drop")] tempfile::TempDir),
    Server { server: String, name: String },
}

impl TestDb {
    /// A SQLite file in a directory of its own.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap_or_else(|cause| panic!("no temporary directory: {cause}"));
        Self { address: Address::Sqlite(directory.path().join("test.db")), home: Home::Directory(directory) }
    }

    /// A new database on the server that [`POSTGRES`] names; `None` where [`SKIP_POSTGRES`] is 1.
    pub fn postgres() -> Option<Self> {
        if std::env::var(SKIP_POSTGRES).is_ok_and(|value| value == "1") {
            return None;
        }
        let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
            panic!("set {POSTGRES} to the URL of a PostgreSQL server, or {SKIP_POSTGRES}=1")
        });
        let name = format!("rollcall_test_{}", uuid::Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}"));
        let mut url =
            url::Url::parse(&server).unwrap_or_else(|cause| panic!("{POSTGRES} is not a URL: {cause}"));
        url.set_path(&name);
        Some(Self { address: Address::Postgres(Box::new(url)), home: Home::Server { server, name } })
    }

    /// One of each kind.
    pub fn both() -> Vec<Self> {
        [Some(Self::sqlite()), Self::postgres()].into_iter().flatten().collect()
    }

    /// Opens it with `migrations` applied.
    pub fn open(&self, migrations: Migrations) -> Result<Database, Error> {
        Database::open(&self.address, &Options::default(), migrations)
    }
}

/// Runs `test` on a new database of each kind.
pub async fn both<F, R>(migrations: fn() -> Migrations, test: F)
where
    F: Fn(Database) -> R,
    R: Future<Output = ()>,
{
    for database in TestDb::both() {
        let handle = database.open(migrations()).unwrap_or_else(|cause| panic!("{cause}"));
        test(handle).await;
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Home::Server { server, name } = &self.home {
            execute(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn execute(server: &str, statement: &str) {
    let mut connection = PgConnection::establish(server)
        .unwrap_or_else(|cause| panic!("cannot reach the test server: {cause}"));
    if let Err(cause) = diesel::sql_query(statement).execute(&mut connection)
        && !std::thread::panicking()
    {
        panic!("{statement}: {cause}");
    }
}
