//! How cards are printed: always masked.

use rollcall_proto::identity::{Card, CardSource, CardState, DenialReason, DeniedCard, ExplainCardResponse};
use serde_json::{Value, json};

use crate::{
    client::{human_time, id_of, json_time},
    error::Error,
    output,
};

pub(crate) fn state(state: CardState) -> &'static str {
    match state {
        CardState::Working => "works",
        CardState::NotYetValid => "not yet valid",
        CardState::Expired => "expired",
        CardState::HolderInactive => "holder deactivated",
        CardState::Claimed => "claimed",
        CardState::Unspecified => "unknown",
    }
}

fn source(card: &Card) -> String {
    let source = match card.source() {
        CardSource::Scim => "scim",
        CardSource::Import => "import",
        CardSource::Device => "device",
        CardSource::Console => "console",
        CardSource::Unspecified => "unknown",
    };
    let also = card.provisioned && card.source() != CardSource::Scim;
    if also { format!("{source}, scim") } else { source.to_owned() }
}

fn reason(reason: DenialReason) -> &'static str {
    match reason {
        DenialReason::Unknown => "unknown card",
        DenialReason::NotValid => "not valid",
        DenialReason::HolderInactive => "holder deactivated",
        DenialReason::Unspecified => "unknown",
    }
}

pub(crate) fn cards(cards: &[Card], as_json: bool) -> Result<(), Error> {
    if as_json {
        return output::print_json(&cards.iter().map(json_of).collect());
    }
    let rows = cards.iter().map(|card| {
        [
            id_of(&card.name).to_owned(),
            card.number.clone(),
            card.user_name.clone(),
            state(card.state()).to_owned(),
            card.label.clone(),
            source(card),
            human_time(card.valid_until.as_ref()),
            human_time(card.last_use_time.as_ref()),
        ]
    });
    output::print_table(
        ["ID", "NUMBER", "HOLDER", "STATE", "LABEL", "FROM", "UNTIL", "LAST USED"],
        rows.collect(),
    )
}

pub(crate) fn card(card: &Card, as_json: bool) -> Result<(), Error> {
    if as_json {
        return output::print_json(&json_of(card));
    }
    let row = |name: &str, value: String| [name.to_owned(), value];
    let rows = vec![
        row("number", card.number.clone()),
        row(if card.state() == CardState::Claimed { "claimed by" } else { "holder" }, card.user_name.clone()),
        row("state", state(card.state()).to_owned()),
        row("kind", card.kind.clone()),
        row("label", card.label.clone()),
        row("from", source(card)),
        row("valid from", human_time(card.valid_from.as_ref())),
        row("valid until", human_time(card.valid_until.as_ref())),
        row("last used", human_time(card.last_use_time.as_ref())),
        row("given", human_time(card.create_time.as_ref())),
    ];
    output::print_table(["CARD", id_of(&card.name)], rows)
}

pub(crate) fn json_of(card: &Card) -> Value {
    json!({
        "name": card.name,
        "user": card.user,
        "userName": card.user_name,
        "number": card.number,
        "kind": card.kind,
        "label": card.label,
        "state": state(card.state()),
        "source": source(card),
        "holder": card.holder,
        "validFrom": json_time(card.valid_from.as_ref()),
        "validUntil": json_time(card.valid_until.as_ref()),
        "lastUseTime": json_time(card.last_use_time.as_ref()),
        "createTime": json_time(card.create_time.as_ref()),
    })
}

pub(crate) fn explanation(found: &ExplainCardResponse, as_json: bool) -> Result<(), Error> {
    if as_json {
        return output::print_json(&json!({
            "explanation": found.explanation,
            "card": found.card.as_ref().map(json_of),
            "claims": found.claims.iter().map(json_of).collect::<Vec<_>>(),
        }));
    }
    output::print(&found.explanation)?;
    let all: Vec<Card> = found.card.iter().chain(&found.claims).cloned().collect();
    if all.is_empty() { Ok(()) } else { cards(&all, false) }
}

pub(crate) fn denied_json(denied: &DeniedCard) -> Value {
    json!({
        "name": denied.name,
        "station": denied.station,
        "number": denied.number,
        "time": json_time(denied.time.as_ref()),
        "count": denied.count,
        "reason": reason(denied.reason()),
        "user": denied.user,
    })
}

pub(crate) fn denied(found: &[DeniedCard], as_json: bool) -> Result<(), Error> {
    if as_json {
        return output::print_json(&found.iter().map(denied_json).collect());
    }
    let rows = found.iter().map(|denied| {
        [
            id_of(&denied.name).to_owned(),
            denied.number.clone(),
            denied.station.clone(),
            human_time(denied.time.as_ref()),
            denied.count.to_string(),
            reason(denied.reason()).to_owned(),
        ]
    });
    output::print_table(["ID", "NUMBER", "STATION", "LAST", "TIMES", "WHY"], rows.collect())
}
