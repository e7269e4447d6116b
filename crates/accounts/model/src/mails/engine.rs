//! Rendering of templates (<https://docs.rs/minijinja>), with less than the
//! engine can do: fields, filters, conditions and loops.
//!
//! Templates are written by people who run one of many shops, so none may take
//! the memory or the time of all: whatever makes long values of short ones
//! (arithmetic, `~`, lists, `set`, calls with several arguments) is refused
//! before the engine sees it, the steps are counted, and the output is cut off.

use std::io::{self, Write};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value as Held};
use serde_json::Value;

use super::words::check_words;
use super::{MailKind, MailTemplate, Rendered, ShopOfMail, with_shop};

/// Bytes that a rendered part may have.
pub const MAX_RENDERED: usize = 512 * 1024;
/// Characters of a rendered subject; the rest is cut off.
pub const MAX_SUBJECT: usize = 250;
/// Steps of the engine that a part may take.
const FUEL: u64 = 200_000;
/// Blocks that stand in each other.
const DEPTH: usize = 50;
/// One of the parts of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The subject.
    Subject,
    /// The plain text.
    Text,
    /// The HTML.
    Html,
}

impl Part {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} line {line}: {why}", part.name())]
pub struct TemplateError {
    /// Which part.
    pub part: Part,
    /// Which line of it, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Refuses templates that could not be rendered for some mail of the kind:
/// with mistakes, with fields there are none of, or too costly.
pub fn check(kind: &MailKind, template: &MailTemplate) -> Result<(), TemplateError> {
    let samples = samples(kind);
    for (part, source) in parts(template) {
        check_words(part, source)?;
        let env = environment();
        let name = part.name();
        let compiled = env
            .template_from_named_str(name, source)
            .map_err(|error| explained(part, &error))?;
        // Also in branches that no sample takes.
        let known = &samples[0];
        let mut used: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
        used.sort();
        for path in used {
            let mut at = Some(known);
            for field in path.split('.') {
                at = at.and_then(|value| value.get(field));
            }
            if at.is_none() {
                let line = source
                    .lines()
                    .position(|line| line.contains(&path))
                    .map_or(1, |at| at + 1);
                let fields: Vec<&str> = known
                    .as_object()
                    .map(|fields| fields.keys().map(String::as_str).collect())
                    .unwrap_or_default();
                return Err(TemplateError {
                    part,
                    line,
                    why: format!(
                        "there is no {path:?} in this mail; there are {}",
                        fields.join(", ")
                    ),
                });
            }
        }
    }
    for sample in &samples {
        render(template, sample)?;
    }
    Ok(())
}

/// The samples of a mail, with those of the shop.
fn samples(kind: &MailKind) -> Vec<Value> {
    let of_kind = (kind.samples)();
    of_kind
        .iter()
        .flat_map(|sample| {
            ShopOfMail::SAMPLES
                .iter()
                .map(|shop| with_shop(sample.clone(), shop, "en"))
        })
        .collect()
}

/// Fills templates with values.
pub fn render(template: &MailTemplate, values: &Value) -> Result<Rendered, TemplateError> {
    let values = Held::from(Serde(values));
    let [subject, text, html] = parts(template).map(|(part, source)| {
        check_words(part, source).and_then(|()| render_part(part, source, &values))
    });
    let subject: String = subject?
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_SUBJECT)
        .collect();
    if subject.is_empty() {
        return Err(TemplateError {
            part: Part::Subject,
            line: 1,
            why: "it is empty; say what the mail is about".to_owned(),
        });
    }
    Ok(Rendered {
        subject,
        text: text?,
        html: html?,
    })
}

fn parts(template: &MailTemplate) -> [(Part, &str); 3] {
    [
        (Part::Subject, &template.subject),
        (Part::Text, &template.text),
        (Part::Html, &template.html),
    ]
}

