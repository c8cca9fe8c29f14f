//! The handle on real databases of both kinds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking, and documents itself by name"
)]

use std::time::Duration;

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_db::{
    Connection, Database, Error, Migrations, Options, Pooler,
    test::{TestDb, both},
};

const SQLITE: EmbeddedMigrations = embed_migrations!("tests/migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("tests/migrations/postgres");

diesel::table! {
    numbers (account_id, number) {
        account_id -> Text,
        number -> BigInt,
    }
}

fn migrations() -> Migrations {
    Migrations { sqlite: SQLITE, postgres: POSTGRES }
}

fn insert(connection: &mut Connection, account: &str, number: i64) -> Result<(), Error> {
    diesel::insert_into(numbers::table)
        .values((numbers::account_id.eq(account), numbers::number.eq(number)))
        .execute(connection)?;
    Ok(())
}

async fn count(db: &Database) -> i64 {
    db.read(|c| -> Result<i64, Error> { Ok(numbers::table.count().get_result(c)?) }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_share_a_commit_fail_alone() {
    both(migrations, async |db| {
        let writes: Vec<_> = (0..200_i64)
            .map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    let account = format!("a{}", number % 5);
                    let in_account = account.clone();
                    db.write(&account, move |c| {
                        insert(c, &in_account, number)?;
                        match number % 4 {
                            // One undoes what it did, one breaks a rule of the database, one panics.
                            1 => Err(Error::Closed),
                            2 => insert(c, &in_account, number),
                            3 if number < 20 => panic!("the work itself is broken"),
                            _ => Ok(()),
                        }
                    })
                    .await
                })
            })
            .collect();
        let mut kept = 0;
        for (number, write) in writes.into_iter().enumerate() {
            match (number % 4, write.await.unwrap()) {
                (0 | 3, Ok(())) => kept += 1,
                (1, Err(Error::Closed)) | (3, Err(Error::Panicked)) => {}
                (2, Err(Error::Unique { constraint })) => {
                    assert!(constraint.starts_with("numbers"), "{constraint}");
                }
                (_, other) => panic!("{number}: {other:?}"),
            }
        }
        assert_eq!(kept, 95);
        assert_eq!(count(&db).await, kept);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_what_was_acknowledged_and_one_state_throughout() {
    both(migrations, async |db| {
        for number in 0..50 {
            db.write("a", move |c| insert(c, "a", number)).await.unwrap();
            assert_eq!(count(&db).await, number + 1);
        }
        let other = db.clone();
        let (start, started) = std::sync::mpsc::channel::<()>();
        let (written, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let read = tokio::spawn(async move {
            other
                .read(move |c| -> Result<(i64, i64), Error> {
                    let before = numbers::table.count().get_result(c)?;
                    start.send(()).unwrap();
                    wait.lock().unwrap().recv().unwrap();
                    Ok((before, numbers::table.count().get_result(c)?))
                })
                .await
        });
        tokio::task::spawn_blocking(move || started.recv()).await.unwrap().unwrap();
        db.write("a", |c| insert(c, "a", 1000)).await.unwrap();
        written.send(()).unwrap();
        assert_eq!(read.await.unwrap().unwrap(), (50, 50));
        assert_eq!(count(&db).await, 51);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ended_is_replaced() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open(migrations()).unwrap();
    db.write("a", |c| insert(c, "a", 1)).await.unwrap();
    assert_eq!(count(&db).await, 1);
    db.read(|c| -> Result<(), Error> {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        diesel::sql_query(end).execute(c)?;
        Ok(())
    })
    .await
    .unwrap();
    for number in 2..12 {
        db.write("a", move |c| insert(c, "a", number)).await.unwrap();
        assert_eq!(count(&db).await, number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_does_not_wait_for_ever() {
    let test = TestDb::sqlite();
    let options = Options { readers: 1, queue_timeout: Duration::from_millis(50), ..Options::default() };
    let db = Database::open(&test.address, &options, migrations()).unwrap();
    let slow = |c: &mut Connection| -> Result<(), Error> {
        std::thread::sleep(Duration::from_millis(400));
        let _: i64 = numbers::table.count().get_result(c)?;
        Ok(())
    };
    // A task each: a read of a file keeps the one that it is in.
    let [first_read, first_write] = [db.clone(), db.clone()];
    let first_write = tokio::spawn(async move { first_write.write("a", slow).await });
    let first_read = tokio::spawn(async move { first_read.read(slow).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (read, write) = tokio::join!(db.read(slow), db.write("a", slow));
    assert!(
        matches!(read, Err(Error::Overloaded)) && matches!(write, Err(Error::Overloaded)),
        "{read:?} {write:?}"
    );
    let (read, write) = (first_read.await.unwrap(), first_write.await.unwrap());
    assert!(read.is_ok() && write.is_ok());
}

#[test]
fn migrations_run_once_whoever_comes_first() {
    for test in TestDb::both() {
        let names: Vec<Vec<String>> = std::thread::scope(|scope| {
            let runs: Vec<_> =
                (0..4).map(|_| scope.spawn(|| migrations().run(&test.address, Pooler::None))).collect();
            runs.into_iter().filter_map(|run| run.join().unwrap().ok()).collect()
        });
        let applied: usize = names.iter().map(Vec::len).sum();
        assert_eq!(applied, 1, "{}", test.address);
        assert_eq!(migrations().run(&test.address, Pooler::None).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_database_that_is_not_there_says_so_without_the_password() {
    let address = "postgres://me:hunter2@127.0.0.1:1/x".parse().unwrap();
    let Err(error) = Database::open(&address, &Options::default(), migrations()) else { panic!("opened") };
    assert!(error.to_string().contains("127.0.0.1:1") && !error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_compiled_as_the_configuration_says() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        compile_options: String,
    }
    both(migrations, async |db| {
        let rows = db.read(|c| match c {
            Connection::Sqlite(c) => {
                Ok::<_, Error>(diesel::sql_query("PRAGMA compile_options").load::<Row>(c)?)
            }
            Connection::Postgres(_) => Ok(vec![]),
        });
        let options: Vec<String> = rows.await.unwrap().into_iter().map(|row| row.compile_options).collect();
        if !options.is_empty() {
            for (option, there) in
                [("ENABLE_QPSG", true), ("THREADSAFE=2", true), ("ENABLE_MEMORY_MANAGEMENT", false)]
            {
                assert_eq!(
                    options.iter().any(|known| known == option),
                    there,
                    "{option}: see .cargo/config.toml"
                );
            }
        }
    })
    .await;
}
