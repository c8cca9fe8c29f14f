//! How the connection of an identity provider is doing. Pure rules; all times in Unix milliseconds.

use rollcall_proto::token::{ConnectionState, Warning, WarningKind};
use rollcall_scim::provider::Provider;

use crate::{
    clock::{DAY, Millis, begun_days},
    life::Life,
};

/// For how long an identity provider may be silent before that is an alarm: 60 days.
pub const SILENCE: Millis = 60 * DAY;
/// How long before the end of the newest token a warning begins: 14 days.
pub const EXPIRES_SOON: Millis = 14 * DAY;
/// How many calls in a row must fail before all are said to.
pub const FAILURES: i64 = 3;
/// For how long none of them may have succeeded.
const FAILING_FOR: Millis = DAY / 24;
/// For how long an identity provider may read before it is odd that it never wrote.
const READS_FOR: Millis = DAY;
/// A call is late after so many of its rhythm: one cycle may be skipped, and one may be long.
const LATE_AFTER: i64 = 3;

/// The newest token that was not revoked.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The times that end it.
    pub life: Life,
    /// Its first characters.
    pub prefix: String,
}

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The newest token that was not revoked.
    pub newest: Option<Newest>,
    /// Whether any token is live.
    pub is_live: bool,
    /// When the first token was made.
    pub since: Option<Millis>,
    /// When the identity provider last acted with a live token.
    pub last_access: Option<Millis>,
    /// When a request first succeeded.
    pub first_success: Option<Millis>,
    /// When a request last succeeded.
    pub last_success: Option<Millis>,
    /// When a request that changes something last succeeded.
    pub last_write: Option<Millis>,
    /// When a request last failed.
    pub last_failure: Option<Millis>,
    /// What it said.
    pub failure: String,
    /// How many failed since one succeeded.
    pub failures: i64,
    /// When a token that has ended was last refused.
    pub last_refusal: Option<Millis>,
    /// The first characters of that token.
    pub refused_prefix: String,
    /// The identity provider.
    pub provider: Option<Provider>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// How the connection is doing.
    pub state: ConnectionState,
    /// Since when a call is overdue, where the state is late.
    pub late_since: Option<Millis>,
    /// What somebody should know, the gravest first.
    pub warnings: Vec<Warning>,
}

/// Judges a connection at `now`.
pub fn judge(facts: &Facts, now: Millis) -> Judgement {
    let late_since = facts.late_since(now);
    let state = if facts.newest.is_none() && !facts.is_live {
        ConnectionState::NoToken
    } else if facts.is_refused() {
        ConnectionState::Refused
    } else if !facts.is_live {
        ConnectionState::Expired
    } else if facts.last_access.is_none() {
        ConnectionState::Waiting
    } else if facts.is_silent(now) {
        ConnectionState::Silent
    } else if facts.is_failing(now) {
        ConnectionState::Failing
    } else if late_since.is_some() {
        ConnectionState::Late
    } else if facts.only_reads(now) {
        ConnectionState::ReadsOnly
    } else {
        ConnectionState::Connected
    };
    Judgement {
        state,
        late_since: late_since.filter(|_| state == ConnectionState::Late),
        warnings: facts.warnings(state, late_since, now),
    }
}

impl Facts {
    /// A refusal after the last call that was let in: a token that the identity provider no longer uses may be tried by
    /// anybody who still has it.
    fn is_refused(&self) -> bool {
        self.last_refusal.is_some_and(|refused| self.last_access.is_none_or(|accessed| refused > accessed))
    }

    /// Silence begins when something last came, or with the first token where nothing ever has.
    fn is_silent(&self, now: Millis) -> bool {
        self.last_access.or(self.since).is_some_and(|last| now.saturating_sub(last) > SILENCE)
    }

    fn is_failing(&self, now: Millis) -> bool {
        let long_ago = |at: Millis| now.saturating_sub(at) >= FAILING_FOR;
        self.failures >= FAILURES && self.last_success.is_none_or(long_ago)
    }

    fn only_reads(&self, now: Millis) -> bool {
        self.last_write.is_none()
            && self.first_success.is_some_and(|first| now.saturating_sub(first) > READS_FOR)
    }

