//! Every habit of an identity provider that the RFCs do not foresee, each a function with the source that shows it.
//!
//! [`resource`](crate::resource) and [`patch`](crate::patch) ask here; no other module knows of a vendor. Two habits
//! need no function: Entra's roles, whose `value` is JSON in a text, are kept letter by letter as any text is, and
//! `null` or `[]` for what has no value is RFC 7643 section 2.5.

use rollcall_proto::identity::PatchOp;
use serde_json::{Map, Value};

use crate::{
    filter::{Filter, Literal, Operator, Reason, resolve},
    fold::fold,
    path::{self, PatchPath},
    resource::{Error, Problem, kind_of, value},
    schema::{Attribute, ENTERPRISE_USER, Mutability, ResourceType, Schema},
};

/// `Add`, `Replace`, `Remove`: operations in any case.
///
/// Microsoft Entra ID capitalises them unless the tenant URL has the flag `aadOptscim062020` (Microsoft Learn,
/// *Known issues and resolutions with SCIM 2.0 protocol compliance*).
pub(crate) fn operation(name: &str) -> Option<PatchOp> {
    match name.to_ascii_lowercase().as_str() {
        "add" => Some(PatchOp::Add),
        "remove" => Some(PatchOp::Remove),
        "replace" => Some(PatchOp::Replace),
        _ => None,
    }
}

/// `"True"` and `"False"`: booleans as text in any case.
///
/// Microsoft Entra ID disables users with `"value": "False"` without the flag `aadOptscim062020` (same page), and
/// sends roles with `"primary": "True"`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    resolve::boolean(text)
}

/// `"externalId": ""` means that there is none, and so do a card number and a local user name without text.
///
/// No vendor documents it; it is inferred from mappings whose source has no value. Two users may not share it as a key.
pub(crate) fn empty_text_is_unassigned(attribute: &Attribute) -> bool {
    attribute.name == "externalId"
        || attribute.name == "localUserName"
        || (attribute.secret && attribute.mutability != Mutability::WriteOnly)
}

/// `"manager": ""`, `{"value": ""}` or `{"value": null}` removes the manager.
///
/// Microsoft Entra ID replaces the manager with an empty one when the source has none any more (Microsoft Learn,
/// on SCIM provisioning).
pub(crate) fn removes_manager(attribute: &Attribute, value: &Value) -> bool {
    let is_empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    let is_manager = ENTERPRISE_USER.attribute("manager").is_some_and(|manager| manager == attribute);
    is_manager
        && match value {
            Value::Object(object) => {
                object.iter().any(|(name, value)| name.eq_ignore_ascii_case("value") && is_empty(value))
            }
            other => is_empty(other),
        }
}

/// `"manager": [{"value": "id"}]`: one element of an array where there is only one value; `[]` is none.
///
/// Microsoft Entra ID (Microsoft Learn, *Known issues*, the operations that add a manager).
pub(crate) fn sole_element(value: &Value) -> &Value {
    match value.as_array().map(Vec::as_slice) {
        Some([]) => &Value::Null,
        Some([element]) => element,
        _ => value,
    }
}

/// `"manager": "id"`, `"members": ["id"]`: a bare text where an object with `value` belongs.
///
/// Microsoft Entra ID adds managers so (Microsoft Learn, *Known issues*); Microsoft's Postman collection
/// (AzureAD/SCIMReferenceCode, "Group patch add member") adds members so.
pub(crate) fn is_bare_value(attribute: &Attribute, value: &Value) -> bool {
    value.is_string() && attribute.sub("value").is_some()
}

/// `"emails": {"value": "a@example.com"}`: one element without its array.
///
/// Microsoft's Postman collection (AzureAD/SCIMReferenceCode) adds a member so, as a bare text.
pub(crate) fn is_single_element(value: &Value) -> bool {
    value.is_object() || value.is_string()
}

