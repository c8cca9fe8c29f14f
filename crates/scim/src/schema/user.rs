//! Users (RFC 7643 section 4.1).
//!
//! The RFC suggests values for `type` (`work`, `home`, ...). They are suggestions, any text is accepted, so the tables
//! name none: a client may take canonical values for the only ones.

use super::{Attribute, Schema};

/// `urn:ietf:params:scim:schemas:core:2.0:User`.
pub static USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A person.",
    attributes: &[
        Attribute::string("userName", "The name to sign in with, unique in the account in any case.")
            .required()
            .unique(),
        Attribute::complex("name", "The parts of the person's name.", NAME),
        Attribute::string("displayName", "The name shown to people."),
        Attribute::string("nickName", "The casual name."),
        Attribute::reference("profileUrl", "The address of the person's page.", &["external"]),
        Attribute::string("title", "The job title, such as 'Vice President'."),
        Attribute::string(
            "userType",
            "The relation to the organisation, such as 'Employee' or 'Contractor'.",
        ),
        Attribute::string("preferredLanguage", "The languages preferred, as in an Accept-Language header."),
        Attribute::string("locale", "The locale for dates and numbers, such as 'de-CH'."),
        Attribute::string("timezone", "The time zone by its IANA name, such as 'Europe/Zurich'."),
        Attribute::boolean("active", "Whether the person may use the service."),
        Attribute::string("password", "Accepted for compatibility and dropped: nobody signs in here.")
            .case_exact()
            .write_only(),
        Attribute::complex("emails", "E-mail addresses.", EMAILS).many(),
        Attribute::complex("phoneNumbers", "Telephone numbers.", PHONE_NUMBERS).many(),
        Attribute::complex("ims", "Instant messaging addresses.", IMS).many(),
        Attribute::complex("photos", "Addresses of pictures.", PHOTOS).many(),
        Attribute::complex("addresses", "Postal addresses.", ADDRESSES).many(),
        Attribute::complex("groups", "The groups that the person is a direct member of.", GROUPS)
            .many()
            .read_only(),
        Attribute::complex("entitlements", "Things the person has a right to.", ENTITLEMENTS).many(),
        Attribute::complex("roles", "Roles of the person.", ROLES).many(),
        Attribute::complex("x509Certificates", "X.509 certificates.", CERTIFICATES).many(),
    ],
};

const NAME: &[Attribute] = &[
    Attribute::string("formatted", "The full name as shown, such as 'Ms. Barbara J Jensen, III'."),
    Attribute::string("familyName", "The last name."),
    Attribute::string("givenName", "The first name."),
    Attribute::string("middleName", "The middle names."),
    Attribute::string("honorificPrefix", "Titles before the name, such as 'Ms.'."),
    Attribute::string("honorificSuffix", "Additions behind the name, such as 'III'."),
];

const DISPLAY: Attribute = Attribute::string("display", "How to show it to a person.");
const TYPE: Attribute = Attribute::string("type", "What it is for, such as 'work', 'home' or 'other'.");
const PRIMARY: Attribute = Attribute::boolean("primary", "Whether it is the preferred one; at most one is.");

const EMAILS: &[Attribute] =
    &[Attribute::string("value", "The e-mail address.").at_most(320), DISPLAY, TYPE, PRIMARY];
const PHONE_NUMBERS: &[Attribute] =
    &[Attribute::string("value", "The telephone number."), DISPLAY, TYPE, PRIMARY];
const IMS: &[Attribute] =
    &[Attribute::string("value", "The instant messaging address."), DISPLAY, TYPE, PRIMARY];
const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", "The address of the picture.", &["external"]),
    DISPLAY,
    Attribute::string("type", "What it is, such as 'photo' or 'thumbnail'."),
    PRIMARY,
];

const ADDRESSES: &[Attribute] = &[
    Attribute::string("formatted", "The whole address as shown; may have line breaks."),
    Attribute::string("streetAddress", "The street, with number and floor; may have line breaks."),
    Attribute::string("locality", "The city."),
    Attribute::string("region", "The state or region."),
    Attribute::string("postalCode", "The postal code."),
    Attribute::string("country", "The country by its ISO 3166-1 alpha-2 code."),
    TYPE,
    PRIMARY,
];

const GROUPS: &[Attribute] = &[
    Attribute::string("value", "The id of the group.").read_only(),
    Attribute::reference("$ref", "The address of the group.", &["Group"]).read_only(),
    Attribute::string("display", "The name of the group.").read_only(),
    Attribute::string("type", "How the person is a member.").read_only().one_of(&["direct", "indirect"]),
];

const ENTITLEMENTS: &[Attribute] = &[Attribute::string("value", "The entitlement."), DISPLAY, TYPE, PRIMARY];
const ROLES: &[Attribute] =
    &[Attribute::string("value", "The role, kept letter by letter."), DISPLAY, TYPE, PRIMARY];
const CERTIFICATES: &[Attribute] =
    &[Attribute::binary("value", "The certificate, DER in Base64."), DISPLAY, TYPE, PRIMARY];
