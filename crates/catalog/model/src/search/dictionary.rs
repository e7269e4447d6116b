//! The words of products, in order, and the products of each word.

use std::ops::Range;

use fixedbitset::FixedBitSet;
use foldhash::HashMap;

use super::card::Card;
use super::document::SEPARATOR;
use super::lists::{Lists, Texts, mark, number};
use super::words::{Term, end_of_prefix, is_corrected, split, words};

/// The words of some products, by numbers in the order of the words.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    words: Texts,
    /// The rows of the products that have a word.
    rows: Lists,
    /// The words that misspelt ones are corrected to, each with the set of its
    /// letters.
    spelling: Vec<(u32, u32)>,
    /// The words of the name of a product, in order.
    names: Lists,
    /// The words of its brand and its tags.
    marks: Lists,
}

/// The words that a [`Term`] stands for.
pub(super) enum Meant {
    /// These numbers; whether the first one is the very word that was asked
    /// for.
    Range(Range<u32>, bool),
    /// These, in order.
    Words(Vec<u32>),
}

/// The letters of a word, as bits.
fn letters(word: &str) -> u32 {
    word.bytes()
        .filter(u8::is_ascii_lowercase)
        .fold(0, |set, letter| set | 1 << (letter - b'a'))
}

impl Dictionary {
    fn meant(&self, term: &Term) -> Meant {
        match term {
            Term::Prefix(word) => {
                let range = self.range(word);
                let whole = !range.is_empty() && self.words.get(range.start as usize) == word;
                Meant::Range(range, whole)
            }
            Term::OneOf(words) => {
                let mut found: Vec<u32> = words.iter().filter_map(|word| self.find(word)).collect();
                found.sort_unstable();
                Meant::Words(found)
            }
        }
    }

    /// The numbers of the words that begin like one.
    fn range(&self, word: &str) -> Range<u32> {
        let end = end_of_prefix(word);
        let from = self.words.partition_point(|other| other < word);
        let to = self.words.partition_point(|other| other < end.as_str());
        number(from)..number(to)
    }

    fn find(&self, word: &str) -> Option<u32> {
        let place = self.words.partition_point(|other| other < word);
        (place < self.words.len() && self.words.get(place) == word).then(|| number(place))
    }

    /// Whether one of some products has a word that begins like one.
    pub(super) fn begins(&self, word: &str, shown: &FixedBitSet) -> bool {
        self.range(word).any(|word| {
            let rows = self.rows.of(word as usize);
            rows.iter().any(|&row| shown.contains(row as usize))
        })
    }

    /// The words that may be one slip away from one, in order.
    pub(super) fn similar<'d>(&'d self, word: &'d str) -> impl Iterator<Item = &'d str> {
        let own = letters(word);
        let known: &[(u32, u32)] = if is_corrected(word) {
            &self.spelling
        } else {
            &[]
        };
        known
            .iter()
            // One slip changes two letters at most.
            .filter(move |&&(_, letters)| (own ^ letters).count_ones() <= 2)
            .map(|&(place, _)| self.words.get(place as usize))
            .filter(move |other| other.len().abs_diff(word.len()) <= 1)
    }

    /// The rows, of so many, that have a word that a term stands for.
    pub(super) fn having(&self, term: &Term, rows: usize) -> FixedBitSet {
        let mut found = FixedBitSet::with_capacity(rows);
        match self.meant(term) {
            Meant::Range(range, _) => {
                for word in range {
                    mark(&mut found, self.rows.of(word as usize));
                }
            }
            Meant::Words(words) => {
                for word in words {
                    mark(&mut found, self.rows.of(word as usize));
                }
            }
        }
        found
    }

    pub(super) fn bytes(&self) -> usize {
        let lists = self.rows.bytes() + self.names.bytes() + self.marks.bytes();
        self.words.bytes() + lists + 8 * self.spelling.len()
    }

    /// What tells how well products match.
    pub(super) fn scores(&self, terms: &[Term]) -> Scores<'_> {
        Scores {
            dictionary: self,
            terms: terms.iter().map(|term| self.meant(term)).collect(),
        }
    }
}

/// How well products match words.
pub(super) struct Scores<'a> {
    dictionary: &'a Dictionary,
    terms: Vec<Meant>,
}

