//! Numbers in place of values: each value that can be counted has a number, and
//! what a row has is a list of numbers. Counting a hundred thousand products
//! then compares no texts.

use std::borrow::Borrow;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use foldhash::{HashMap, HashMapExt as _};

/// A number for a length or a place; there are never so many that it does not
/// fit, because the cards alone would not fit into memory.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Different values, by numbers from 0.
#[derive(Debug)]
pub(super) struct Names<K> {
    all: Vec<K>,
    numbers: HashMap<K, u32>,
}

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq + Clone> Names<K> {
    pub(super) fn add<Q: Hash + Eq + ?Sized>(&mut self, value: &Q, own: impl FnOnce(&Q) -> K) -> u32
    where
        K: Borrow<Q>,
    {
        if let Some(&known) = self.numbers.get(value) {
            return known;
        }
        let (value, next) = (own(value), number(self.all.len()));
        self.all.push(value.clone());
        self.numbers.insert(value, next);
        next
    }

    /// The number of a value, if it is there.
    pub(super) fn find<Q: Hash + Eq + ?Sized>(&self, value: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.numbers.get(value).copied()
    }

    /// All values, by their numbers.
    pub(super) fn all(&self) -> &[K] {
        &self.all
    }
}

/// A list of items for each row.
#[derive(Debug)]
pub(super) struct Lists<T = u32> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            items: Vec::new(),
        }
    }
}

impl<T> Lists<T> {
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.items.extend(row);
        self.ends.push(number(self.items.len()));
    }

    /// Where the list of a row begins and ends.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin as usize..self.ends[row] as usize
    }

    /// The list of a row.
    pub(super) fn of(&self, row: usize) -> &[T] {
        &self.items[self.range(row)]
    }

    /// The same lists of other items.
    pub(super) fn map<U>(self, other: impl Fn(&T) -> U) -> Lists<U> {
        Lists {
            items: self.items.iter().map(other).collect(),
            ends: self.ends,
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<u32>() * self.ends.len() + size_of::<T>() * self.items.len()
    }
}

impl Lists {
    /// For each of so many values the rows that have it, in order.
    pub(super) fn inverted(&self, values: usize) -> Self {
        let mut ends = vec![0_u32; values];
        for &value in &self.items {
            ends[value as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            // Where the rows of the value begin, until they are filled in.
            (sum, *end) = (sum + *end, sum);
        }
        let mut items = vec![0; self.items.len()];
        for row in 0..self.ends.len() {
            for &value in self.of(row) {
                let next = &mut ends[value as usize];
                items[*next as usize] = number(row);
                *next += 1;
            }
        }
        Self { ends, items }
    }
}

/// The values of rows, and the rows of values.
#[derive(Debug, Default)]
pub(super) struct Values {
    lists: Lists,
    rows: Lists,
    /// Whether each row has one value.
    single: bool,
}

impl Values {
    /// Of lists of so many different values.
    pub(super) fn new(lists: Lists, values: usize) -> Self {
        Self {
            rows: lists.inverted(values),
            single: lists.ends.iter().copied().eq(1..=number(lists.len())),
            lists,
        }
    }

    /// The values of a row.
    pub(super) fn of(&self, row: usize) -> &[u32] {
        self.lists.of(row)
    }

    /// The rows of a value.
    pub(super) fn rows(&self, value: u32) -> &[u32] {
        self.rows.of(value as usize)
    }

    /// How many of some rows have each value.
    pub(super) fn count(&self, rows: &FixedBitSet) -> Vec<u32> {
        if rows.count_ones(..) <= self.lists.len() / 2 {
            return self.count_each(rows.ones());
        }
        // Those that are left out are fewer.
        let mut counts = self.count_each(rows.zeroes());
        for (value, count) in counts.iter_mut().enumerate() {
            *count = number(self.rows.range(value).len()) - *count;
        }
        counts
    }

    fn count_each(&self, rows: impl Iterator<Item = usize>) -> Vec<u32> {
        let mut counts = vec![0_u32; self.rows.len()];
        if self.single {
            for row in rows {
                counts[self.lists.items[row] as usize] += 1;
            }
        } else {
            for row in rows {
                for &value in self.lists.of(row) {
                    counts[value as usize] += 1;
                }
            }
        }
        counts
    }

