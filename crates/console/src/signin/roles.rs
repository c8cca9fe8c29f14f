//! What a claim of an OpenID provider allows. Pure.

use std::str::FromStr;

use rollcall_proto::token::Role;
use serde_json::{Map, Value};

/// Who may do what: `CLAIM=VALUE:ROLE[@ACCOUNT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    claim: String,
    value: String,
    role: Role,
    /// The account id; empty for operators.
    account: String,
}

const ROLES: [(&str, Role); 4] = [
    ("operator", Role::Operator),
    ("account-administrator", Role::AccountAdministrator),
    ("card-desk", Role::CardDesk),
    ("read-only", Role::ReadOnly),
];

/// The role of this name.
pub(crate) fn role(name: &str) -> Option<Role> {
    ROLES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| format!("{text:?} {problem}; a rule is CLAIM=VALUE:ROLE[@ACCOUNT]");
        let (condition, outcome) = text.rsplit_once(':').ok_or_else(|| wrong("has no role"))?;
        let (claim, value) = condition.split_once('=').ok_or_else(|| wrong("has no value for the claim"))?;
        let (name, account) = outcome.split_once('@').unwrap_or((outcome, ""));
        let role = role(name).ok_or_else(|| wrong("has a role that there is not"))?;
        if claim.is_empty() || value.is_empty() {
            return Err(wrong("lacks the claim or its value"));
        }
        match (role, account) {
            (Role::Operator, "") => {}
            (Role::Operator, _) => return Err(wrong("gives an operator, who has all accounts, one account")),
            (_, "") => return Err(wrong("does not say in which account")),
            _ => {}
        }
        Ok(Self { claim: claim.to_owned(), value: value.to_owned(), role, account: account.to_owned() })
    }
}

impl Rule {
    fn fits(&self, claims: &Map<String, Value>) -> bool {
        let is = |value: &Value| match value {
            Value::String(text) => *text == self.value,
            Value::Bool(truth) => truth.to_string() == self.value,
            Value::Number(number) => number.to_string() == self.value,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        match claims.get(&self.claim) {
            Some(Value::Array(several)) => several.iter().any(is),
            Some(one) => is(one),
            None => false,
        }
    }
}

/// The role and the account name that the first rule that fits gives; `None` when none fits.
pub(crate) fn judge(rules: &[Rule], claims: &Map<String, Value>) -> Option<(Role, String)> {
    let rule = rules.iter().find(|rule| rule.fits(claims))?;
    let account = if rule.account.is_empty() { String::new() } else { format!("accounts/{}", rule.account) };
    Some((rule.role, account))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(texts: &[&str]) -> Vec<Rule> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = rules(&[
            "groups=ops:operator",
            "groups=it:account-administrator@acme",
            "groups=urn:x:desk:card-desk@acme",
            "email_verified=true:read-only@acme",
        ]);
        for (claims, expected) in [
            (json!({}), None),
            (json!({ "groups": [] }), None),
            (json!({ "groups": "OPS" }), None),
            (json!({ "groups": { "ops": true } }), None),
            (json!({ "group": ["ops"] }), None),
            (json!({ "groups": ["it", "ops"] }), Some((Role::Operator, ""))),
            (json!({ "groups": "it" }), Some((Role::AccountAdministrator, "accounts/acme"))),
            (json!({ "groups": ["urn:x:desk"] }), Some((Role::CardDesk, "accounts/acme"))),
            (json!({ "email_verified": true }), Some((Role::ReadOnly, "accounts/acme"))),
        ] {
            let judged = judge(&rules, claims.as_object().unwrap());
            assert_eq!(judged, expected.map(|(role, account)| (role, account.to_owned())), "{claims}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_refused() {
        for bad in [
            "",
            "groups",
            "groups=a",
            "groups=a:admin",
            "groups=:operator",
            "=a:operator",
            "groups=a:operator@acme",
            "groups=a:read-only",
            "groups=a:read-only@",
        ] {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }
}
