//! The parts that pages are made of.

use maud::{Markup, Render, html};
use prost_types::Timestamp;
use rollcall_proto::identity::UserSource;

use crate::{
    csrf::Csrf,
    icon::{Icon, icon},
    text,
};

/// What a colour means. It is never the only sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing to do.
    Plain,
    /// Something to know.
    Info,
    /// All is well.
    Good,
    /// Something to do, in time.
    Advice,
    /// Something to do now.
    Alarm,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Info => "info",
            Self::Good => "good",
            Self::Advice => "advice",
            Self::Alarm => "alarm",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Plain | Self::Info => Icon::Info,
            Self::Good => Icon::Good,
            Self::Advice | Self::Alarm => Icon::Warning,
        }
    }
}

/// The way to a page, its heading, and the buttons beside it. `trail` is what stands above the page, from the top: a
/// word, and the address if it has one.
pub(crate) fn heading(trail: &[(&str, Option<String>)], title: &str, actions: Markup) -> Markup {
    html! {
        @if !trail.is_empty() {
            nav.trail aria-label="Breadcrumb" {
                ol {
                    @for (word, url) in trail {
                        li { @if let Some(url) = url { a href=(url) { (word) } } @else { (word) } }
                    }
                    li aria-current="page" { (title) }
                }
            }
        }
        div.heading {
            h1 { (title) }
            div.actions { (actions) }
        }
    }
}

/// A section of a page, with its heading.
pub(crate) fn card(title: &str, actions: Markup, body: Markup) -> Markup {
    html! {
        section.card {
            div.heading { h2 { (title) } @if !actions.0.is_empty() { div.actions { (actions) } } }
            (body)
        }
    }
}

/// How long ago, or how soon, with the exact time where the pointer rests; `never` where there is none.
pub(crate) fn time(time: Option<&Timestamp>) -> Markup {
    stamp(time, "relative", |time| text::relative(time, &text::now()))
}

/// Day and time, in the zone of the viewer.
pub(crate) fn moment(time: Option<&Timestamp>) -> Markup {
    stamp(time, "moment", text::moment)
}

/// The day, in the zone of the viewer.
pub(crate) fn date(time: Option<&Timestamp>) -> Markup {
    stamp(time, "date", text::date)
}

/// The script says it anew in the zone of the viewer; without it, it is UTC.
fn stamp(time: Option<&Timestamp>, style: &str, words: impl Fn(&Timestamp) -> String) -> Markup {
    html! {
        @if let Some(time) = time {
            time datetime=(text::iso(time)) data-local=(style) title=(text::exact(time)) { (words(time)) }
        } @else {
            span.none { "never" }
        }
    }
}

/// A word in a coloured frame.
pub(crate) fn badge(tone: Tone, words: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (words) } }
}

/// Whose a user or group is.
pub(crate) fn source_badge(source: UserSource) -> Markup {
    match source {
        UserSource::Unspecified => badge(Tone::Plain, "unknown"),
        UserSource::Scim => badge(Tone::Info, "SCIM"),
        UserSource::Import => badge(Tone::Plain, "import"),
        UserSource::Manual => badge(Tone::Plain, "manual"),
    }
}

/// A message in a coloured frame. An alarm interrupts a screen reader, everything else does not.
pub(crate) fn alert(tone: Tone, title: &str, body: impl Render) -> Markup {
    let role = if tone == Tone::Alarm { "alert" } else { "status" };
    html! {
        div class={ "alert " (tone.class()) } role=(role) {
            (icon(tone.icon()))
            div { p.title { (title) } div { (body) } }
        }
    }
}

/// What stands where a list would be if there were anything in it.
pub(crate) fn empty(title: &str, words: &str, action: Markup) -> Markup {
    html! {
        div.empty { p.title { (title) } p { (words) } (action) }
    }
}

/// The way to the next page of a list; nothing at its end.
pub(crate) fn pager(next: Option<String>) -> Markup {
    html! {
        @if let Some(next) = next {
            nav.pager aria-label="Pages" { a.button href=(next) rel="next" { "Next page " (icon(Icon::Next)) } }
        }
    }
}

/// A value to copy, with its button. Without the script it can still be marked and copied.
pub(crate) fn copyable(label: &str, value: &str) -> Markup {
    html! {
        div.copyable {
            span.label { (label) }
            code.value { (value) }
            (copy_button(label, value))
        }
    }
}

/// The button alone. The script shows it.
pub(crate) fn copy_button(label: &str, value: &str) -> Markup {
    html! {
        button.quiet.copy type="button" data-copy=(value) hidden {
            (icon(Icon::Copy)) span.words { "Copy" } span.hidden { " " (label) }
        }
    }
}

/// Names and their values.
pub(crate) fn definitions(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.definitions {
            @for (name, value) in rows { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// A table with a caption for those who cannot see it. A cell is shown beside its column's name on a narrow screen; the
/// first cell of a row is its heading.
pub(crate) fn table(caption: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    html! {
        div.table role="region" aria-label=(caption) tabindex="0" {
            table {
                caption.hidden { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, (cell, column)) in row.into_iter().zip(columns).enumerate() {
                                @if place == 0 {
                                    th scope="row" data-label=(column) { (cell) }
                                } @else {
                                    td data-label=(column) { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A labelled control of a form. `id` is that of the control.
pub(crate) fn field(id: &str, label: &str, hint: &str, control: Markup) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            (control)
            @if !hint.is_empty() { p.hint id={ (id) "-hint" } { (hint) } }
        }
    }
}

/// The fields above a list that narrow it: a form that is sent by GET, so that its address can be kept.
pub(crate) fn filters(action: &str, fields: Markup) -> Markup {
    html! {
        form.filters method="get" action=(action) role="search" {
            (fields)
            div.actions {
                button type="submit" { (icon(Icon::Search)) "Search" }
                a.button.quiet href=(action) { "Clear" }
            }
        }
    }
}

/// A form that asks before it acts: the words say what will happen, the button says it again in a verb.
pub(crate) struct Question<'a> {
    pub(crate) words: Markup,
    /// Where it is sent.
    pub(crate) action: &'a str,
    /// Fields beyond the CSRF token.
    pub(crate) fields: Markup,
    pub(crate) button: &'a str,
    /// Whether something is lost by it.
    pub(crate) danger: bool,
    /// Where the other answer leads.
    pub(crate) back: &'a str,
}

/// See [`Question`].
pub(crate) fn confirm(csrf: &Csrf, question: Question) -> Markup {
    let Question { words, action, fields, button, danger, back } = question;
    html! {
        div.card.question {
            (words)
            form method="post" action=(action) {
                (csrf.field())
                (fields)
                div.actions {
                    button.danger[danger].primary[!danger] type="submit" { (button) }
                    a.button.quiet href=(back) { "Cancel" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
