use rollcall_proto::identity::{
    Adoption, CardVisibility, GetSettingsRequest, LeaverCards, PinUse, Reactivation, Settings,
    UnknownMembers, UpdateSettingsRequest,
};
use tonic::Code;

use crate::service::{ACCOUNT, Service, both, reason};

fn settings(
    account: &str,
    reactivation: Reactivation,
    unknown_members: UnknownMembers,
    adoption: Adoption,
) -> Settings {
    Settings {
        name: format!("{account}/settings"),
        reactivation: reactivation.into(),
        unknown_members: unknown_members.into(),
        adoption: adoption.into(),
        card_visibility: CardVisibility::Masked.into(),
        leaver_cards: LeaverCards::Keep.into(),
        pin_use: PinUse::WithName.into(),
        pin_min_length: 4,
    }
}

fn defaults(account: &str) -> Settings {
    settings(account, Reactivation::Reactivate, UnknownMembers::Ignore, Adoption::ByName)
}

async fn get(service: &Service, account: &str) -> Settings {
    let request = GetSettingsRequest { name: format!("{account}/settings") };
    service.settings.clone().get_settings(request).await.unwrap().into_inner()
}

async fn update(service: &Service, settings: Settings, mask: &[&str]) -> Result<Settings, tonic::Status> {
    let paths = mask.iter().map(|&path| path.to_owned()).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    let request = UpdateSettingsRequest { settings: Some(settings), update_mask };
    service.settings.clone().update_settings(request).await.map(tonic::Response::into_inner)
}

#[test]
fn an_account_has_the_defaults_until_something_is_set() {
    both(async |service| {
        assert_eq!(get(&service, ACCOUNT).await, defaults(ACCOUNT));
        let refuse = Settings { reactivation: Reactivation::Refuse.into(), ..Settings::default() };
        let set = service.set(refuse).await;
        assert_eq!(set, Settings { reactivation: Reactivation::Refuse.into(), ..defaults(ACCOUNT) });
        let more = service.set(Settings { adoption: Adoption::Off.into(), ..Settings::default() }).await;
        assert_eq!(more, Settings { adoption: Adoption::Off.into(), ..set });
        assert_eq!(get(&service, ACCOUNT).await, more);
        assert_eq!(get(&service, "accounts/other").await, defaults("accounts/other"));
    });
}

#[test]
fn a_mask_says_what_is_set() {
    both(async |service| {
        let all = settings(ACCOUNT, Reactivation::Refuse, UnknownMembers::Refuse, Adoption::ByNameOrEmail);
        let one = update(&service, all.clone(), &["unknown_members"]).await.unwrap();
        let expected = Settings { unknown_members: UnknownMembers::Refuse.into(), ..defaults(ACCOUNT) };
        assert_eq!(one, expected);
        assert_eq!(update(&service, all.clone(), &["*"]).await.unwrap(), all);
        // What is named and unspecified goes back to the default.
        let nothing = Settings { name: format!("{ACCOUNT}/settings"), ..Settings::default() };
        let back = update(&service, nothing.clone(), &["adoption", "reactivation"]).await.unwrap();
        assert_eq!(back, expected);
        assert_eq!(update(&service, nothing, &["*"]).await.unwrap(), defaults(ACCOUNT));
    });
}

#[test]
fn a_wrong_request_says_which_field_and_sets_nothing() {
    both(async |service| {
        let good = Settings { adoption: Adoption::Off.into(), ..defaults(ACCOUNT) };
        let cases: [(Settings, &[&str], &str); 6] = [
            (Settings { adoption: 9, ..good.clone() }, &["*"], "settings.adoption:"),
            (Settings { reactivation: -1, ..good.clone() }, &["*"], "settings.reactivation:"),
            (Settings { unknown_members: 3, ..good.clone() }, &[], "settings.unknown_members:"),
            (Settings { name: ACCOUNT.to_owned(), ..good.clone() }, &["*"], "settings.name:"),
            (Settings { name: "accounts/A/settings".to_owned(), ..good.clone() }, &[], "settings.name:"),
            (good, &["adoption", "unknownMembers"], "update_mask:"),
        ];
        for (settings, mask, says) in cases {
            let refusal = update(&service, settings, mask).await.unwrap_err();
            assert_eq!(
                (refusal.code(), reason(&refusal)),
                (Code::InvalidArgument, "INVALID_VALUE".to_owned())
            );
            assert!(refusal.message().starts_with(says), "{}", refusal.message());
        }
        let missing = UpdateSettingsRequest::default();
        let refusal = service.settings.clone().update_settings(missing).await.unwrap_err();
        assert!(refusal.message().starts_with("settings:"), "{}", refusal.message());
        assert_eq!(get(&service, ACCOUNT).await, defaults(ACCOUNT));
    });
}
