use super::*;
use rollcall_scim::provider;

const NOW: Millis = 1_800_000_000_000;
const HOUR: Millis = DAY / 24;

#[allow(clippy::unnecessary_wraps, reason = "the facts have it so")]
fn ago(span: Millis) -> Option<Millis> {
    Some(NOW - span)
}

/// A connection that is well: a token of a year, a write an hour ago.
fn well() -> Facts {
    let life = Life { expires_at: NOW + 300 * DAY, retires_at: None, revoked_at: None };
    Facts {
        newest: Some(Newest { life, prefix: "rollcall_scim_ab12".to_owned() }),
        is_live: true,
        since: ago(65 * DAY),
        last_access: ago(HOUR),
        first_success: ago(65 * DAY),
        last_success: ago(HOUR),
        last_write: ago(HOUR),
        ..Facts::default()
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the facts have it so")]
fn ending(expires_at: Millis) -> Option<Newest> {
    let life = Life { expires_at, retires_at: None, revoked_at: None };
    Some(Newest { life, prefix: "rollcall_scim_ab12".to_owned() })
}

fn kinds(facts: &Facts) -> Vec<WarningKind> {
    judge(facts, NOW).warnings.iter().map(Warning::kind).collect()
}

#[test]
fn states() {
    let entra = provider::of_agent("entra id");
    for (says, facts, expected) in [
        ("no token", Facts::default(), ConnectionState::NoToken),
        ("all is well", well(), ConnectionState::Connected),
        (
            "a new token",
            Facts { last_access: None, last_success: None, first_success: None, last_write: None, ..well() },
            ConnectionState::Waiting,
        ),
        (
            "refused before the last access",
            Facts { last_refusal: ago(2 * HOUR), ..well() },
            ConnectionState::Connected,
        ),
        ("refused after it", Facts { last_refusal: ago(HOUR - 1), ..well() }, ConnectionState::Refused),
        ("no live token", Facts { newest: ending(NOW), is_live: false, ..well() }, ConnectionState::Expired),
        ("60 days", Facts { last_access: ago(SILENCE), ..well() }, ConnectionState::Connected),
        ("more than 60 days", Facts { last_access: ago(SILENCE + 1), ..well() }, ConnectionState::Silent),
        ("two failures", Facts { failures: 2, last_success: None, ..well() }, ConnectionState::Connected),
        ("three failures", Facts { failures: 3, last_success: None, ..well() }, ConnectionState::Failing),
        (
            "and a success of late",
            Facts { failures: 3, last_success: ago(HOUR - 1), ..well() },
            ConnectionState::Connected,
        ),
        (
            "and a success long ago",
            Facts { failures: 3, last_success: ago(HOUR), ..well() },
            ConnectionState::Failing,
        ),
        ("never wrote", Facts { last_write: None, ..well() }, ConnectionState::ReadsOnly),
        (
            "never wrote in its first day",
            Facts { last_write: None, first_success: ago(DAY), ..well() },
            ConnectionState::Connected,
        ),
        (
            "Entra, almost two hours",
            Facts { provider: entra, last_access: ago(2 * HOUR - 1), ..well() },
            ConnectionState::Connected,
        ),
        (
            "Entra, two hours",
            Facts { provider: entra, last_access: ago(2 * HOUR), ..well() },
            ConnectionState::Late,
        ),
        (
            "Okta is quiet while nothing changes",
            Facts { provider: provider::of_agent("okta"), last_access: ago(59 * DAY), ..well() },
            ConnectionState::Connected,
        ),
    ] {
        assert_eq!(judge(&facts, NOW).state, expected, "{says}");
    }
}

#[test]
fn warnings_come_at_their_time_and_say_what_to_do() {
    for (left, expected) in [
        (EXPIRES_SOON + 1, vec![]),
        (EXPIRES_SOON, vec![WarningKind::TokenExpires]),
        (1, vec![WarningKind::TokenExpires]),
        (0, vec![WarningKind::TokenExpired]),
        (-DAY, vec![WarningKind::TokenExpired]),
    ] {
        assert_eq!(kinds(&Facts { newest: ending(NOW + left), ..well() }), expected, "{left}");
    }
    assert_eq!(kinds(&well()), []);
    assert_eq!(kinds(&Facts { last_access: ago(61 * DAY), ..well() }), [WarningKind::Silent]);
    assert_eq!(
        kinds(&Facts { last_access: None, since: ago(61 * DAY), ..well() }),
        [WarningKind::Silent],
        "nothing ever came"
    );

    let entra = provider::of_agent("entra id");
    let late = judge(&Facts { provider: entra, last_access: ago(5 * HOUR), ..well() }, NOW);
    assert_eq!(late.late_since, ago(5 * HOUR - 40 * HOUR / 60));
    assert_eq!(late.warnings.len(), 1);
    assert!(!late.warnings[0].alarm);
    assert_eq!(
        late.warnings[0].message,
        "Microsoft Entra ID is late: its next call was due 4 hours ago. See there whether provisioning is paused or in \
         quarantine."
    );
    let soon = judge(&Facts { newest: ending(NOW + 13 * DAY + 1), provider: entra, ..well() }, NOW);
    assert_eq!(
        soon.warnings[0].message,
        "The token rollcall_scim_ab12… expires on 2027-01-28, in 14 days. Generate a new one and paste it into \
         Microsoft Entra ID; the old one goes on working meanwhile."
    );
    let failing =
        Facts { failures: 7, failure: "400 invalidFilter".to_owned(), last_success: None, ..well() };
    assert!(judge(&failing, NOW).warnings[0].message.starts_with(
        "The identity provider calls, and all of its last 7 calls failed (400 invalidFilter). The sync log"
    ));
    let refused = Facts { last_refusal: ago(0), refused_prefix: "rollcall_scim_zz99".to_owned(), ..well() };
    assert!(
        judge(&refused, NOW).warnings[0].message.contains("the token rollcall_scim_zz99…, which has ended")
    );
}

#[test]
fn any_times_at_all_are_judged_without_a_panic() {
    for at in [i64::MIN, -1, 0, 1, i64::MAX] {
        let facts = Facts {
            newest: ending(at),
            last_access: Some(at),
            last_success: Some(at),
            first_success: Some(at),
            last_refusal: Some(at),
            failures: at,
            provider: provider::of_agent("entra id"),
            ..well()
        };
        for now in [i64::MIN, 0, NOW, i64::MAX] {
            judge(&facts, now);
        }
    }
}
