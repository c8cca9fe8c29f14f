//! What printing needs of users: Rollcall's own extension.

use super::{Attribute, Schema};

/// `urn:ietf:params:scim:schemas:extension:rollcall:2.0:User`.
///
/// Cards are written as flat texts, which every identity provider can map, or as `cards`. Numbers come back masked, or not at all,
/// as the account wants it; secrets never.
pub static PRINT_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User",
    name: "PrintUser",
    description: "What printing needs to know of a person.",
    attributes: &[
        Attribute::string(
            "cardNumber",
            "The number of the person's card. Read, it is masked; it cannot be searched by.",
        )
        .card_number(),
        Attribute::string(
            "cardNumber2",
            "The number of another card. Read, it is masked; it cannot be searched by.",
        )
        .card_number(),
        Attribute::string(
            "cardNumber3",
            "The number of another card. Read, it is masked; it cannot be searched by.",
        )
        .card_number(),
        Attribute::string(
            "cardNumber4",
            "The number of another card. Read, it is masked; it cannot be searched by.",
        )
        .card_number(),
        Attribute::string(
            "cardNumber5",
            "The number of another card. Read, it is masked; it cannot be searched by.",
        )
        .card_number(),
        Attribute::complex(
            "cards",
            "Cards with what there is to say of them. They cannot be searched by.",
            CARDS,
        )
        .many()
        .secret(),
        Attribute::string("pin", "The PIN to set; an empty text removes it.")
            .secret()
            .write_only()
            .at_most(32),
        Attribute::string(
            "cardRegistrationCode",
            "The code with which the person registers a card at a device, once.",
        )
        .secret()
        .write_only()
        .at_most(64),
        Attribute::string(
            "localUserName",
            "The name at the workstation or print server where it is not the userName.",
        )
        .at_most(255),
    ],
};

const CARDS: &[Attribute] = &[
    Attribute::string("value", "The number. Read, it is masked.").required().card_number(),
    Attribute::string("display", "What the card is called.").at_most(128),
    Attribute::string("type", "The technology, such as MIFARE.").at_most(64),
    Attribute::date_time("validFrom", "It works from then on."),
    Attribute::date_time("validUntil", "It stops working then."),
];
