//! What a column can mean.

use std::str::FromStr;

/// What a column says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The name to sign in with.
    UserName,
    /// The key of the system that the file comes from.
    ExternalId,
    /// The e-mail address.
    Email,
    /// The name shown.
    DisplayName,
    /// The first name.
    GivenName,
    /// The last name.
    FamilyName,
    /// The department.
    Department,
    /// The employee number.
    EmployeeNumber,
    /// The job title.
    Title,
    /// The cost centre.
    CostCenter,
    /// Whether the person may use the service.
    Active,
    /// The name at the workstation or print server.
    LocalUserName,
    /// A card number; several columns may have one.
    Card,
    /// What the card is called.
    CardLabel,
    /// The technology of the card.
    CardKind,
    /// From when the card works.
    CardValidFrom,
    /// Until when it works.
    CardValidUntil,
    /// A PIN.
    Pin,
    /// A passcode.
    Passcode,
}

/// How many there are.
pub(crate) const COUNT: usize = 19;

/// Every field with its name and what exporters call it: in small letters, without spaces and punctuation.
///
/// SCIM's names; the exports of Entra ID, Okta and Google Workspace; PaperCut, uniFLOW, PrinterLogic, SafeQ, Equitrac and
/// Kyocera as far as their headers are known; the plain words in German and French.
const NAMES: [(Field, &str, &[&str]); COUNT] = [
    (
        Field::UserName,
        "userName",
        &[
            "username",
            "userprincipalname",
            "upn",
            "login",
            "loginname",
            "logon",
            "logonname",
            "user",
            "userid",
            "samaccountname",
            "account",
            "accountname",
            "benutzername",
            "benutzer",
            "anmeldename",
            "nomdutilisateur",
            "identifiant",
            "utilisateur",
        ],
    ),
    (Field::ExternalId, "externalId", &["externalid", "objectid", "objectguid", "id", "immutableid"]),
    (
        Field::Email,
        "email",
        &[
            "email",
            "emails",
            "mail",
            "emailaddress",
            "emailaddressrequired",
            "mailaddress",
            "primaryemail",
            "workemail",
            "emailadresse",
            "adressemail",
            "courriel",
            "adresseemail",
        ],
    ),
    (
        Field::DisplayName,
        "displayName",
        &["displayname", "fullname", "name", "anzeigename", "vollername", "nomcomplet", "nomaffiche"],
    ),
    (
        Field::GivenName,
        "givenName",
        &["givenname", "namegivenname", "firstname", "firstnamerequired", "forename", "vorname", "prenom"],
    ),
    (
        Field::FamilyName,
        "familyName",
        &[
            "familyname",
            "namefamilyname",
            "lastname",
            "lastnamerequired",
            "surname",
            "sn",
            "nachname",
            "familienname",
            "nom",
            "nomdefamille",
        ],
    ),
    (
        Field::Department,
        "department",
        &["department", "dept", "abteilung", "service", "departement", "orgunit"],
    ),
    (
        Field::EmployeeNumber,
        "employeeNumber",
        &["employeenumber", "employeeid", "personnelnumber", "personalnummer", "matricule", "staffid"],
    ),
    (Field::Title, "title", &["title", "jobtitle", "position", "funktion", "fonction"]),
    (Field::CostCenter, "costCenter", &["costcenter", "costcentre", "kostenstelle", "centredecout"]),
    (Field::Active, "active", &["active", "enabled", "accountenabled", "isactive", "aktiv", "actif"]),
    (
        Field::LocalUserName,
        "localUserName",
        &[
            "localusername",
            "localuser",
            "windowsname",
            "windowsuser",
            "authpinuser",
            "mfduser",
            "alias",
            "useralias",
        ],
    ),
    (
        Field::Card,
        "cardNumber",
        &[
            "cardnumber",
            "card",
            "cards",
            "cardid",
            "cardidnumber",
            "cardno",
            "badge",
            "badgeid",
            "badgenumber",
            "idcard",
            "idcardinformation",
            "secondarycard",
            "secondarycardnumber",
            "secondarycardidnumber",
            "mfdsmartcardid",
            "smartcardid",
            "primarypin",
            "proxcard",
            "rfid",
            "kartennummer",
            "karte",
            "ausweisnummer",
            "numerodecarte",
            "carte",
            "numerodebadge",
        ],
    ),
    (Field::CardLabel, "cardLabel", &["cardlabel", "cardname", "carddescription"]),
    (Field::CardKind, "cardKind", &["cardkind", "cardtype", "kartentyp", "typedecarte"]),
    (Field::CardValidFrom, "cardValidFrom", &["cardvalidfrom", "validfrom", "gueltigab", "validefrom"]),
    (
        Field::CardValidUntil,
        "cardValidUntil",
        &[
            "cardvaliduntil",
            "validuntil",
            "cardexpiry",
            "cardexpires",
            "expirydate",
            "gueltigbis",
            "validejusquau",
        ],
    ),
    (Field::Pin, "pin", &["pin", "pincode", "cardpin", "authpin", "mfdpin", "secondarypin", "codepin"]),
    (Field::Passcode, "passcode", &["passcode"]),
];

