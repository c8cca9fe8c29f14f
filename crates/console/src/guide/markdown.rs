//! The Markdown of the guides as HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::component::copy_button;

/// Where the Tenant URL stands in a guide.
const TENANT_URL: &str = "{{tenant-url}}";

/// The guide without its first heading, which the page says itself. Values that somebody types elsewhere, which are code
/// in the text, have a button to copy them; those in tables have none, since a table is read.
pub(super) fn html(text: &str, tenant_url: &str) -> String {
    let mut events = Vec::new();
    let mut skipping = false;
    let mut in_table = false;
    let mut block: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. }) => skipping = true,
            Event::End(TagEnd::Heading(pulldown_cmark::HeadingLevel::H1)) => skipping = false,
            _ if skipping => {}
            Event::Start(Tag::Table(columns)) => {
                in_table = true;
                events.push(raw("<div class=\"table\">".to_owned()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                in_table = false;
                events.push(Event::End(TagEnd::Table));
                events.push(raw("</div>".to_owned()));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                block = Some(String::new());
                events.push(Event::Start(Tag::CodeBlock(kind)));
            }
            Event::End(TagEnd::CodeBlock) => {
                events.push(Event::End(TagEnd::CodeBlock));
                let code = block.take().unwrap_or_default();
                events.push(raw(copy_button("this command", code.trim_end()).into_string()));
            }
            Event::Text(words) => {
                let words = words.replace(TENANT_URL, tenant_url);
                if let Some(block) = &mut block {
                    block.push_str(&words);
                }
                events.push(Event::Text(words.into()));
            }
            Event::Code(value) => {
                let copied = value.contains(TENANT_URL);
                let value = value.replace(TENANT_URL, tenant_url);
                events.push(Event::Code(CowStr::from(value.clone())));
                if copied || (!in_table && is_value(&value)) {
                    events.push(raw(copy_button("this value", &value).into_string()));
                }
            }
            // The texts are ours and have none; should one ever, it is shown as text.
            Event::Html(tag) | Event::InlineHtml(tag) => events.push(Event::Text(tag)),
            other => events.push(other),
        }
    }
    let mut html = String::new();
    push_html(&mut html, events.into_iter());
    html.replace("<th>", "<th scope=\"col\">")
}

fn raw(html: String) -> Event<'static> {
    Event::InlineHtml(html.into())
}

/// Whether code in the text is something to type elsewhere, and not a word of SCIM.
fn is_value(code: &str) -> bool {
    code.contains("://") || code.starts_with("urn:")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://scim.example.com/a\"b/scim/v2";

    #[test]
    fn the_tenant_url_is_filled_in_and_can_be_copied() {
        let html = html("# Title\n\n1. Tenant URL: `{{tenant-url}}`\n", URL);
        assert!(!html.contains("Title"), "{html}");
        assert!(html.contains("<code>https://scim.example.com/a\"b/scim/v2</code><button"), "{html}");
        assert!(html.contains("data-copy=\"https://scim.example.com/a&quot;b/scim/v2\""), "{html}");
    }

    #[test]
    fn a_command_is_copied_whole() {
        let html = html("```\ncurl '{{tenant-url}}/Users?count=1'\n```\n", "https://x/a/scim/v2");
        assert!(html.contains("data-copy=\"curl 'https://x/a/scim/v2/Users?count=1'\""), "{html}");
    }

    #[test]
    fn tables_have_headings_with_a_scope() {
        let html = html("| a | b |\n|---|---|\n| `x` | y |\n", URL);
        assert!(html.contains("<th scope=\"col\">a</th>"), "{html}");
        assert!(!html.contains("data-copy"), "{html}");
    }

    #[test]
    fn markup_in_a_guide_is_text() {
        let html = html("a <script>alert(1)</script> b\n\n<div onclick=x>\n", URL);
        assert!(!html.contains("<script") && !html.contains("<div"), "{html}");
    }
}
