//! The keys of a user: which attribute is which column, and the row of keys that a document has.

use rollcall_db::{Sql, sql::Value};
use rollcall_proto::identity::{Address, EnterpriseUser, Manager, MultiValue, PersonName, User};
use rollcall_scim::{
    fold,
    schema::{ENTERPRISE_USER, PRINT_USER},
};

use super::provisioned;

/// A multi-valued attribute of users; its elements are rows of `user_values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Emails = 1,
    PhoneNumbers = 2,
    Ims = 3,
    Photos = 4,
    Addresses = 5,
    Entitlements = 6,
    Roles = 7,
    Certificates = 8,
}

impl Attribute {
    /// The attribute with this SCIM name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "emails" => Self::Emails,
            "phoneNumbers" => Self::PhoneNumbers,
            "ims" => Self::Ims,
            "photos" => Self::Photos,
            "addresses" => Self::Addresses,
            "entitlements" => Self::Entitlements,
            "roles" => Self::Roles,
            "x509Certificates" => Self::Certificates,
            _ => return None,
        })
    }

    /// The number in the column `attribute`. Never to be changed.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }
}

/// The column of `users` that has the key of a single-valued attribute.
pub(crate) fn column(name: &str, sub: Option<&str>) -> Option<&'static str> {
    Some(match (name, sub) {
        ("userName", _) => "users.user_name",
        ("active", _) => "users.active",
        ("displayName", _) => "users.display_name",
        ("nickName", _) => "users.nick_name",
        ("profileUrl", _) => "users.profile_url",
        ("title", _) => "users.title",
        ("userType", _) => "users.user_type",
        ("preferredLanguage", _) => "users.preferred_language",
        ("locale", _) => "users.locale",
        ("timezone", _) => "users.timezone",
        ("name", Some("formatted")) => "users.formatted_name",
        ("name", Some("familyName")) => "users.family_name",
        ("name", Some("givenName")) => "users.given_name",
        ("name", Some("middleName")) => "users.middle_name",
        ("name", Some("honorificPrefix")) => "users.honorific_prefix",
        ("name", Some("honorificSuffix")) => "users.honorific_suffix",
        ("name", None) => {
            "COALESCE(users.formatted_name, users.family_name, users.given_name, users.middle_name, \
             users.honorific_prefix, users.honorific_suffix)"
        }
        ("localUserName", _) => "users.local_user_name",
        ("employeeNumber", _) => "users.employee_number",
        ("costCenter", _) => "users.cost_center",
        ("organization", _) => "users.organization",
        ("division", _) => "users.division",
        ("department", _) => "users.department",
        ("manager", Some("value")) => "users.manager",
        ("manager", Some("displayName")) => "users.manager_display_name",
        ("manager", None) => "COALESCE(users.manager, users.manager_display_name)",
        _ => return None,
    })
}

/// The expression in a row `v` of `user_values` for a sub-attribute.
pub(crate) fn element_column(sub: Option<&str>) -> &'static str {
    match sub {
        Some("display") => "v.display",
        Some("type") => "v.type",
        Some("primary") => "v.is_primary",
        Some("formatted") => "v.formatted",
        Some("streetAddress") => "v.street_address",
        Some("locality") => "v.locality",
        Some("region") => "v.region",
        Some("postalCode") => "v.postal_code",
        Some("country") => "v.country",
        _ => "v.value",
    }
}

/// The key of text in which case does not count.
fn key(text: Option<&String>) -> Option<String> {
    text.map(|text| fold(text).into_owned())
}

