//! What a notice says, in an e-mail and in a webhook. Pure functions.

use serde_json::{Value, json};
use url::Url;

use crate::{
    clock::{DAY, Millis, begun_days},
    name,
    store::tokens::Token,
};

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// The subject.
    pub(crate) subject: String,
    /// The body, in plain text.
    pub(crate) body: String,
}

/// Whom a notice is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) account: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) console_url: Option<&'a Url>,
}

impl About<'_> {
    /// The e-mail about the end of a token.
    pub(crate) fn text(&self, token: &Token, now: Millis) -> Text {
        let Self { account, display_name, .. } = self;
        let ended = token.expires_at <= now;
        let left = in_days(token.expires_at - now);
        let subject = if ended {
            format!("The SCIM token of {display_name} has expired")
        } else {
            format!("The SCIM token of {display_name} expires in {left}")
        };
        let what = if ended {
            "has expired. Since then no change to users and groups has come through: new people cannot print, and \
             those who have left still can."
                .to_owned()
        } else {
            format!(
                "expires in {left}. From then on no change to users and groups will come through: new people will not \
                 be able to print, and those who leave still will."
            )
        };
        let by =
            if token.created_by.is_empty() { String::new() } else { format!(" by {}", token.created_by) };
        let used = token.last_used_at.map_or_else(|| "never".to_owned(), minute);
        let regenerate = match self.page("sync") {
            Some(page) => format!("Open {page} and choose \"Regenerate Token\"."),
            None => format!(
                "Run `rollcall token generate {account}`, or choose \"Regenerate Token\" in the console."
            ),
        };
        let after = if ended {
            "The next cycle of the identity provider brings everything up to date."
        } else {
            "The old token goes on working in between, so nothing is interrupted."
        };
        let body = format!(
            "The token with which the identity provider of {display_name} (account {account}) signs in {what}\n\n\
             Token      {}...\n\
             Created    {}{by}\n\
             Expires    {}\n\
             Last used  {used}\n\n\
             What to do:\n\
             1. {regenerate}\n\
             2. Enter the new token in the identity provider, in place of the old one.\n\
             {after}\n\n{}",
            token.prefix,
            minute(token.created_at),
            minute(token.expires_at),
            self.why(),
        );
        Text { subject, body }
    }

    /// The e-mail by which somebody tries whether e-mails arrive.
    pub(crate) fn test_text(&self) -> Text {
        let Self { account, display_name, .. } = self;
        Text {
            subject: format!("Test: notices of {display_name} arrive here"),
            body: format!(
                "This is a test. Nothing is wrong, and there is nothing to do.\n\n\
                 Before the SCIM token of {display_name} (account {account}) expires you will be told here: 90, 30, 14, 7 \
                 and 1 days before, and when it has expired.\n\n{}",
                self.why()
            ),
        }
    }

    /// The webhook about the end of a token. It says nothing of when it is sent: sent again, it is the same.
    pub(crate) fn json(&self, token: &Token, days: i32) -> Value {
        let kind = if days == 0 { "token.expired" } else { "token.expiring" };
        self.event(
            kind,
            token.expires_at - i64::from(days) * DAY,
            json!({
                "account": name::of_account(self.account),
                "displayName": self.display_name,
                "token": name::of_token(self.account, &token.id),
                "tokenPrefix": token.prefix,
                "days": days,
                "expireTime": rfc3339(token.expires_at),
            }),
        )
    }

    /// The webhook by which somebody tries whether webhooks arrive.
    pub(crate) fn test_json(&self, now: Millis) -> Value {
        let data = json!({"account": name::of_account(self.account), "displayName": self.display_name});
        self.event("notice.test", now, data)
    }

    fn event(&self, kind: &str, at: Millis, mut data: Value) -> Value {
        if let (Some(page), Some(data)) = (self.page("sync"), data.as_object_mut()) {
            data.insert("consoleUrl".to_owned(), page.into());
        }
        json!({"type": kind, "timestamp": rfc3339(at), "data": data})
    }

    fn page(&self, page: &str) -> Option<String> {
        let base = self.console_url?.as_str().trim_end_matches('/');
        Some(format!("{base}/accounts/{}/{page}", self.account))
    }

    fn why(&self) -> String {
        let place = self.page("notices").map(|page| format!(", {page}")).unwrap_or_default();
        format!("You are told because this address is in the notice settings of the account{place}.\n")
    }
}

