use super::*;

const HOSTILE: &str = "\"><script>alert(1)</script>&'";

#[test]
fn a_hostile_text_stays_a_text() {
    let everything = [
        heading(&[(HOSTILE, Some(HOSTILE.to_owned()))], HOSTILE, html! {}),
        card(HOSTILE, html! {}, html! { (HOSTILE) }),
        badge(Tone::Plain, HOSTILE),
        alert(Tone::Alarm, HOSTILE, HOSTILE),
        empty(HOSTILE, HOSTILE, html! {}),
        pager(Some(HOSTILE.to_owned())),
        copyable(HOSTILE, HOSTILE),
        definitions(&[(HOSTILE, html! { (HOSTILE) })]),
        table(HOSTILE, &[HOSTILE, HOSTILE], [vec![html! { (HOSTILE) }, html! { (HOSTILE) }]]),
        field(HOSTILE, HOSTILE, HOSTILE, html! {}),
        filters(HOSTILE, html! {}),
    ];
    for markup in everything {
        assert!(!markup.0.contains("<script"), "{}", markup.0);
        assert!(!markup.0.contains("\"\">"), "{}", markup.0);
    }
}

#[test]
fn a_time_has_the_exact_one_in_its_title() {
    let markup = time(Some(&Timestamp { seconds: 1_795_576_295, nanos: 0 })).0;
    assert!(markup.contains("datetime=\"2026-11-25T03:11:35Z\""), "{markup}");
    assert!(markup.contains("title=\"25 Nov 2026, 03:11:35 UTC\""), "{markup}");
    assert_eq!(time(None).0, "<span class=\"none\">never</span>");
}

#[test]
fn only_an_alarm_interrupts() {
    assert!(alert(Tone::Alarm, "a", "b").0.contains("role=\"alert\""));
    for tone in [Tone::Plain, Tone::Info, Tone::Good, Tone::Advice] {
        assert!(alert(tone, "a", "b").0.contains("role=\"status\""));
    }
}

#[test]
fn a_table_says_its_columns_in_every_cell() {
    let markup = table("People", &["Name", "Age"], [vec![html! { "Anna" }, html! { "7" }]]).0;
    assert!(markup.contains("<th scope=\"row\" data-label=\"Name\">Anna</th>"), "{markup}");
    assert!(markup.contains("<td data-label=\"Age\">7</td>"), "{markup}");
}