/// The columns of `users` that are derived from the document.
pub(crate) fn columns(user: &User) -> [(&'static str, Value); 26] {
    let name = user.person_name.clone().unwrap_or_default();
    let PersonName { formatted, family_name, given_name, middle_name, honorific_prefix, honorific_suffix } =
        &name;
    let enterprise = user.enterprise.clone().unwrap_or_default();
    let EnterpriseUser { employee_number, cost_center, organization, division, department, manager } =
        &enterprise;
    let Manager { value: manager, r#ref: _, display_name: manager_name } =
        &manager.clone().unwrap_or_default();
    let local_user_name = user.print.as_ref().and_then(|print| print.local_user_name.as_ref());
    let folded = |text: &Option<String>| Value::Text(key(text.as_ref()));
    [
        ("user_name", fold(&user.user_name).into_owned().into()),
        ("external_id", user.external_id.clone().into()),
        ("active", user.active.into()),
        ("display_name", folded(&user.display_name)),
        ("nick_name", folded(&user.nick_name)),
        // A reference: case counts.
        ("profile_url", user.profile_url.clone().into()),
        ("title", folded(&user.title)),
        ("user_type", folded(&user.user_type)),
        ("preferred_language", folded(&user.preferred_language)),
        ("locale", folded(&user.locale)),
        ("timezone", folded(&user.timezone)),
        ("formatted_name", folded(formatted)),
        ("family_name", folded(family_name)),
        ("given_name", folded(given_name)),
        ("middle_name", folded(middle_name)),
        ("honorific_prefix", folded(honorific_prefix)),
        ("honorific_suffix", folded(honorific_suffix)),
        ("employee_number", folded(employee_number)),
        ("cost_center", folded(cost_center)),
        ("organization", folded(organization)),
        ("division", folded(division)),
        ("department", folded(department)),
        ("manager", folded(manager)),
        ("manager_display_name", folded(manager_name)),
        ("source", i64::from(user.source).into()),
        ("local_user_name", Value::Text(key(local_user_name))),
    ]
}

/// The statement that inserts the rows of `user_values` that a document has; none if it has none.
pub(crate) fn insert_elements(account: &str, id: &str, user: &User) -> Option<Sql> {
    let mut rows = Rows { account, id, sql: None };
    let folded: [(Attribute, &[MultiValue]); 5] = [
        (Attribute::Emails, &user.emails),
        (Attribute::PhoneNumbers, &user.phone_numbers),
        (Attribute::Ims, &user.ims),
        (Attribute::Entitlements, &user.entitlements),
        (Attribute::Roles, &user.roles),
    ];
    for (attribute, elements) in folded {
        for element in elements {
            rows.element(attribute, element, key(element.value.as_ref()));
        }
    }
    // References and binary: case counts.
    for (attribute, elements) in
        [(Attribute::Photos, &user.photos), (Attribute::Certificates, &user.x509_certificates)]
    {
        for element in elements {
            rows.element(attribute, element, element.value.clone());
        }
    }
    for address in &user.addresses {
        rows.address(address);
    }
    rows.sql.map(|(sql, _)| sql)
}

struct Rows<'a> {
    account: &'a str,
    id: &'a str,
    sql: Option<(Sql, i64)>,
}

impl Rows<'_> {
    fn element(&mut self, attribute: Attribute, element: &MultiValue, value: Option<String>) {
        let MultiValue { value: _, display, r#type, primary } = element;
        self.row(
            attribute,
            [value, key(display.as_ref()), key(r#type.as_ref()), None, None, None, None, None, None],
            *primary,
        );
    }

    fn address(&mut self, address: &Address) {
        let Address { formatted, street_address, locality, region, postal_code, country, r#type, primary } =
            address;
        let keys = [formatted, street_address, locality, region, postal_code, country]
            .map(|text| key(text.as_ref()));
        let [formatted, street, locality, region, postal_code, country] = keys;
        let texts =
            [None, None, key(r#type.as_ref()), formatted, street, locality, region, postal_code, country];
        self.row(Attribute::Addresses, texts, *primary);
    }

    /// Elements are numbered through over all attributes: only their order within one matters.
    fn row(&mut self, attribute: Attribute, texts: [Option<String>; 9], primary: Option<bool>) {
        let (sql, position) = self.sql.take().map_or_else(
            || {
                let head = "INSERT INTO user_values (account_id, user_id, attribute, position, value, display, type, \
                     formatted, street_address, locality, region, postal_code, country, is_primary) VALUES (";
                (Sql::new(head), 0)
            },
            |(sql, position)| (sql.sql(", ("), position + 1),
        );
        let mut sql = sql
            .text(self.account)
            .sql(", ")
            .text(self.id)
            .sql(", ")
            .literal(attribute.number())
            .sql(", ")
            .literal(position);
        for text in texts {
            sql = match text {
                Some(text) => sql.sql(", ").text(text),
                None => sql.sql(", NULL"),
            };
        }
        self.sql = Some((sql.sql(", ").value(primary).sql(")"), position));
    }
}

/// The extension URNs of a user.
pub(crate) fn extension_schemas(user: &User) -> Vec<String> {
    let enterprise = user.enterprise.as_ref().map(|_| ENTERPRISE_USER.id.to_owned());
    let print = provisioned::stored(user.print.clone()).map(|_| PRINT_USER.id.to_owned());
    enterprise
        .into_iter()
        .chain(print)
        .chain(user.extensions.iter().map(|extension| extension.schema.clone()))
        .collect()
}

/// The statement that inserts the rows of `resource_schemas`; none where there is no extension.
pub(crate) fn insert_schemas(account: &str, id: &str, urns: &[String]) -> Option<Sql> {
    let mut sql: Option<Sql> = None;
    for urn in urns {
        let head = match sql {
            None => Sql::new("INSERT INTO resource_schemas (account_id, resource_id, urn) VALUES ("),
            Some(sql) => sql.sql(", ("),
        };
        sql = Some(head.text(account).sql(", ").text(id).sql(", ").text(urn).sql(")"));
    }
    sql.map(|sql| sql.sql(" ON CONFLICT DO NOTHING"))
}