    pub(super) fn bytes(&self) -> usize {
        self.lists.bytes() + self.rows.bytes()
    }
}

/// What rows have of one kind of value.
#[derive(Debug)]
pub(super) struct Field<K> {
    pub(super) names: Names<K>,
    /// The values of rows that have been added.
    pub(super) lists: Lists,
    /// When all have been.
    pub(super) values: Values,
}

impl<K> Default for Field<K> {
    fn default() -> Self {
        Self {
            names: Names::default(),
            lists: Lists::default(),
            values: Values::default(),
        }
    }
}

impl<K: Hash + Eq + Clone> Field<K> {
    /// To be called when all rows are there.
    pub(super) fn finish(&mut self) {
        let lists = std::mem::take(&mut self.lists);
        self.values = Values::new(lists, self.names.all().len());
    }

    /// The rows, of so many, that have one of some values.
    pub(super) fn having<'q, Q: Hash + Eq + ?Sized + 'q>(
        &self,
        values: impl IntoIterator<Item = &'q Q>,
        rows: usize,
    ) -> FixedBitSet
    where
        K: Borrow<Q>,
    {
        let mut found = FixedBitSet::with_capacity(rows);
        for value in values
            .into_iter()
            .filter_map(|value| self.names.find(value))
        {
            mark(&mut found, self.values.rows(value));
        }
        found
    }
}

impl Field<Arc<str>> {
    pub(super) fn push<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let names = &mut self.names;
        let texts = texts.into_iter();
        self.lists
            .push(texts.map(|text| names.add(text, |text: &str| text.into())));
    }
}

/// Adds rows to a set.
pub(super) fn mark(set: &mut FixedBitSet, rows: &[u32]) {
    for &row in rows {
        set.insert(row as usize);
    }
}

/// All of so many rows.
pub(super) fn all_rows(rows: usize) -> FixedBitSet {
    let mut all = FixedBitSet::with_capacity(rows);
    all.insert_range(..);
    all
}

/// Texts, by numbers from 0, in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    ends: Vec<u32>,
    all: String,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(number(self.all.len()));
    }

    pub(super) fn get(&self, place: usize) -> &str {
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[begin as usize..self.ends[place] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bytes(&self) -> usize {
        4 * self.ends.len() + self.all.len()
    }

    /// In texts that are in order, how many come before all that a condition
    /// does not hold for.
    pub(super) fn partition_point(&self, holds: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_turn_round() {
        let mut lists = Lists::default();
        lists.push([2, 0]);
        lists.push([]);
        lists.push([2]);
        let rows = lists.inverted(4);
        let all: Vec<&[u32]> = (0..4).map(|value| rows.of(value)).collect();
        assert_eq!(all, [&[0_u32][..], &[], &[0, 2], &[]]);
    }

    #[test]
    fn values_are_counted_by_what_is_there_or_by_what_is_not() {
        let mut lists = Lists::default();
        for row in 0..10 {
            lists.push([row % 3, 3]);
        }
        let values = Values::new(lists, 4);
        for left_out in 0..10_usize {
            let mut rows = all_rows(10);
            rows.set_range(0..left_out, false);
            let by_hand = |value| rows.ones().filter(|row| row % 3 == value).count();
            let expected = [by_hand(0), by_hand(1), by_hand(2), 10 - left_out];
            let counts = values.count(&rows).into_iter();
            let counts: Vec<usize> = counts.map(|count| count as usize).collect();
            assert_eq!(counts, expected, "{left_out}");
        }
    }

    #[test]
    fn texts_are_found_by_order() {
        let mut texts = Texts::default();
        for text in ["ash", "", "oak"] {
            texts.push(text);
        }
        assert_eq!(
            (texts.get(0), texts.get(1), texts.get(2)),
            ("ash", "", "oak")
        );
        let mut texts = Texts::default();
        for text in ["ash", "elm", "oak"] {
            texts.push(text);
        }
        assert_eq!(texts.partition_point(|text| text < "b"), 1);
        assert_eq!(texts.partition_point(|text| text < "z"), 3);
        assert_eq!(texts.partition_point(|_| false), 0);
    }
}
