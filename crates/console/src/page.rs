//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use crate::{
    assets::Asset,
    icon::{Icon, icon},
    place::Place,
    session::Viewer,
    text,
};

/// The pages of an account, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// User and Group Sync.
    Sync,
    /// The setup guides of the identity providers.
    Guide,
    /// Who is told when a token ends.
    Notices,
    /// People.
    Users,
    /// Groups.
    Groups,
    /// Cards, and conflicts about them.
    Cards,
    /// Cards that were refused at stations.
    Denied,
    /// Stations that keep a copy.
    Stations,
    /// How numbers of readers and directory become the same.
    Conversion,
    /// Importing people and cards.
    Import,
    /// Why somebody cannot print.
    Diagnosis,
    /// What the identity provider sent.
    Log,
    /// What becomes of people, and how long the sync log is kept.
    Rules,
    /// What administrators did.
    Audit,
}

/// Title, and the tabs under it.
const SECTIONS: [(&str, &[Tab]); 4] = [
    ("Connection", &[Tab::Sync, Tab::Guide, Tab::Notices]),
    ("Directory", &[Tab::Users, Tab::Groups, Tab::Import]),
    ("At the device", &[Tab::Diagnosis, Tab::Cards, Tab::Denied, Tab::Conversion, Tab::Stations]),
    ("Records", &[Tab::Log, Tab::Audit, Tab::Rules]),
];

impl Tab {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Sync => "User and Group Sync",
            Self::Guide => "Setup guide",
            Self::Notices => "Notices",
            Self::Users => "Users",
            Self::Groups => "Groups",
            Self::Cards => "Cards",
            Self::Denied => "Refused cards",
            Self::Stations => "Stations",
            Self::Conversion => "Card numbers",
            Self::Import => "Import",
            Self::Diagnosis => "Why can't they print?",
            Self::Log => "Sync log",
            Self::Rules => "Rules",
            Self::Audit => "Audit",
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Guide => "guide",
            Self::Notices => "notices",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Cards => "cards",
            Self::Denied => "denied",
            Self::Stations => "stations",
            Self::Conversion => "conversion",
            Self::Import => "import",
            Self::Diagnosis => "diagnosis",
            Self::Log => "log",
            Self::Rules => "rules",
            Self::Audit => "audit",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Sync => Icon::Sync,
            Self::Guide => Icon::Book,
            Self::Notices => Icon::Bell,
            Self::Users => Icon::Person,
            Self::Groups => Icon::People,
            Self::Cards => Icon::Card,
            Self::Denied => Icon::Warning,
            Self::Stations => Icon::Station,
            Self::Conversion => Icon::Convert,
            Self::Import => Icon::Upload,
            Self::Diagnosis => Icon::Search,
            Self::Log => Icon::List,
            Self::Rules => Icon::Sliders,
            Self::Audit => Icon::Shield,
        }
    }

    /// The rpc without which the page has nothing to show.
    fn rpc(self) -> &'static str {
        match self {
            Self::Sync | Self::Guide => "rollcall.token.v1.ConnectionService/GetConnection",
            Self::Notices => "rollcall.token.v1.NoticeService/GetNoticeSettings",
            Self::Users => "rollcall.identity.v1.UserService/ListUsers",
            Self::Groups => "rollcall.identity.v1.GroupService/ListGroups",
            Self::Cards => "rollcall.identity.v1.CardService/ListCards",
            Self::Denied => "rollcall.identity.v1.CardService/ListDeniedCards",
            Self::Stations => "rollcall.identity.v1.StationService/ListStations",
            Self::Conversion => "rollcall.identity.v1.ConversionService/GetConversion",
            Self::Import => "rollcall.identity.v1.ImportService/ImportUsers",
            Self::Diagnosis => "rollcall.identity.v1.DiagnosisService/DiagnoseUser",
            Self::Log => "rollcall.token.v1.SyncLogService/ListSyncEntries",
            Self::Rules => "rollcall.identity.v1.SettingsService/GetSettings",
            Self::Audit => "rollcall.token.v1.AuditService/ListAuditEntries",
        }
    }
}

/// A page of an account. The body begins with its own heading: [`crate::component::heading`].
pub(crate) fn page(place: &Place, tab: Tab, title: &str, body: Markup) -> Markup {
    let navigation = html! {
        nav.side id="navigation" aria-label="Account" {
            @for (section, tabs) in SECTIONS {
                @let tabs: Vec<Tab> = tabs.iter().copied().filter(|tab| place.viewer.may(tab.rpc())).collect();
                @if !tabs.is_empty() {
                    p.section { (section) }
                    ul {
                        @for item in tabs {
                            li {
                                a href=(place.url(item.path())) aria-current=[(item == tab).then_some("page")] {
                                    (icon(item.icon())) (item.label())
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    // The first page that the role may see: a card desk has no business with the connection.
    let tabs = SECTIONS.iter().flat_map(|(_, tabs)| tabs.iter());
    let home = tabs.copied().find(|tab| place.viewer.may(tab.rpc())).unwrap_or(tab);
    let account = html! {
        a.account href=(place.url(home.path())) { (place.display_name) }
    };
    frame(&format!("{title} · {}", place.display_name), Some(&place.viewer), account, Some(navigation), body)
}

/// A page of somebody who is signed in, about no account: the list of accounts.
pub(crate) fn plain(viewer: &Viewer, title: &str, body: Markup) -> Markup {
    frame(title, Some(viewer), html! {}, None, html! { h1 { (title) } (body) })
}

/// A page for anybody: signing in, and errors.
pub(crate) fn bare(title: &str, body: Markup) -> Markup {
    frame(title, None, html! {}, None, html! { div.narrow { h1 { (title) } (body) } })
}

fn frame(
    title: &str,
    viewer: Option<&Viewer>,
    account: Markup,
    navigation: Option<Markup>,
    body: Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        // The script counts from the server's time: the clock of a desktop may be wrong.
        html lang="en" data-now=(text::iso(&text::now())) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Rollcall" }
                link rel="icon" href=(Asset::Icon.url()) type="image/svg+xml";
                link rel="stylesheet" href=(Asset::Style.url());
                script src=(Asset::Script.url()) {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                div.progress id="progress" role="progressbar" aria-label="Loading" hidden {}
                header.top {
                    @if navigation.is_some() {
                        button.menu type="button" aria-expanded="false" aria-controls="navigation" data-menu hidden {
                            (icon(Icon::Menu)) span { "Menu" }
                        }
                    }
                    a.brand href="/" { (icon(Icon::Brand)) "Rollcall" }
                    (account)
                    @if let Some(viewer) = viewer { (who(viewer)) }
                }
                div.columns.alone[navigation.is_none()] {
                    @if let Some(navigation) = navigation { (navigation) }
                    main id="main" tabindex="-1" { (body) }
                }
            }
        }
    }
}

fn who(viewer: &Viewer) -> Markup {
    html! {
        div.who {
            span.name { (viewer.session.display_name) }
            span.role { (text::role(viewer.session.role())) }
            form method="post" action="/sign-out" {
                (viewer.csrf.field())
                button.quiet type="submit" { (icon(Icon::Leave)) span { "Sign out" } }
            }
        }
    }
}
