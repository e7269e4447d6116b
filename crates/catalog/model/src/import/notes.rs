//! What an import left out or took in another way, in sentences.

use super::MAX_NOTES;
use super::header::{Column, Header};
use super::record::Row;

/// Counts what is worth a remark.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pictures: u64,
    untracked: u64,
    below_zero: u64,
    oversold: u64,
    gift_cards: u64,
    no_saving: u64,
}

/// So many of something: `1 variant`, `2 variants`.
fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

impl Tally {
    /// Notes a row.
    pub(super) fn add(&mut self, header: &Header, row: &Row) {
        self.pictures += row.pictures;
        self.below_zero += u64::from(row.below_zero);
        self.oversold += u64::from(row.oversold);
        self.gift_cards += u64::from(row.gift_card);
        let tracks = header.has(&Column::Tracker);
        self.untracked += u64::from(tracks && row.has_variant && !row.tracked);
    }

    /// Notes whether a compare-at price was taken away.
    pub(super) fn dropped_saving(&mut self, dropped: bool) {
        self.no_saving += u64::from(dropped);
    }

    /// All of it, in sentences.
    pub(super) fn notes(&self, header: &Header) -> Vec<String> {
        let mut notes = Vec::new();
        let left = header.left_out();
        if !left.is_empty() {
            let some: Vec<&str> = left.iter().take(MAX_NOTES).copied().collect();
            let more = if left.len() > some.len() { ", …" } else { "" };
            notes.push(format!(
                "columns that are not imported: {}{more}",
                some.join(", ")
            ));
        }
        let variants = |n| count(n, "variant", "variants");
        for (n, note) in [
            (
                self.pictures,
                format!(
                    "not fetched, because the file only names their addresses: {}; upload them to their products",
                    count(self.pictures, "picture", "pictures")
                ),
            ),
            (
                self.untracked,
                format!(
                    "without an inventory tracker: {}; here stock is counted, and they have what the file says or none",
                    variants(self.untracked)
                ),
            ),
            (
                self.below_zero,
                format!(
                    "with less than nothing in stock: {}; they begin at 0",
                    variants(self.below_zero)
                ),
            ),
            (
                self.oversold,
                format!(
                    "sold when out of stock: {}; here they are backordered, with the highest limit: set a lower one where you want it",
                    variants(self.oversold)
                ),
            ),
            (
                self.gift_cards,
                format!(
                    "gift cards: {}; here they are ordinary services, and nobody sends a code: archive them, or send it by hand",
                    count(self.gift_cards, "product", "products")
                ),
            ),
            (
                self.no_saving,
                format!(
                    "with a compare-at price that is not above their price: {}; they have none",
                    variants(self.no_saving)
                ),
            ),
        ] {
            if n > 0 {
                notes.push(note);
            }
        }
        notes
    }
}
