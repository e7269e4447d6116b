//! All that filters, facets and orders need to know of a product, in few
//! bytes: thousands are read to answer one question.

use serde::{Deserialize, Serialize};

use crate::product::{Condition, ProductKind};

/// A product as search sees it. What is a text is borrowed from the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Card<'a> {
    /// The 16 bytes of its id.
    pub(super) id: &'a [u8],
    /// What it is sorted by.
    pub(super) name: &'a str,
    pub(super) brand: Option<&'a str>,
    pub(super) kind: ProductKind,
    pub(super) condition: Condition,
    /// The ids of its categories, 16 bytes each.
    pub(super) categories: &'a [u8],
    #[serde(borrow)]
    pub(super) tags: Vec<&'a str>,
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// The sizes of all variants, each once.
    pub(super) sizes: Vec<&'a str>,
    /// The options of all variants, each once.
    pub(super) options: Vec<(&'a str, &'a str)>,
    /// The variants that are sold; there is one at least.
    pub(super) variants: Vec<CardVariant<'a>>,
}

/// A variant as search sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CardVariant<'a> {
    /// In minor units.
    pub(super) price: i64,
    pub(super) in_stock: bool,
    /// Which of the sizes.
    pub(super) size: Option<u16>,
    /// Which of the options: two bytes each, the low one first.
    pub(super) options: &'a [u8],
}

impl<'a> Card<'a> {
    /// The options of a variant.
    pub(super) fn options_of(
        &self,
        variant: &CardVariant<'a>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        variant
            .options
            .chunks_exact(2)
            .filter_map(|place| {
                self.options
                    .get(usize::from(place[0]) | usize::from(place[1]) << 8)
            })
            .copied()
    }

    /// The size of a variant.
    pub(super) fn size_of(&self, variant: &CardVariant<'a>) -> Option<&'a str> {
        let place = usize::from(variant.size?);
        self.sizes.get(place).copied()
    }
}

/// The cards in a row of bytes, and the bytes of each.
pub(super) fn read(
    mut bytes: &[u8],
) -> impl Iterator<Item = Result<(Card<'_>, &[u8]), postcard::Error>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        match postcard::take_from_bytes::<Card<'_>>(bytes) {
            Ok((card, rest)) => {
                let own = &bytes[..bytes.len() - rest.len()];
                bytes = rest;
                Some(Ok((card, own)))
            }
            Err(error) => {
                bytes = &[];
                Some(Err(error))
            }
        }
    })
}
