//! Texts in the cells of CSV files, which spreadsheets must not run
//! (<https://owasp.org/www-community/attacks/CSV_Injection>).

use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula; the wide forms are
/// for East Asian versions.
fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
    )
}

/// Whether a text is a formula behind any number of apostrophes and spaces.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches(['\'', ' '])
        .starts_with(begins_formula)
}

/// A text as it is exported: an apostrophe before it where a spreadsheet would
/// run it. [`undo`] takes it away, and only it.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// A text as it is imported, without the apostrophe of [`neutralise`].
pub fn undo(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_text() {
        for (text, exported) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-5", "'-5"),
            ("\t=1", "'\t=1"),
            ("  =1", "'  =1"),
            ("\r=1", "'\r=1"),
            ("'=1", "''=1"),
            ("'n Sync", "'n Sync"),
            ("1-2", "1-2"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(neutralise(text), exported);
            assert_eq!(undo(exported), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported_again(text in "[' =+@a-]{0,4}.{0,12}") {
            let exported = neutralise(&text);
            prop_assert!(!exported.trim_start().starts_with(begins_formula));
            prop_assert_eq!(undo(&exported), text.as_str());
        }
    }
}
