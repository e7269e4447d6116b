//! What validation rules say, as field errors.

use actix_web::http::header::LanguageTag;
use kernel::FieldError;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// Flattens the errors of a body, with JSON pointers.
pub(crate) fn flatten(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut fields = Vec::new();
    collect("", errors, &mut fields);
    fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    fields
}

fn collect(prefix: &str, errors: &ValidationErrors, into: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let pointer = format!("{prefix}/{name}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(&pointer, inner, into),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(&format!("{pointer}/{index}"), inner, into);
                }
            }
            ValidationErrorsKind::Field(rules) => {
                into.extend(rules.iter().map(|rule| {
                    FieldError::new(pointer.clone(), rule.code.clone(), sentence(rule))
                }));
            }
        }
    }
}

/// A rule of names and all else that stands in one line: of a mail, a label, a
/// log. A line break or another control character there only serves somebody
/// who wants to add what is not theirs to add; nothing but spaces is a name that
/// nobody sees.
pub(crate) fn line(text: &str) -> Result<(), ValidationError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        return Err(ValidationError::new("line")
            .with_message("must be one line, without control characters".into()));
    }
    words(text)
}

/// A rule of texts that somebody is to read, in as many lines as they have.
pub(crate) fn words(text: &str) -> Result<(), ValidationError> {
    if !text.is_empty() && text.trim().is_empty() {
        return Err(ValidationError::new("blank").with_message("must not be only spaces".into()));
    }
    Ok(())
}

/// The rule of languages: a well-formed tag (RFC 5646, section 2.2.9).
pub(crate) fn language(tag: &str) -> Result<(), ValidationError> {
    tag.parse::<LanguageTag>().map(drop).map_err(|_| {
        ValidationError::new("language")
            .with_message("must be a language tag such as \"de\" or \"pt-BR\" (BCP 47)".into())
    })
}

/// The rule of mail addresses; what is stored is their one form.
pub(crate) fn mail_address(text: &str) -> Result<(), ValidationError> {
    kernel::email::normal(text)
        .map(drop)
        .ok_or_else(|| ValidationError::new("email"))
}

/// What to change, in words.
fn sentence(rule: &ValidationError) -> String {
    if let Some(message) = &rule.message {
        return message.to_string();
    }
    let number = |name: &str| rule.params.get(name).map(ToString::to_string);
    let bounds = match (number("min"), number("max")) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => String::new(),
    };
    match rule.code.as_ref() {
        "length" => format!("must have {bounds} characters or entries"),
        "range" => format!("must be {bounds}"),
        "email" => {
            "must be a mail address such as ada@example.com, in ASCII before the @".to_owned()
        }
        "url" => "must be a URL".to_owned(),
        other => format!("breaks the rule {other}"),
    }
}
