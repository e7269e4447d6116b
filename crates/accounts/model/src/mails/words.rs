//! What the language of mails does without.

use super::{Part, TemplateError};

/// Words of the engine's language that templates do without.
const REFUSED: &[&str] = &[
    "autoescape",
    "block",
    "call",
    "do",
    "extends",
    "filter",
    "from",
    "import",
    "include",
    "macro",
    "raw",
    "recursive",
    "set",
    "with",
];

/// Characters that may stand between the brackets of a tag. The engine's parser
/// calls itself for each `not`, so that a long chain would end the process.
const MAX_TAG: usize = 400;
/// The same for `elif`, wherever it stands.
const MAX_ELIF: usize = 100;

/// Looks at what stands in `{{ … }}` and `{% … %}`, texts in quotation marks
/// apart, and refuses what the language of mails does without.
pub(super) fn check_words(part: Part, source: &str) -> Result<(), TemplateError> {
    let mut rest = source;
    let mut branches = 0;
    while let Some(at) = ["{{", "{%", "{#"]
        .iter()
        .filter_map(|opening| rest.find(opening))
        .min()
    {
        let inside = &rest[at + 2..];
        if rest[at..].starts_with("{#") {
            // Where a remark is not closed the engine says so.
            rest = inside.find("#}").map_or("", |end| &inside[end + 2..]);
            continue;
        }
        let end = end_of_tag(inside);
        let line = source[..source.len() - inside.len()].lines().count().max(1);
        branches += usize::from(inside[..end].contains("elif"));
        let checked = if inside[..end].chars().nth(MAX_TAG).is_some() {
            Err(format!(
                "what stands between brackets is longer than {MAX_TAG} characters; close the brackets, or use several"
            ))
        } else if branches > MAX_ELIF {
            Err(format!("there are more than {MAX_ELIF} `elif`; use fewer"))
        } else {
            check_tag(&inside[..end])
        };
        checked.map_err(|why| TemplateError { part, line, why })?;
        rest = &inside[end..];
    }
    Ok(())
}

/// Where a tag ends: at its closing bracket outside of quotation marks.
fn end_of_tag(inside: &str) -> usize {
    let mut quote = None;
    for (at, character) in inside.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), other) if open == other => quote = None,
            (None, '}') => return at,
            _ => {}
        }
    }
    inside.len()
}

fn check_tag(tag: &str) -> Result<(), String> {
    let mut quote = None;
    let mut word = String::new();
    // The mark that ends a block, and the one that trims.
    let tag = tag.trim_start_matches(['-', '+']).trim_end_matches('%');
    let tag = tag.trim_end_matches(['-', '+']);
    for character in tag.chars().chain([' ']) {
        if let Some(open) = quote {
            if character == '\\' {
                return Err("a backslash cannot stand in a text in quotation marks".to_owned());
            }
            if character == open {
                quote = None;
            }
            continue;
        }
        if character.is_ascii_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        if REFUSED.contains(&word.as_str()) {
            return Err(format!(
                "`{word}` cannot be used in mails; there are fields, filters, `if` and `for`"
            ));
        }
        word.clear();
        match character {
            '"' | '\'' => quote = Some(character),
            '.' | '|' | '(' | ')' | '=' | '!' | '<' | '>' | ' ' | '\t' | '\r' | '\n' => {}
            other => {
                return Err(format!(
                    "{other:?} cannot be used in mails; there are fields, filters, comparisons, `if` and `for`"
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::mails::engine::check;
    use crate::mails::{MailTemplate, VERIFY_EMAIL};

    /// The engine's parser calls itself, on a thread that may have little room.
    #[test]
    fn no_template_takes_the_stack() {
        let check_on_a_small_stack = |html: String| {
            let checks = move || {
                check(
                    &VERIFY_EMAIL,
                    &MailTemplate {
                        subject: "Hello".to_owned(),
                        text: "Hello".to_owned(),
                        html,
                    },
                )
            };
            let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
            thread.spawn(checks).unwrap().join().unwrap()
        };
        for bad in [
            format!("{{{{ {} name }}}}", "not ".repeat(40_000)),
            format!("{{{{ {}name{} }}}}", "(".repeat(50_000), ")".repeat(50_000)),
            format!("{{{{ name{} }}}}", "|upper".repeat(30_000)),
            format!("{{{{ name{} }}}}", " == name".repeat(20_000)),
            format!(
                "{{% if name %}}{}{{% endif %}}",
                "{% elif name %}".repeat(12_000)
            ),
            "{% if name %}".repeat(15_000),
            "{% for c in name %}".repeat(10_000),
            // The mark of a text in a remark opens no text.
            format!("{{# {{{{ ' #}}{{{{ {} name }}}}", "not ".repeat(40_000)),
        ] {
            assert!(check_on_a_small_stack(bad).is_err());
        }
        for good in [
            format!("{{{{ {}name }}}}", "not ".repeat(98)),
            format!("{{{{ name{} }}}}", "|upper".repeat(65)),
            format!(
                "{{% if name %}}{}{{% endif %}}",
                "{% elif name %}".repeat(100)
            ),
            "{# {{ ' #}{{ name }}{# it's mine #}".to_owned(),
        ] {
            assert_eq!(check_on_a_small_stack(good), Ok(()));
        }
        let hidden = check_on_a_small_stack("{# {{ ' #}{% set a = 'x' %}".to_owned());
        assert!(hidden.unwrap_err().why.contains("`set` cannot"));
    }
}
