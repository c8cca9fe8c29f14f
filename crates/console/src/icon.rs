//! Icons, drawn for this console on a grid of 16, in the colour of the text around them.

use maud::{Markup, html};

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// The mark of Rollcall: a list, ticked.
    Brand,
    /// Two arrows in a circle.
    Sync,
    /// An open book.
    Book,
    /// A bell.
    Bell,
    /// One person.
    Person,
    /// Two people.
    People,
    /// A card with a stripe.
    Card,
    /// A device with a screen.
    Station,
    /// Two arrows between two lines.
    Convert,
    /// An arrow out of a tray.
    Upload,
    /// Lines.
    List,
    /// Two sliders.
    Sliders,
    /// A shield.
    Shield,
    /// Three bars.
    Menu,
    /// A door with an arrow out.
    Leave,
    /// A key.
    Key,
    /// An arrow into a tray.
    Download,
    /// Two sheets.
    Copy,
    /// A tick in a circle.
    Good,
    /// An i in a circle.
    Info,
    /// A triangle with an exclamation mark.
    Warning,
    /// A lens.
    Search,
    /// An arrow to the right.
    Next,
    /// A plus.
    Plus,
    /// A pencil.
    Edit,
}

/// The icon as inline SVG. Hidden from screen readers: the words beside it say the same.
pub(crate) fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" {
            path d=(path(icon)) {}
        }
    }
}

fn path(icon: Icon) -> &'static str {
    match icon {
        Icon::Brand => "M2 3.5h7M2 8h4.5M2 12.5h4M8 10.5l2.2 2.3L14.2 7",
        Icon::Sync => {
            "M13.5 6.5A5.7 5.7 0 0 0 3.2 5M2.5 2.5V5.5H5.5M2.5 9.5A5.7 5.7 0 0 0 12.8 11M13.5 13.5V10.5H10.5"
        }
        Icon::Book => {
            "M8 4C6.5 2.8 4.5 2.5 2 2.5V12.5C4.5 12.5 6.5 12.8 8 14C9.5 12.8 11.5 12.5 14 12.5V2.5C11.5 2.5 9.5 2.8 8 4V14"
        }
        Icon::Bell => "M4 11V7A4 4 0 0 1 12 7V11L13.5 12.5H2.5ZM6.7 14.5H9.3",
        Icon::Person => {
            "M8 7.5A2.7 2.7 0 1 0 8 2.1 2.7 2.7 0 0 0 8 7.5M2.8 14C3 11 5.2 9.8 8 9.8S13 11 13.2 14"
        }
        Icon::People => {
            "M6 7.5A2.5 2.5 0 1 0 6 2.5 2.5 2.5 0 0 0 6 7.5M1.5 13.5C1.6 10.9 3.5 9.7 6 9.7S10.4 10.9 10.5 13.5M10.8 2.7A2.4 2.4 0 0 1 10.8 7.3M12 10C13.6 10.5 14.4 11.8 14.5 13.5"
        }
        Icon::Card => "M2 3.5H14V12.5H2ZM2 6.5H14M4.5 10H7",
        Icon::Station => "M3.5 2H12.5V14H3.5ZM5.5 4.5H10.5V8H5.5ZM6.5 11H9.5",
        Icon::Convert => "M2 5H12M9.5 2.5L12 5L9.5 7.5M14 11H4M6.5 8.5L4 11L6.5 13.5",
        Icon::Upload => "M8 10.5V2.5M5 5.5L8 2.5L11 5.5M2.5 10.5V13.5H13.5V10.5",
        Icon::List => "M5.5 3.5H14M5.5 8H14M5.5 12.5H14M2 3.5H2.3M2 8H2.3M2 12.5H2.3",
        Icon::Sliders => {
            "M2 5H8M12 5H14M2 11H4M8 11H14M10 7A2 2 0 1 0 10 3 2 2 0 0 0 10 7M6 13A2 2 0 1 0 6 9 2 2 0 0 0 6 13"
        }
        Icon::Shield => {
            "M8 1.8L13.5 3.8V8C13.5 11 11.2 13.2 8 14.3C4.8 13.2 2.5 11 2.5 8V3.8ZM5.7 8L7.4 9.7L10.5 6.4"
        }
        Icon::Menu => "M2 4H14M2 8H14M2 12H14",
        Icon::Leave => "M6 2.5H2.5V13.5H6M6.5 8H14M11 5L14 8L11 11",
        Icon::Key => "M5.3 13.5A2.8 2.8 0 1 0 5.3 7.9 2.8 2.8 0 0 0 5.3 13.5M7.3 8.7L13.5 2.5M11 5L13 7",
        Icon::Download => "M8 2V10M5 7.2L8 10.2L11 7.2M2.5 10.5V13.5H13.5V10.5",
        Icon::Copy => "M5.5 5.5H13.5V13.5H5.5ZM10.5 5.5V2.5H2.5V10.5H5.5",
        Icon::Good => "M8 14A6 6 0 1 0 8 2 6 6 0 0 0 8 14M5.4 8.2L7.3 10.1L10.8 6.2",
        Icon::Info => "M8 14A6 6 0 1 0 8 2 6 6 0 0 0 8 14M8 7.5V11M8 5H8.1",
        Icon::Warning => "M8 2.2L14.5 13.5H1.5ZM8 6.5V9.5M8 11.6H8.1",
        Icon::Search => "M7 11.5A4.5 4.5 0 1 0 7 2.5 4.5 4.5 0 0 0 7 11.5M10.3 10.3L14 14",
        Icon::Next => "M6 3.5L10.5 8L6 12.5",
        Icon::Plus => "M8 3V13M3 8H13",
        Icon::Edit => "M3 13L3.6 10.2L10.8 3A1.5 1.5 0 0 1 13 5.2L5.8 12.4Z",
    }
}
