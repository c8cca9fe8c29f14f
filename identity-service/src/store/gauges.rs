//! Counts for metrics.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Text},
};
use rollcall_db::Connection;

use super::{clock, error::Error};

/// The most stations.
const STATIONS: i64 = 10_000;

/// How large an account is.
#[derive(QueryableByName)]
pub(crate) struct Size {
    #[diesel(sql_type = Text)]
    pub(crate) account_id: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) users: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) groups: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) members: i64,
}

/// The first accounts by id. Users and groups are counted as they are written; memberships here.
pub(crate) fn sizes(c: &mut Connection, max: i64) -> Result<Vec<Size>, Error> {
    let query = match c {
        Connection::Sqlite(_) => SIZES.replace("$1", "?"),
        Connection::Postgres(_) => SIZES.to_owned(),
    };
    Ok(diesel::sql_query(query).bind::<BigInt, _>(max).load(c)?)
}

const SIZES: &str = "SELECT h.account_id, h.user_count AS users, h.group_count AS groups, \
                     (SELECT COUNT(*) FROM members m WHERE m.account_id = h.account_id) AS members \
                     FROM heads h ORDER BY h.account_id LIMIT $1";

/// How far a station is behind.
#[derive(QueryableByName)]
pub(crate) struct Lag {
    #[diesel(sql_type = Text)]
    pub(crate) account_id: String,
    #[diesel(sql_type = Text)]
    pub(crate) station: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) revisions: i64,
    /// The age of the oldest change that it has not confirmed.
    #[diesel(sql_type = BigInt)]
    pub(crate) milliseconds: i64,
}

/// The stations of the first accounts by id. Each is one look into the change log.
pub(crate) fn lags(c: &mut Connection, max: i64) -> Result<Vec<Lag>, Error> {
    let query = match c {
        Connection::Sqlite(_) => {
            ["$1", "$2", "$3"].iter().fold(LAGS.to_owned(), |sql, of| sql.replace(of, "?"))
        }
        Connection::Postgres(_) => LAGS.to_owned(),
    };
    Ok(diesel::sql_query(query)
        .bind::<BigInt, _>(clock::now())
        .bind::<BigInt, _>(max)
        .bind::<BigInt, _>(STATIONS)
        .load(c)?)
}

const LAGS: &str = "SELECT s.account_id, s.station, h.revision - s.revision AS revisions, \
                    COALESCE($1 - (SELECT MIN(n.changed_at) FROM changes n WHERE n.account_id = s.account_id \
                        AND n.revision = (SELECT MIN(o.revision) FROM changes o \
                            WHERE o.account_id = s.account_id AND o.revision > s.revision)), 0) AS milliseconds \
                    FROM stations s JOIN heads h ON h.account_id = s.account_id \
                    WHERE s.account_id IN (SELECT account_id FROM heads ORDER BY account_id LIMIT $2) \
                    ORDER BY s.account_id, s.station LIMIT $3";
