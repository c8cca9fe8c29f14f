//! The values of the settings, as the options take them.

use clap::ValueEnum;
use rollcall_proto::identity::{
    Adoption, CardVisibility, LeaverCards, PinUse, Reactivation, Settings, UnknownMembers,
};

/// `--reactivation`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OnReturn {
    /// The user is reactivated, with the same id
    Reactivate,
    /// 409
    Refuse,
}

/// `--unknown-members`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OnUnknown {
    /// The member is left out
    Ignore,
    /// 400, and nothing is changed
    Refuse,
}

/// `--adoption`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum AdoptWhen {
    /// Never: 409
    Off,
    /// When the externalId is the same, or else the userName
    ByName,
    /// The same, or else when the e-mail address is and nobody else has it
    ByNameOrEmail,
}

/// `--card-visibility`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Show {
    /// The last characters of a card number
    Masked,
    /// Nothing of it
    Hidden,
}

/// `--leaver-cards`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OnLeaving {
    /// They work again when the person comes back
    Keep,
    /// They are erased
    Erase,
}

/// `--pin-use`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum UsePin {
    /// Together with a name or card
    WithName,
    /// By itself: nobody else may have it
    Alone,
}

impl OnReturn {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.reactivation() {
            Reactivation::Unspecified => None,
            Reactivation::Reactivate => Some(Self::Reactivate),
            Reactivation::Refuse => Some(Self::Refuse),
        }
    }
}

impl OnUnknown {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.unknown_members() {
            UnknownMembers::Unspecified => None,
            UnknownMembers::Ignore => Some(Self::Ignore),
            UnknownMembers::Refuse => Some(Self::Refuse),
        }
    }
}

impl AdoptWhen {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.adoption() {
            Adoption::Unspecified => None,
            Adoption::Off => Some(Self::Off),
            Adoption::ByName => Some(Self::ByName),
            Adoption::ByNameOrEmail => Some(Self::ByNameOrEmail),
        }
    }
}

impl Show {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.card_visibility() {
            CardVisibility::Unspecified => None,
            CardVisibility::Masked => Some(Self::Masked),
            CardVisibility::Hidden => Some(Self::Hidden),
        }
    }
}

impl OnLeaving {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.leaver_cards() {
            LeaverCards::Unspecified => None,
            LeaverCards::Keep => Some(Self::Keep),
            LeaverCards::Erase => Some(Self::Erase),
        }
    }
}

impl UsePin {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.pin_use() {
            PinUse::Unspecified => None,
            PinUse::WithName => Some(Self::WithName),
            PinUse::Alone => Some(Self::Alone),
        }
    }
}