impl Scores<'_> {
    /// How well a product matches words, all of which it has. For each word, the
    /// best place it is found at counts: a word of the name 100, the beginning of
    /// one 60, a corrected word of it 50; a word of the brand or of a tag 40, the
    /// beginning of one 30, a corrected one 20; anything else 10. A name that
    /// begins with the first word gets 5 more, and each word of the name takes 1
    /// away, up to 9: the shorter of two names is more about what was asked for.
    pub(super) fn of(&self, row: usize) -> i64 {
        let name = self.dictionary.names.of(row);
        let marks = self.dictionary.marks.of(row);
        let best = |term: &Meant, words: &[u32], of: [i64; 3]| {
            let worth = words.iter().map(|&word| worth(term, word, of));
            worth.max().unwrap_or(0)
        };
        let mut sum = 0;
        for term in &self.terms {
            sum += match best(term, name, [100, 60, 50]) {
                0 => best(term, marks, [40, 30, 20]).max(10),
                best => best,
            };
        }
        if let (Some(term), Some(&word)) = (self.terms.first(), name.first())
            && worth(term, word, [1, 0, 0]) == 1
        {
            sum += 5;
        }
        sum - i64::try_from(name.len().min(9)).unwrap_or(9)
    }
}

/// What a word is worth: as a whole, as the beginning of one, as a corrected
/// one.
fn worth(term: &Meant, word: u32, [whole, beginning, corrected]: [i64; 3]) -> i64 {
    match term {
        Meant::Range(range, exact) if range.contains(&word) => {
            if *exact && word == range.start {
                whole
            } else {
                beginning
            }
        }
        Meant::Words(words) if words.binary_search(&word).is_ok() => corrected,
        _ => 0,
    }
}

/// A dictionary that is being made, with words in the order they are seen in.
#[derive(Default)]
pub(super) struct Builder {
    numbers: HashMap<Box<str>, u32>,
    learned: Vec<bool>,
    /// The words of each product.
    words: Lists,
    names: Lists,
    marks: Lists,
    /// The words of values that many products have.
    of_values: HashMap<Box<str>, Box<[u32]>>,
}

impl Builder {
    fn add(&mut self, word: &str) -> u32 {
        if let Some(&known) = self.numbers.get(word) {
            return known;
        }
        let next = number(self.learned.len());
        self.numbers.insert(word.into(), next);
        self.learned.push(false);
        next
    }

    fn of_value(&mut self, value: &str) -> Box<[u32]> {
        if let Some(known) = self.of_values.get(value) {
            return known.clone();
        }
        let numbers: Box<[u32]> = words(value).map(|word| self.add(&word)).collect();
        self.of_values.insert(value.into(), numbers.clone());
        numbers
    }

    fn learn(&mut self, words: &[u32]) {
        for &word in words {
            self.learned[word as usize] = true;
        }
    }

    /// Adds a product with its words, which are joined by [`SEPARATOR`]; marks
    /// of values are not words.
    pub(super) fn push(&mut self, card: &Card<'_>, words: &str) {
        let all = words
            .split(SEPARATOR)
            .filter(|word| !word.is_empty() && !word.starts_with('='));
        let numbers: Vec<u32> = all.map(|word| self.add(word)).collect();
        self.words.push(numbers);
        let name: Vec<u32> = split(card.name).map(|word| self.add(&word)).collect();
        self.learn(&name);
        self.names.push(name);
        let values = card.brand.iter().chain(&card.tags);
        let marks: Vec<u32> = values.flat_map(|value| self.of_value(value)).collect();
        self.learn(&marks);
        self.marks.push(marks);
        for (_, value) in card.attributes.iter().chain(&card.options) {
            let words = self.of_value(value);
            self.learn(&words);
        }
    }

    pub(super) fn finish(self) -> Dictionary {
        let mut order: Vec<(Box<str>, u32)> = self.numbers.into_iter().collect();
        order.sort_unstable();
        let mut places = vec![0; order.len()];
        let mut dictionary = Dictionary::default();
        for ((word, seen), place) in order.iter().zip(0_u32..) {
            places[*seen as usize] = place;
            dictionary.words.push(word);
            if self.learned[*seen as usize] && is_corrected(word) {
                dictionary.spelling.push((place, letters(word)));
            }
        }
        let in_order = |lists: Lists| lists.map(|&seen| places[seen as usize]);
        dictionary.rows = in_order(self.words).inverted(places.len());
        dictionary.names = in_order(self.names);
        dictionary.marks = in_order(self.marks);
        dictionary
    }
}
