//! What an import would do, does, or has done.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use maud::{Markup, html};
use rollcall_proto::identity::{ImportColumn, ImportProblem, ImportProgress};

use super::{
    job::{Job, Phase, SHOWN, View},
    words,
};
use crate::{
    component::{Tone, alert, badge, card, definitions, heading, table},
    error::Error,
    icon::{Icon, icon},
    page::{Tab, page},
    place::Place,
    text,
};

/// `GET /accounts/{account}/import/{ticket}`.
pub(crate) async fn show(place: Place, Path((_, ticket)): Path<(String, String)>) -> Result<Response, Error> {
    place.demand("ImportService/ImportUsers")?;
    let job = place.viewer.console.imports.find(&place, &ticket)?;
    let view = job.view();
    let running = matches!(view.phase, Phase::Looking | Phase::Importing);
    let title = match view.phase {
        Phase::Looking => "Looking at the file",
        Phase::Looked => "What would happen",
        Phase::Importing => "Importing",
        Phase::Imported => "Imported",
        Phase::Failed => "Not to its end",
    };
    let url = place.url(&format!("import/{ticket}"));
    let body = html! {
        (heading(&[("Import", Some(place.url("import")))], title, html! {}))
        p { strong { (job.file_name) } " " span.quiet { (words(&job.options)) } }
        (callout(&view))
        (card("Rows", html! {}, counts(&view.counts)))
        (next(&place, &view, &url))
        @if !view.columns.is_empty() { (card("Columns", html! {}, columns(&view.columns))) }
        @if !view.problems.is_empty() {
            (card("Rows that need a look", html! { a.button.quiet href={ (url) "/result.csv" } download { (icon(Icon::Download)) "All as a file" } }, problems(&view.problems)))
        } @else if !running && view.phase != Phase::Failed {
            p { a.button.quiet href={ (url) "/result.csv" } download { (icon(Icon::Download)) "The result as a file" } }
        }
    };
    let mut response = page(&place, Tab::Import, title, body).into_response();
    if running {
        // Without the script too: the page is asked for again until there is something to decide.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("1"));
    }
    Ok(response)
}

fn callout(view: &View) -> Markup {
    let nothing = view.result.as_ref().is_some_and(|result| result.nothing_changed);
    html! {
        @match view.phase {
            Phase::Looking | Phase::Importing => p role="status" { "This page shows how far it is; you may leave it, and come back." },
            Phase::Failed => (alert(Tone::Alarm, "It did not get to its end", html! { p { (text::sentence(&view.failure)) } })),
            Phase::Looked if view.counts.failed > 0 => {
                (alert(Tone::Advice, "Some rows would fail", html! { p { "Nothing was changed yet. Mend the file and look at it again, or import the rows that are fine." } }))
            }
            Phase::Looked => (alert(Tone::Good, "Every row can be imported", html! { p { "Nothing was changed yet." } })),
            Phase::Imported if nothing => (alert(Tone::Advice, "Nothing was changed", html! { p { "A row failed, and the import was to be all or nothing." } })),
            Phase::Imported if view.counts.failed > 0 => (alert(Tone::Advice, "Some rows failed", html! { p { "The others are imported." } })),
            Phase::Imported => (alert(Tone::Good, "All rows are imported", html! {})),
        }
        @if let Some(result) = &view.result {
            @for note in &result.notes { (alert(Tone::Advice, "About the file", html! { p { (note) } })) }
        }
    }
}

fn counts(counts: &ImportProgress) -> Markup {
    let row = |words: &'static str, count: i64| (words, html! { (text::grouped(count)) });
    let mut rows = vec![
        row("Read", counts.rows),
        row("Create people", counts.created),
        row("Update people", counts.updated),
        row("Change nothing", counts.unchanged),
        row("Fail", counts.failed),
        row("Cards given", counts.cards),
    ];
    if counts.removed > 0 {
        rows.push(row("People not in the file", counts.removed));
    }
    definitions(&rows)
}

/// What can be done now.
fn next(place: &Place, view: &View, url: &str) -> Markup {
    html! {
        div.actions {
            @match view.phase {
                Phase::Looked if view.counts.failed < view.counts.rows => {
                    form method="post" action={ (url) "/apply" } {
                        (place.viewer.csrf.field())
                        button.primary type="submit" { "Import now" }
                    }
                    a.button.quiet href=(place.url("import")) { "Another file" }
                }
                Phase::Looking | Phase::Importing => {
                    form method="post" action={ (url) "/stop" } {
                        (place.viewer.csrf.field())
                        button.quiet type="submit" { "Stop" }
                    }
                }
                _ => a.button href=(place.url("import")) { "Another file" },
            }
        }
    }
}

fn columns(columns: &[ImportColumn]) -> Markup {
    table("Columns", &["In the file", "Means"], columns.iter().map(|column| {
        vec![
            html! { (column.header) },
            html! { @if column.field.is_empty() { span.none { "ignored" } } @else { code { (column.field) } } },
        ]
    }))
}

fn problems(problems: &[ImportProblem]) -> Markup {
    html! {
        (table("Rows that need a look", &["Line", "Who", "", "What is wrong"], problems.iter().map(|problem| {
            vec![
                html! { (problem.line) },
                html! { (problem.who) },
                if problem.warning { badge(Tone::Advice, "warning") } else { badge(Tone::Alarm, "fails") },
                html! {
                    @if !problem.column.is_empty() { strong { (problem.column) } ": " }
                    (problem.message)
                },
            ]
        })))
        @if problems.len() == SHOWN { p.quiet { "The first " (SHOWN) ". The file has all of them." } }
    }
}

/// `GET /accounts/{account}/import/{ticket}/result.csv`.
pub(crate) async fn csv(place: Place, Path((_, ticket)): Path<(String, String)>) -> Result<Response, Error> {
    place.demand("ImportService/ImportUsers")?;
    let job: std::sync::Arc<Job> = place.viewer.console.imports.find(&place, &ticket)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"import-result.csv\""),
    ];
    Ok((headers, job.report()?).into_response())
}