/// The days until something, of which a begun one counts.
fn in_days(left: Millis) -> String {
    match begun_days(left) {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn minute(time: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(time)
        .map_or_else(|| "unknown".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn rfc3339(time: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(time)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-01.
    const END: Millis = 1_798_761_600_000;

    fn token() -> Token {
        Token {
            id: "01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42".to_owned(),
            prefix: "rollcall_scim_Ab3x".to_owned(),
            created_at: END - 365 * DAY,
            created_by: "jane".to_owned(),
            expires_at: END,
            ..Token::default()
        }
    }

    #[test]
    fn the_time_left_counts_a_begun_day() {
        let about = About { account: "acme", display_name: "Acme", console_url: None };
        for (left, expected) in [
            (90 * DAY, "expires in 90 days"),
            (90 * DAY - 1, "expires in 90 days"),
            (10 * DAY + 1, "expires in 11 days"),
            (DAY + 1, "expires in 2 days"),
            (DAY, "expires in 1 day"),
            (1, "expires in 1 day"),
            (0, "has expired"),
            (-DAY, "has expired"),
        ] {
            let text = about.text(&token(), END - left);
            assert_eq!(text.subject, format!("The SCIM token of Acme {expected}"));
            assert!(text.body.contains(expected), "{}", text.body);
        }
    }

    #[test]
    fn an_e_mail_says_what_to_do() {
        let url = Url::parse("https://console.example/rollcall/").unwrap();
        let about = About { account: "acme", display_name: "Acme", console_url: Some(&url) };
        let expected = "\
The token with which the identity provider of Acme (account acme) signs in expires in 14 days. From then on no change to \
users and groups will come through: new people will not be able to print, and those who leave still will.

Token      rollcall_scim_Ab3x...
Created    2026-01-01 00:00 UTC by jane
Expires    2027-01-01 00:00 UTC
Last used  never

What to do:
1. Open https://console.example/rollcall/accounts/acme/sync and choose \"Regenerate Token\".
2. Enter the new token in the identity provider, in place of the old one.
The old token goes on working in between, so nothing is interrupted.

You are told because this address is in the notice settings of the account, \
https://console.example/rollcall/accounts/acme/notices.
";
        assert_eq!(about.text(&token(), END - 14 * DAY).body, expected);
        let without = About { console_url: None, ..about };
        let body = without.text(&token(), END).body;
        assert!(body.contains("`rollcall token generate acme`") && !body.contains("http"), "{body}");
        assert!(without.test_text().body.starts_with("This is a test. Nothing is wrong"));
    }

    #[test]
    fn a_webhook_is_the_same_whenever_it_is_sent() {
        let url = Url::parse("https://console.example").unwrap();
        let about = About { account: "acme", display_name: "Acme", console_url: Some(&url) };
        let expected = json!({
            "type": "token.expiring",
            "timestamp": "2026-12-18T00:00:00.000Z",
            "data": {
                "account": "accounts/acme",
                "displayName": "Acme",
                "token": "accounts/acme/tokens/01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42",
                "tokenPrefix": "rollcall_scim_Ab3x",
                "days": 14,
                "expireTime": "2027-01-01T00:00:00.000Z",
                "consoleUrl": "https://console.example/accounts/acme/sync",
            },
        });
        assert_eq!(about.json(&token(), 14), expected);
        assert_eq!(about.json(&token(), 0)["type"], "token.expired");
        assert_eq!(about.test_json(END)["type"], "notice.test");
    }
}