    fn late_since(&self, now: Millis) -> Option<Millis> {
        let rhythm = Millis::try_from(self.provider?.rhythm?.as_millis()).ok()?;
        let due = self.last_access?.saturating_add(rhythm);
        let late = self.last_access?.saturating_add(LATE_AFTER * rhythm);
        (now >= late).then_some(due)
    }

    fn name(&self) -> &'static str {
        self.provider.map_or("the identity provider", |provider| provider.name)
    }

    fn warnings(&self, state: ConnectionState, late_since: Option<Millis>, now: Millis) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |kind: WarningKind, alarm, message: String| {
            warnings.push(Warning { kind: kind.into(), alarm, message });
        };
        let name = self.name();
        let ends = self.newest.as_ref().map(|newest| (newest.life.ends_at(), newest.prefix.as_str()));
        if let Some((end, prefix)) = ends.filter(|(end, _)| *end <= now) {
            warn(
                WarningKind::TokenExpired,
                true,
                format!(
                    "The token {prefix}… expired on {}: {name} cannot change anything here. Generate a new token and \
                     paste it into {name}; that restores the connection.",
                    date(end)
                ),
            );
        }
        if state == ConnectionState::Refused {
            warn(
                WarningKind::Refused,
                true,
                format!(
                    "{} calls with the token {}…, which has ended, and is refused. Paste the newest token into {name}, \
                     or generate one if nobody has it.",
                    capitalised(name),
                    self.refused_prefix
                ),
            );
        }
        if self.newest.is_some() && self.is_silent(now) {
            let last = self.last_access.map_or_else(
                || "ever since there is a token".to_owned(),
                |at| format!("since {}, {} days ago", date(at), days(now.saturating_sub(at))),
            );
            warn(
                WarningKind::Silent,
                true,
                format!(
                    "Nothing has come from {name} {last}. See there whether provisioning is switched on and has this \
                     Tenant URL and the newest token; until then nobody who joins or leaves is known here."
                ),
            );
        }
        if self.is_failing(now) {
            let said = if self.failure.is_empty() { String::new() } else { format!(" ({})", self.failure) };
            warn(
                WarningKind::Failing,
                true,
                format!(
                    "{} calls, and all of its last {} calls failed{said}. The sync log shows what each of them was \
                     about.",
                    capitalised(name),
                    self.failures
                ),
            );
        }
        if let Some((end, prefix)) =
            ends.filter(|(end, _)| *end > now && end.saturating_sub(now) <= EXPIRES_SOON)
        {
            warn(
                WarningKind::TokenExpires,
                true,
                format!(
                    "The token {prefix}… expires on {}, {}. Generate a new one and paste it into {name}; the old one \
                     goes on working meanwhile.",
                    date(end),
                    in_days(end.saturating_sub(now))
                ),
            );
        }
        if let Some(since) = late_since.filter(|_| !self.is_silent(now)) {
            warn(
                WarningKind::Late,
                false,
                format!(
                    "{} is late: its next call was due {} ago. See there whether provisioning is paused or in \
                     quarantine.",
                    capitalised(name),
                    hours(now.saturating_sub(since))
                ),
            );
        }
        if state == ConnectionState::ReadsOnly {
            warn(
                WarningKind::ReadsOnly,
                false,
                format!(
                    "{} reads, and has never changed anything. See there whether anybody is assigned to the \
                     application, and whether it may create and change users.",
                    capitalised(name)
                ),
            );
        }
        warnings
    }
}

/// A date in UTC, for people.
pub(crate) fn date(at: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(at)
        .map_or_else(|| "an unknown day".to_owned(), |time| time.format("%Y-%m-%d").to_string())
}

fn days(span: Millis) -> i64 {
    span / DAY
}

/// As the notices and the console say it: a day that has begun counts.
fn in_days(left: Millis) -> String {
    match days(left) {
        0 => "in less than a day".to_owned(),
        _ => match begun_days(left) {
            1 => "in one day".to_owned(),
            days => format!("in {days} days"),
        },
    }
}

fn hours(span: Millis) -> String {
    match span / (DAY / 24) {
        0 => format!("{} minutes", span / (DAY / (24 * 60))),
        1 => "one hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    // Names of products are written as they are, such as authentik.
    if name.starts_with("the ") { first.chain(letters).collect() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