/// The ids of members, each with the `type` that was sent. Takes `{"$ref": null, "value": "id"}`, bare ids, and one
/// member without an array.
///
/// Microsoft Entra ID sends `"$ref": null` (Microsoft Learn, *Develop and plan provisioning*, "Update Group").
pub(crate) fn members(members: &Value) -> Result<Vec<(&str, Option<&str>)>, Error> {
    let list = match members {
        Value::Null => &[],
        Value::Array(list) => list.as_slice(),
        single if is_single_element(single) => std::slice::from_ref(single),
        other => {
            let problem = Problem::Type { expected: "an array", found: kind_of(other) };
            return Err(Error::new("members", problem));
        }
    };
    list.iter()
        .enumerate()
        .map(|(index, member)| {
            self::member(member).map_err(|problem| Error::new(format!("members[{index}]"), problem))
        })
        .collect()
}

fn member(member: &Value) -> Result<(&str, Option<&str>), Problem> {
    let (id, kind) = match member {
        Value::String(id) => (Some(id.as_str()), None),
        Value::Object(object) => {
            let part = |sought: &str| {
                object.iter().find(|(name, _)| name.eq_ignore_ascii_case(sought)).map(|(_, value)| value)
            };
            let id = match part("value") {
                None | Some(Value::Null) => None,
                Some(Value::String(id)) => Some(id.as_str()),
                Some(other) => {
                    return Err(Problem::Type { expected: "a text as value", found: kind_of(other) });
                }
            };
            (id, part("type").and_then(Value::as_str))
        }
        other => return Err(Problem::Type { expected: "an object", found: kind_of(other) }),
    };
    let id = id.filter(|id| !id.is_empty()).ok_or(Problem::NoId)?;
    if id.contains('\0') {
        return Err(Problem::Nul);
    }
    if id.len() > value::TEXT_BYTES {
        return Err(Problem::TooLong { limit: value::TEXT_BYTES, unit: "bytes" });
    }
    Ok((id, kind))
}

/// URNs that were never registered, and those of SCIM 1.1, for a schema that Rollcall knows.
///
/// OneLogin sends `urn:scim:schemas:core:2.0` and `urn:scim:schemas:extension:enterprise:2.0`
/// (goauthentik/authentik#11249). They count wherever the schema's own URN does: as a key of a body, listed in
/// `schemas`, and before an attribute in a path or filter.
///
/// A URN that begins with another one stands before it.
pub(crate) fn other_urns(schema: &Schema) -> &'static [&'static str] {
    match schema.name {
        "EnterpriseUser" => &[
            "urn:scim:schemas:extension:enterprise:2.0:User",
            "urn:scim:schemas:extension:enterprise:2.0",
            "urn:scim:schemas:extension:enterprise:1.0",
        ],
        "User" => {
            &["urn:scim:schemas:core:2.0:User", "urn:scim:schemas:core:2.0", "urn:scim:schemas:core:1.0"]
        }
        "Group" => {
            &["urn:scim:schemas:core:2.0:Group", "urn:scim:schemas:core:2.0", "urn:scim:schemas:core:1.0"]
        }
        "PrintUser" => &[
            "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User",
            "urn:ietf:params:scim:schemas:extension:printercloud:2.0:User",
            "urn:ietf:params:scim:schemas:extension:UPD:2.0:User",
        ],
        _ => &[],
    }
}

/// The attribute that other print products call so, under the URNs of [`other_urns`] or ours: a mapping that was made for one
/// of them works with a new Tenant URL and token. Read back, they have our names.
///
/// The extensions `uniFLOWOnline` (`cardNumber`, `pin`, `localUsername`, `cardRegistrationCode`), `printercloud` (`badgeId`,
/// `authPin`, `authPinUser`) and `UPD` (`MFD_SMARTCARD_ID`, `MFD_PIN`, `MFD_USER`), as mappings in the field have them.
pub(crate) fn attribute_of_other_product(schema: &Schema, name: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 7] = [
        ("localUsername", "localUserName"),
        ("badgeId", "cardNumber"),
        ("authPin", "pin"),
        ("authPinUser", "localUserName"),
        ("MFD_SMARTCARD_ID", "cardNumber"),
        ("MFD_PIN", "pin"),
        ("MFD_USER", "localUserName"),
    ];
    let called = || NAMES.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
    if schema.name == "PrintUser" { called().map(|(_, ours)| *ours) } else { None }
}

