//! The picture: for each event, how many times the rate of each other Rollcall has, on a logarithmic axis.

use std::fmt::Write as _;

use super::{findings::Findings, targets::short};
use crate::contest::EVENTS;

const WIDTH: f64 = 960.0;
/// Where the axis begins and ends, and the ratios there as powers of ten.
const LEFT: f64 = 290.0;
const RIGHT: f64 = 890.0;
const LOWEST: f64 = -2.0;
const HIGHEST: f64 = 4.0;
const BAR: f64 = 11.0;
const TOP: f64 = 84.0;
const MARGIN: f64 = 10.0;
/// Colours that are told apart by most eyes, in light and dark.
const COLOURS: [&str; 8] =
    ["#808080", "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#8c6bb1"];

fn x(ratio: f64) -> f64 {
    let place = ratio.log10().clamp(LOWEST, HIGHEST);
    LEFT + (place - LOWEST) / (HIGHEST - LOWEST) * (RIGHT - LEFT)
}

fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

/// Who Rollcall is held against: the limit, then the others.
fn labels(findings: &Findings) -> Vec<String> {
    let others = findings.others().into_iter().map(|(_, name)| name.name.clone());
    std::iter::once("the limit".to_owned()).chain(others).collect()
}

fn ratios(findings: &Findings, event: usize) -> Vec<Option<f64>> {
    let others = findings.others().into_iter().map(|(place, _)| findings.beside(event, place));
    std::iter::once(findings.beside_limit(event)).chain(others).collect()
}

/// Draws it as SVG.
pub(crate) fn draw(findings: &Findings) -> String {
    let (mut body, mut y) = (String::new(), TOP);
    for (event, (_, _, title)) in EVENTS.iter().enumerate() {
        let bars: Vec<_> = ratios(findings, event)
            .into_iter()
            .enumerate()
            .filter_map(|(place, ratio)| ratio.filter(|ratio| ratio.is_finite()).map(|ratio| (place, ratio)))
            .collect();
        if bars.is_empty() {
            continue;
        }
        let height = BAR * bars.len() as f64;
        text(&mut body, LEFT - 10.0, y + height / 2.0 + 4.0, "end", title);
        for (place, ratio) in bars {
            let (from, to) = (x(1.0).min(x(ratio)), x(1.0).max(x(ratio)));
            // Writing to a text does not fail.
            let _ = writeln!(
                body,
                r#"<rect x="{from:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill="{}"/>"#,
                (to - from).max(1.0),
                BAR - 2.0,
                colour(place)
            );
            text(&mut body, to + 4.0, y + BAR - 3.0, "start", &short(ratio));
            y += BAR;
        }
        y += 10.0;
    }
    let mut legend = String::new();
    let (mut at, mut row) = (MARGIN, 28.0);
    for (place, label) in labels(findings).iter().enumerate() {
        let width = 26.0 + 6.3 * label.chars().count() as f64;
        if at + width > WIDTH {
            (at, row) = (MARGIN, row + 14.0);
        }
        let _ = writeln!(
            legend,
            r#"<rect x="{at:.1}" y="{row:.1}" width="9" height="9" fill="{}"/>"#,
            colour(place)
        );
        text(&mut legend, at + 13.0, row + 8.0, "start", label);
        at += width;
    }
    let mut axis = String::new();
    for power in -2..=4 {
        let ratio = 10_f64.powi(power);
        let (place, dash) = (x(ratio), if power == 0 { "none" } else { "2 3" });
        let _ = writeln!(
            axis,
            r##"<line x1="{place:.1}" y1="{:.1}" x2="{place:.1}" y2="{y:.1}" stroke="#999" stroke-dasharray="{dash}"/>"##,
            TOP - 6.0
        );
        text(&mut axis, place, TOP - 10.0, "middle", &format!("{ratio}"));
    }
    let mut title = String::new();
    text(
        &mut title,
        LEFT - 280.0,
        16.0,
        "start",
        "Rollcall's rate, in one process, as a multiple of that of",
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{title}{legend}{axis}{body}</svg>\n",
        y + 10.0
    )
}

fn text(into: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ =
        writeln!(into, r##"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="#222">{words}</text>"##);
}
