//! The words that orders are found by.

use std::collections::BTreeSet;

use crate::order::Order;

/// How many words a search may have; more are too many to be a search.
pub const MAX_WORDS: usize = 8;
/// How long a word is at most, as stored.
const MAX_LENGTH: usize = 80;

/// A text as it is compared: without accents, case and what is not ASCII.
fn folded(text: &str) -> String {
    deunicode::deunicode(text).to_lowercase()
}

/// The words of a text: what stands between spaces and commas.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = folded(text);
    let words: Vec<String> = folded
        .split([' ', ',', ';', '\t', '\n', '\r', '\''])
        .map(|word| {
            let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            word.chars().take(MAX_LENGTH).collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.into_iter()
}

/// The words of a text and the parts of those that have several, such as
/// double names and mail addresses.
fn words_and_parts(text: &str) -> impl Iterator<Item = String> {
    words(text).flat_map(|word| {
        let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
        let parts: Vec<String> = parts
            .filter(|part| part.len() > 1)
            .map(str::to_owned)
            .collect();
        std::iter::once(word).chain(parts)
    })
}

/// What an order is found by besides its number: its mail address and the
/// names in its addresses. Tracking numbers come with shipments.
pub fn words_of(order: &Order) -> Vec<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    all.extend(words(&order.email));
    if let Some((_, host)) = order.email.split_once('@') {
        all.extend(words(host));
    }
    let addresses = [&order.shipping_address, &order.billing_address];
    for address in addresses.into_iter().flatten() {
        all.extend(words_and_parts(&address.name));
        let company = address.company.iter();
        all.extend(company.flat_map(|company| words_and_parts(company)));
    }
    all.into_iter().collect()
}

/// What a shipment is found by.
pub fn words_of_tracking(number: &str) -> Vec<String> {
    let all: BTreeSet<String> = words(number)
        // As it is printed, in groups, and as it is typed.
        .chain(words(&number.replace([' ', '-'], "")))
        .collect();
    all.into_iter().collect()
}

/// What somebody searches for, as words that each must begin one of the
/// order's. `None` when they wrote nothing; no words at all when what they
/// wrote has none, such as `%`, which nothing is found by.
pub fn wanted(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let bare = text.trim_start_matches('#');
    (!text.is_empty()).then(|| words(bare).take(MAX_WORDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_finds_what_is_stored() {
        for (text, found) in [
            (" #1001 ", &["1001"][..]),
            ("Łukasz, O'Brien", &["lukasz", "o", "brien"]),
            ("Ада@Example.com", &["ada@example.com"]),
            (" -- ", &[]),
            ("%", &[]),
            ("#", &[]),
        ] {
            assert_eq!(wanted(text).unwrap(), found, "{text}");
        }
        assert_eq!(wanted(" "), None);
        let parts: Vec<String> = words_and_parts("Anna Müller-Łoś").collect();
        assert_eq!(parts, ["anna", "anna", "muller-los", "muller", "los"]);
        assert_eq!(
            words_of_tracking("JD 0146-22"),
            ["0146-22", "jd", "jd014622"]
        );
    }
}