impl Field {
    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(field, ..)| *field)
    }

    /// The name that the product gives it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(field, ..)| *field == self).map_or("", |(_, name, _)| name)
    }

    /// What a header means, in any case and with any punctuation; `None` for what no exporter is known to mean anything by.
    pub fn of_header(header: &str) -> Option<Self> {
        let plain = plain(header);
        // Another card has a number behind the name.
        let bare = plain.trim_end_matches(|c: char| c.is_ascii_digit());
        let named =
            |text: &str| NAMES.iter().find(|(.., names)| names.contains(&text)).map(|(field, ..)| *field);
        named(&plain).or_else(|| named(bare).filter(|field| *field == Self::Card))
    }

    /// Whether it says who a row is about.
    pub fn is_who(self) -> bool {
        matches!(self, Self::UserName | Self::ExternalId | Self::Email)
    }

    /// Whether it is about cards or secrets.
    pub fn is_of_cards(self) -> bool {
        matches!(
            self,
            Self::Card
                | Self::CardLabel
                | Self::CardKind
                | Self::CardValidFrom
                | Self::CardValidUntil
                | Self::Pin
                | Self::Passcode
        )
    }

    /// Whether what stands in a cell is not to be told.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Card | Self::Pin | Self::Passcode)
    }

    /// Whether a spreadsheet that takes it for a number spoils it.
    pub(crate) fn is_number_like(self) -> bool {
        matches!(self, Self::Card | Self::Pin | Self::EmployeeNumber | Self::ExternalId)
    }

    /// The most characters of a cell.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::UserName | Self::ExternalId | Self::Email | Self::LocalUserName => 255,
            Self::Card | Self::CardLabel | Self::Passcode => 128,
            Self::CardKind | Self::Pin => 64,
            _ => 1024,
        }
    }
}

/// A field by the product's own name, or by anything that a header may call it.
impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = NAMES.iter().find(|(_, own, _)| own.eq_ignore_ascii_case(name)).map(|(field, ..)| *field);
        known.or_else(|| Self::of_header(name)).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(_, name, _)| *name).collect();
            format!("no such field; there are {}", names.join(", "))
        })
    }
}

/// A header in small letters without accents, spaces and punctuation.
fn plain(header: &str) -> String {
    let letters = header.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
    letters
        .map(|c| match c {
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'à' | 'â' => 'a',
            'ô' => 'o',
            'û' | 'ù' => 'u',
            'î' | 'ï' => 'i',
            'ç' => 'c',
            other => other,
        })
        .collect::<String>()
        .replace('ü', "ue")
        .replace('ä', "ae")
        .replace('ö', "oe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_exporters() {
        for (header, field) in [
            ("userName", Field::UserName),
            ("User Principal Name", Field::UserName),
            ("Benutzername", Field::UserName),
            ("Nom d'utilisateur", Field::UserName),
            ("Email Address [Required]", Field::Email),
            ("E-Mail", Field::Email),
            ("First Name [Required]", Field::GivenName),
            ("name.givenName", Field::GivenName),
            ("Prénom", Field::GivenName),
            ("Nom", Field::FamilyName),
            ("Full Name", Field::DisplayName),
            ("accountEnabled", Field::Active),
            ("Card/ID number", Field::Card),
            ("cardNumber2", Field::Card),
            ("Secondary card", Field::Card),
            ("MFD_SMARTCARD_ID", Field::Card),
            ("badgeId", Field::Card),
            ("Kartennummer", Field::Card),
            ("PIN code", Field::Pin),
            ("authPin", Field::Pin),
            ("Gültig bis", Field::CardValidUntil),
            ("employeeId", Field::EmployeeNumber),
        ] {
            assert_eq!(Field::of_header(header), Some(field), "{header}");
        }
        for unknown in ["", "Phone", "PIN2", "userName2", "Balance"] {
            assert_eq!(Field::of_header(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_field_has_a_name_and_every_name_one_field() {
        let mut seen = std::collections::HashSet::new();
        for (field, name, others) in NAMES {
            assert_eq!(name.parse(), Ok(field));
            assert_eq!(Field::of_header(name), Some(field), "{name}");
            assert!(others.iter().all(|other| seen.insert(*other) && plain(other) == **other), "{name}");
        }
        assert!("nope".parse::<Field>().unwrap_err().contains("userName, externalId"));
    }
}
