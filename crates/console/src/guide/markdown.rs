//! The Markdown of the guides as HTML.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use crate::component::copy_button;

/// Where the Tenant URL stands in a guide.
const TENANT_URL: &str = "{{tenant-url}}";

/// The guide without its first heading, which the page says itself. Values that somebody types elsewhere, which are code
/// in the text, have a button to copy them; those in tables have none, since a table is read.
pub(super) fn html(text: &str, tenant_url: &str) -> String {
    let mut page = Page { tenant_url, events: Vec::new(), block: None, table: None };
    let mut in_title = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
            _ if in_title => {}
            event => page.take(event),
        }
    }
    let mut html = String::new();
    push_html(&mut html, page.events.into_iter());
    html
}

/// A guide on its way to HTML.
struct Page<'a> {
    tenant_url: &'a str,
    events: Vec<Event<'a>>,
    /// The code block that is open.
    block: Option<String>,
    /// The table that is open.
    table: Option<Table>,
}

/// The headings of the columns stand beside each cell too, for narrow screens.
#[derive(Default)]
struct Table {
    columns: Vec<String>,
    in_head: bool,
    cell: usize,
}

impl<'a> Page<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                self.block = Some(String::new());
                // What can be scrolled must be reached by the keyboard.
                self.raw("<pre tabindex=\"0\"><code>");
            }
            Event::End(TagEnd::CodeBlock) => {
                self.raw("</code></pre>");
                let code = self.block.take().unwrap_or_default();
                self.raw(copy_button("this command", code.trim_end()).into_string());
            }
            Event::Text(words) => {
                let words = words.replace(TENANT_URL, self.tenant_url);
                if let Some(block) = &mut self.block {
                    block.push_str(&words);
                }
                if let Some(table) = self.table.as_mut().filter(|table| table.in_head) {
                    table.columns.push(words.clone());
                }
                self.events.push(Event::Text(words.into()));
            }
            Event::Code(value) => {
                let is_copied = value.contains(TENANT_URL) || (self.table.is_none() && is_value(&value));
                let value = value.replace(TENANT_URL, self.tenant_url);
                self.events.push(Event::Code(value.clone().into()));
                if is_copied {
                    self.raw(copy_button("this value", &value).into_string());
                }
            }
            // The texts are ours and have none; should one ever, it is shown as text.
            Event::Html(tag) | Event::InlineHtml(tag) => self.events.push(Event::Text(tag)),
            Event::Start(tag @ (Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell)) => {
                self.open(&tag);
            }
            Event::End(tag @ (TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell)) => {
                self.close(tag);
            }
            event => self.events.push(event),
        }
    }

    fn open(&mut self, tag: &Tag) {
        let mut table = self.table.take().unwrap_or_default();
        let html = match tag {
            Tag::TableHead => {
                table.in_head = true;
                "<thead><tr>".to_owned()
            }
            Tag::TableRow => {
                table.cell = 0;
                "<tr>".to_owned()
            }
            Tag::TableCell if table.in_head => "<th scope=\"col\">".to_owned(),
            Tag::TableCell => {
                let column = table.columns.get(table.cell).map_or("", String::as_str);
                table.cell += 1;
                format!("<td data-label=\"{}\">", escaped(column))
            }
            _ => "<div class=\"table\"><table>".to_owned(),
        };
        self.table = Some(table);
        self.raw(html);
    }

    fn close(&mut self, tag: TagEnd) {
        let in_head = self.table.as_ref().is_some_and(|table| table.in_head);
        let html = match tag {
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.in_head = false;
                }
                "</tr></thead><tbody>"
            }
            TagEnd::TableRow => "</tr>",
            TagEnd::TableCell if in_head => "</th>",
            TagEnd::TableCell => "</td>",
            _ => {
                self.table = None;
                "</tbody></table></div>"
            }
        };
        self.raw(html);
    }

    fn raw(&mut self, html: impl Into<CowStr<'a>>) {
        self.events.push(Event::InlineHtml(html.into()));
    }
}

fn escaped(text: &str) -> String {
    maud::html! { (text) }.into_string()
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
        assert!(
            html.contains("<td data-label=\"a\"><code>x</code></td><td data-label=\"b\">y</td>"),
            "{html}"
        );
        assert!(!html.contains("data-copy"), "{html}");
    }

    #[test]
    fn markup_in_a_guide_is_text() {
        let html = html("a <script>alert(1)</script> b\n\n<div onclick=x>\n", URL);
        assert!(!html.contains("<script") && !html.contains("<div"), "{html}");
    }
}
