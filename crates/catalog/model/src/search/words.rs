//! Words, as they are searched: without accents, in lower case.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// How many words of a question count.
pub const MAX_TERMS: usize = 8;
/// How many words a misspelt one may stand for.
const MAX_CORRECTIONS: usize = 20;
/// How many letters of a word count.
const MAX_LETTERS: usize = 40;
/// Words with fewer letters are too much like each other to be corrected.
const CORRECTED_FROM: usize = 4;
/// Words with more letters are not corrected.
const CORRECTED_TO: usize = 20;

/// What one word of a question stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Any word that begins like that.
    Prefix(String),
    /// One of these words, because no word begins like the one that was asked
    /// for.
    OneOf(Vec<String>),
}

impl Term {
    /// What a word stands for that no word begins like: the first of some words
    /// that are one slip apart from it; none if there is no such word.
    pub fn corrected<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<Self> {
        let similar: BTreeSet<&str> = known.filter(|other| one_slip_apart(word, other)).collect();
        let similar = similar.into_iter().take(MAX_CORRECTIONS);
        let similar: Vec<String> = similar.map(str::to_owned).collect();
        (!similar.is_empty()).then_some(Self::OneOf(similar))
    }
}

/// The words of a text: letters and digits of ASCII, which others are written
/// in. An apostrophe is no gap: `men's` is one word.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = deunicode::deunicode(text).to_lowercase();
    let parts: Vec<String> = split(&folded).map(Cow::into_owned).collect();
    parts.into_iter()
}

/// The words of a text that is in lower case and in ASCII already.
pub(super) fn split(folded: &str) -> impl Iterator<Item = Cow<'_, str>> {
    folded
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '\'')
        .map(|part| {
            let mut word = if part.contains('\'') {
                Cow::Owned(part.replace('\'', ""))
            } else {
                Cow::Borrowed(part)
            };
            if word.len() > MAX_LETTERS {
                word = Cow::Owned(word[..MAX_LETTERS].to_owned());
            }
            word
        })
        .filter(|word| !word.is_empty())
}

/// The words of a question, each once, the first few.
pub fn of_question(text: &str) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    for word in words(text) {
        if asked.len() < MAX_TERMS && !asked.contains(&word) {
            asked.push(word);
        }
    }
    asked
}

/// The first text after all that begin with a word of [`words`].
pub fn end_of_prefix(word: &str) -> String {
    let mut end = word.to_owned();
    if let Some(last) = end.pop() {
        // ASCII: the next one is a character as well.
        end.push(char::from(last as u8 + 1));
    }
    end
}

/// Whether a word is corrected, or others are corrected to it.
pub(super) fn is_corrected(word: &str) -> bool {
    (CORRECTED_FROM..=CORRECTED_TO).contains(&word.len())
        && word.bytes().all(|letter| letter.is_ascii_lowercase())
}

/// What a word looks like with at most one letter left out; none for words
/// that are not corrected. Two words that one slip of the finger apart (a
/// letter too many, too few, wrong, or two swapped) have such a form in common
/// (Garbe, "Symmetric Delete spelling correction").
pub fn forms(word: &str) -> BTreeSet<String> {
    if !is_corrected(word) {
        return BTreeSet::new();
    }
    let without = |at: usize| format!("{}{}", &word[..at], &word[at + 1..]);
    (0..word.len())
        .map(without)
        .chain([word.to_owned()])
        .collect()
}

/// Whether two words are at most one slip apart.
pub(super) fn one_slip_apart(one: &str, other: &str) -> bool {
    strsim::osa_distance(one, other) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_become_words() {
        let of = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(
            of("Crème-Brûlée, 2 Men's"),
            ["creme", "brulee", "2", "mens"]
        );
        assert_eq!(
            of("Straße Ødegård Москва"),
            ["strasse", "odegard", "moskva"]
        );
        assert_eq!(of(" … !!! "), Vec::<String>::new());
        assert_eq!(of_question("a b a"), ["a", "b"]);
        assert_eq!(of_question("1 2 3 4 5 6 7 8 9 10").len(), MAX_TERMS);
        assert_eq!(end_of_prefix("trail"), "traim");
        assert_eq!(end_of_prefix("9z"), "9{");
    }

    #[test]
    fn short_words_and_numbers_are_not_corrected() {
        assert!(forms("abc").is_empty());
        assert!(forms("d0042").is_empty());
        assert_eq!(forms("boot").len(), 4);
    }

    proptest! {
        #[test]
        fn every_word_is_made_of_letters_and_digits(text in ".{0,80}") {
            for word in words(&text) {
                prop_assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
                prop_assert!(word < end_of_prefix(&word));
                let longer = format!("{word}zz9");
                prop_assert!(longer < end_of_prefix(&word));
            }
        }

        #[test]
        fn one_slip_leaves_a_form_in_common(
            word in "[a-z]{5,12}", at in 0_usize..5, letter in "[a-z]", slip in 0..4,
        ) {
            let mut wrong = word.clone();
            match slip {
                0 => { wrong.remove(at); }
                1 => wrong.insert_str(at, &letter),
                2 => wrong.replace_range(at..=at, &letter),
                _ => { let moved = wrong.remove(at); wrong.insert(at.min(3) + 1, moved); }
            }
            if one_slip_apart(&word, &wrong) {
                prop_assert!(!forms(&word).is_disjoint(&forms(&wrong)), "{} {}", word, wrong);
            }
        }
    }
}