/// `"cardNumber": 12345`: a card number or PIN as a number means its digits.
///
/// Inferred from directories whose attribute for badges is a number.
pub(crate) fn digits(attribute: &Attribute, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if attribute.secret && (number.is_u64() || number.is_i64()) => {
            Some(number.to_string())
        }
        _ => None,
    }
}

/// `{"name.givenName": "B", "emails[type eq \"work\"].value": "b@example.com", "urn:..:User:department": "D"}`:
/// a name in the value of an operation without path is itself a path. `None` for what is unknown and so ignored.
///
/// Microsoft Entra ID with the flag `aadOptscim062020` (Microsoft Learn, *Known issues*); Ping Identity documents the
/// same bodies for PingDirectory.
pub(crate) fn path_of_name(kind: ResourceType, name: &str) -> Result<Option<PatchPath>, path::Error> {
    match PatchPath::parse(name, kind) {
        Ok(path) => Ok(Some(path)),
        Err(path::Error::Path(error))
            if !name.contains('[') || matches!(error.reason, Reason::UnknownAttribute { .. }) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The element to make when `emails[type eq "work"].value` selects none: what `eq` clauses joined by `and` say, with
/// `"True"` for `true`. `None` when the operation must fail with `noTarget`.
///
/// For `add`, RFC 7644 erratum 8097 and the "Add Attributes Verbose" case of Microsoft's SCIM validator. For `replace`
/// the RFC says `noTarget`, but Microsoft Entra ID replaces what it never added (better-auth#10682, ssoready#249), so
/// it is made where the path has a sub-attribute: the request then leaves no doubt about what shall be.
pub(crate) fn seed(path: &PatchPath) -> Option<&Map<String, Value>> {
    path.sub.and(path.seed.as_ref())
}

/// `remove` with a path to a multi-valued attribute and a value: only the elements that the value names go.
///
/// Microsoft Entra ID without `aadOptscim062020` removes members so (Microsoft Learn, *Known issues*); authentik does
/// (its SCIM client's source), and JumpCloud by the account of another vendor. To read it as RFC 7644 section 3.5.2.2 would, ignoring the value, empties the group.
///
/// An element is named when its `value`, and `type` if sent, are the same; without `value`, when all parts sent are.
pub(crate) fn is_named_by(element: &Map<String, Value>, parts: &value::Parts) -> bool {
    let has_value = parts.iter().any(|(sub, value)| sub.name == "value" && value.is_some());
    let mut asked = parts
        .iter()
        .filter_map(|(sub, value)| Some((sub, value.as_ref()?)))
        .filter(|(sub, _)| !has_value || matches!(sub.name, "value" | "type"))
        .peekable();
    asked.peek().is_some() && asked.all(|(sub, value)| is_same(sub, element.get(sub.name), value))
}

fn is_same(sub: &Attribute, present: Option<&Value>, asked: &Value) -> bool {
    match (present, asked) {
        (Some(Value::String(present)), Value::String(asked)) if !sub.case_exact => {
            fold(present) == fold(asked)
        }
        (present, asked) => present == Some(asked),
    }
}

/// What `remove emails[type eq "work"].value` leaves: an element that says only what kind of value it would be. It
/// goes too, or a later look would find an e-mail address that is none.
///
/// Inferred from Microsoft Entra ID's mappings, which know only paths such as `emails[type eq "work"].value`.
pub(crate) fn is_husk(element: &Map<String, Value>) -> bool {
    element.keys().all(|name| matches!(name.as_str(), "type" | "primary" | "display"))
}

/// The ids that a filter on members names one by one, `members[value eq "id"]`, also joined by `or`.
///
/// Microsoft Entra ID with `aadOptscim062020`, Okta. To know the ids spares the store a filter. The text of a filter
/// is folded, and ids are lower case, so that an id in upper case is found as well.
pub(crate) fn member_ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare { path, op: Operator::Eq, value: Literal::Text(id) }
            if path.leaf().name == "value" =>
        {
            Some(vec![id.clone()])
        }
        Filter::Or(terms) => {
            let ids: Option<Vec<Vec<String>>> = terms.iter().map(member_ids).collect();
            Some(ids?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// `id`, `schemas`, `meta` and the like inside of the value of an operation without path are ignored, not refused.
///
/// Okta renames groups with `{"op":"replace","value":{"id":"..","displayName":".."}}` (Okta, *SCIM 2.0 reference*,
/// "Update a specific group name"); authentik sends `schemas` there as well (its SCIM client's source).
pub(crate) fn is_ignored_without_path(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::ReadOnly || attribute.name == "schemas"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_read_in_any_case() {
        for (name, op) in [("Add", PatchOp::Add), ("REPLACE", PatchOp::Replace), ("remove", PatchOp::Remove)]
        {
            assert_eq!(operation(name), Some(op));
        }
        assert_eq!(operation("move"), None);
    }

    #[test]
    fn booleans_are_read_from_text() {
        assert_eq!(boolean("True"), Some(true));
        assert_eq!(boolean("FALSE"), Some(false));
        assert_eq!(boolean("yes"), None);
    }

    #[test]
    fn members_are_read_in_every_form() {
        for (sent, ids) in [
            (json!([{"$ref": null, "value": "a"}, {"Value": "b", "display": "B"}]), vec!["a", "b"]),
            (json!(["a", "b"]), vec!["a", "b"]),
            (json!({"value": "a", "type": "User"}), vec!["a"]),
            (json!("a"), vec!["a"]),
            (json!(null), vec![]),
            (json!([]), vec![]),
        ] {
            let read: Vec<&str> = members(&sent).unwrap().into_iter().map(|(id, _)| id).collect();
            assert_eq!(read, ids, "{sent}");
        }
        for (sent, message) in [
            (json!(["a", {"display": "B"}]), "members[1] needs a value: the id of the user or group"),
            (json!([""]), "members[0] needs a value: the id of the user or group"),
            (json!([{"value": 7}]), "members[0] must be a text as value, not a number"),
            (json!([[]]), "members[0] must be an object, not an array"),
            (json!(true), "members must be an array, not a boolean"),
            (json!(["a\0"]), "members[0] must not contain U+0000"),
        ] {
            assert_eq!(members(&sent).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn an_empty_manager_is_a_removal_and_nothing_else_is() {
        let manager = ENTERPRISE_USER.attribute("manager").unwrap();
        for value in
            [json!(""), json!(null), json!({"value": ""}), json!({"Value": null, "displayName": "B"})]
        {
            assert!(removes_manager(manager, &value), "{value}");
        }
        for value in [json!("id"), json!({"value": "id"}), json!({"displayName": "B"}), json!({})] {
            assert!(!removes_manager(manager, &value), "{value}");
        }
        assert!(!removes_manager(crate::schema::USER.attribute("name").unwrap(), &json!("")));
    }

    #[test]
    fn ids_are_read_from_a_filter_that_names_them() {
        let ids = |path: &str| {
            let path = PatchPath::parse(path, ResourceType::Group).unwrap();
            member_ids(&path.filter.unwrap())
        };
        assert_eq!(ids(r#"members[value eq "A"]"#), Some(vec!["a".to_owned()]));
        assert_eq!(
            ids(r#"members[value eq "a" or value eq "b"]"#),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(ids(r#"members[value eq "a" or type eq "User"]"#), None);
        assert_eq!(ids(r#"members[value sw "a"]"#), None);
    }
}