fn environment<'a>() -> Environment<'a> {
    // Without loader, globals and functions.
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(DEPTH);
    env.set_auto_escape_callback(|name| {
        if name == Part::Html.name() {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    // A field that there is and that is empty is no text, and not the word
    // "none".
    env.set_formatter(|output, state, value| {
        if value.is_none() {
            return Ok(());
        }
        minijinja::escape_formatter(output, state, value)
    });
    env.add_filter("upper", |text: &str| text.to_uppercase());
    env.add_filter("lower", |text: &str| text.to_lowercase());
    env.add_filter("trim", |text: &str| text.trim().to_owned());
    env.add_filter("length", |value: Held| value.len());
    env.add_filter(
        "default",
        |value: Held, other: Held| {
            if value.is_none() { other } else { value }
        },
    );
    env.add_test("none", |value: Held| value.is_none());
    env
}

fn render_part(part: Part, source: &str, values: &Held) -> Result<String, TemplateError> {
    let env = environment();
    let template = env
        .template_from_named_str(part.name(), source)
        .map_err(|error| explained(part, &error))?;
    let mut output = Bounded(Vec::new());
    template
        .render_captured_to(values.clone(), &mut output)
        .map_err(|error| explained(part, &error))?;
    String::from_utf8(output.0).map_err(|_| TemplateError {
        part,
        line: 1,
        why: "it is not text".to_owned(),
    })
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED {
            return Err(io::Error::other("the mail becomes too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn explained(part: Part, error: &minijinja::Error) -> TemplateError {
    use minijinja::ErrorKind as K;
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or_default();
    let why = match error.kind() {
        K::UndefinedError => {
            "a field that is not there is used; see `variables` for what there is".to_owned()
        }
        K::OutOfFuel => "it takes too many steps; use fewer loops".to_owned(),
        K::WriteFailure => format!("the mail becomes longer than {MAX_RENDERED} bytes"),
        K::UnknownFilter => {
            format!("{detail}; there are `upper`, `lower`, `trim`, `length` and `default`")
        }
        kind if detail.is_empty() => kind.to_string(),
        kind => format!("{kind}: {detail}"),
    };
    TemplateError { part, line, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mails::{ACCOUNTS_MAILS, VERIFY_EMAIL};
    use proptest::prelude::*;

    fn template(html: &str) -> MailTemplate {
        MailTemplate {
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
            html: html.to_owned(),
        }
    }

    fn why(html: &str) -> String {
        check(&VERIFY_EMAIL, &template(html))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn defaults_are_in_order() {
        for kind in ACCOUNTS_MAILS {
            for language in kind.languages() {
                check(kind, &kind.default_in(language).unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let mut values = (VERIFY_EMAIL.samples)().remove(0);
        values["name"] = "<b>&".into();
        let both = MailTemplate {
            subject: "a\r\nBcc: x {{ name }}".to_owned(),
            text: "{{ name }}".to_owned(),
            html: "{{ name }}{{ name|upper }}".to_owned(),
        };
        let rendered = render(&both, &values).unwrap();
        assert_eq!(rendered.subject, "a Bcc: x <b>&");
        assert_eq!(rendered.text, "<b>&");
        assert_eq!(rendered.html, "&lt;b&gt;&amp;&lt;B&gt;&amp;");
    }

    #[test]
    fn an_empty_field_is_no_text() {
        let mut values = (VERIFY_EMAIL.samples)().remove(0);
        values["name"] = Value::Null;
        let empty = MailTemplate {
            subject: "for {{ name }}!".to_owned(),
            text: "<{{ name }}>".to_owned(),
            html: "<a href=\"{{ name }}\">{{ name|default('you') }}</a>".to_owned(),
        };
        let rendered = render(&empty, &values).unwrap();
        assert_eq!(rendered.subject, "for !");
        assert_eq!(rendered.text, "<>");
        assert_eq!(rendered.html, "<a href=\"\">you</a>");
    }

    #[test]
    fn mistakes_are_found_when_a_template_is_saved() {
        assert!(why("{{ nmae }}").contains("html line 1: there is no \"nmae\""));
        assert!(why("\n{{ shop.nam }}").contains("line 2: there is no \"shop.nam\""));
        // In a branch that is never taken.
        assert!(why("{% if name == 'x' %}{{ nmae }}{% endif %}").contains("nmae"));
        assert!(why("{% for c in name.x %}{% endfor %}").contains("name.x"));
        assert!(why("a\n{% if name %}").contains("syntax error"));
        assert!(why("{{ name|uper }}").contains("there are `upper`"));
        assert!(why("{{ name|safe }}").contains("there are `upper`"));
        assert!(
            check(
                &VERIFY_EMAIL,
                &template("{% if shop.support_email %}{{ shop.support_email }}{% endif %}")
            )
            .is_ok()
        );
        let mut empty = template("");
        empty.subject = " \n".to_owned();
        assert!(check(&VERIFY_EMAIL, &empty).is_err());
    }

    #[test]
    fn nothing_grows_beyond_bounds() {
        for bad in [
            "{{ 'x' * 100000000 }}",
            "{% set a = name ~ name %}",
            "{{ name ~ name }}",
            "{{ [name, name] }}",
            "{{ {'a': 1} }}",
            "{% with a = name %}{% endwith %}",
            "{% include '/etc/passwd' %}",
            "{% extends 'x' %}",
            "{% autoescape false %}{{ name }}{% endautoescape %}",
            "{% macro x() %}{% endmacro %}",
            "{{ range(10000) }}",
            "{{ name.split(1) }}",
            "{{ 'a\\'b' }}",
            "{%- set a = 1 -%}",
            "{{-name*2-}}",
        ] {
            assert!(check(&VERIFY_EMAIL, &template(bad)).is_err(), "{bad}");
        }
        let items: Vec<&str> = vec!["x"; 500];
        let values = serde_json::json!({ "items": items });
        let loops = "{% for a in items %}{% for b in items %}{% for c in items %}.{% endfor %}{% endfor %}{% endfor %}";
        let error = render(&template(loops), &values).unwrap_err();
        assert!(error.why.contains("too many steps"), "{error}");
        let long = "x".repeat(5_000);
        let values = serde_json::json!({ "items": items, "long": long });
        let error = render(
            &template("{% for a in items %}{{ long }}{% endfor %}"),
            &values,
        );
        assert!(error.unwrap_err().why.contains("longer than"));
    }

    proptest! {
        #[test]
        fn no_template_panics(source in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z .|'\"()=-]|name|if|for|endif|\\{#|#\\}|\\PC){0,40}") {
            let _ = check(&VERIFY_EMAIL, &template(&source));
        }
    }
}
