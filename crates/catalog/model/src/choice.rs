//! Choosing a variant of a product by its options.

use std::collections::BTreeMap;

use crate::errors::CatalogError;
use crate::matrix::SIZE;
use crate::offer::StockedVariant;

/// How many values a sentence names.
const MAX_NAMED: usize = 20;

/// What came of choosing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How many variants have all chosen values; one at least.
    pub matches: usize,
    /// The variant, if there is just one.
    pub variant: Option<StockedVariant>,
    /// What can be chosen.
    pub options: Vec<OptionChoice>,
}

/// An option of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionChoice {
    /// What it is called.
    pub name: String,
    /// The value that was chosen.
    pub chosen: Option<String>,
    /// The values that variants have, in the order of the variants.
    pub values: Vec<ValueChoice>,
}

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChoice {
    /// The value.
    pub value: String,
    /// Whether a variant has it together with what was chosen of the other
    /// options.
    pub possible: bool,
    /// Whether such a variant can be bought now.
    pub in_stock: bool,
}

fn value_of<'a>(stocked: &'a StockedVariant, name: &str) -> Option<&'a str> {
    let variant = &stocked.variant;
    let size = variant.size.as_deref().filter(|_| name == SIZE);
    size.or_else(|| variant.options.get(name).map(String::as_str))
}

fn has_all(stocked: &StockedVariant, chosen: &BTreeMap<String, String>, but: &str) -> bool {
    chosen
        .iter()
        .filter(|(name, _)| *name != but)
        .all(|(name, value)| value_of(stocked, name) == Some(value))
}

fn is_in_stock(stocked: &StockedVariant) -> bool {
    stocked.is_in_stock()
}

/// The names of all options, the size last, as in titles.
fn names(variants: &[StockedVariant]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let options = variants.iter().flat_map(|one| one.variant.options.keys());
    for name in options.map(String::as_str).filter(|name| *name != SIZE) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    if variants.iter().any(|one| value_of(one, SIZE).is_some()) {
        names.push(SIZE);
    }
    names
}

fn option_of(
    name: &str,
    variants: &[StockedVariant],
    chosen: &BTreeMap<String, String>,
) -> OptionChoice {
    let mut values: Vec<ValueChoice> = Vec::new();
    for stocked in variants {
        let Some(value) = value_of(stocked, name) else {
            continue;
        };
        let known = values.iter().position(|known| known.value == value);
        let at = known.unwrap_or_else(|| {
            values.push(ValueChoice {
                value: value.to_owned(),
                possible: false,
                in_stock: false,
            });
            values.len() - 1
        });
        if has_all(stocked, chosen, name) {
            values[at].possible = true;
            values[at].in_stock |= is_in_stock(stocked);
        }
    }
    OptionChoice {
        name: name.to_owned(),
        chosen: chosen.get(name).cloned(),
        values,
    }
}

/// Finds the variant with all of some values among those that are sold.
/// Refuses when none has them, and says which ones there are.
pub fn choose(
    variants: &[StockedVariant],
    chosen: &BTreeMap<String, String>,
) -> Result<Choice, CatalogError> {
    let options: Vec<OptionChoice> = names(variants)
        .into_iter()
        .map(|name| option_of(name, variants, chosen))
        .collect();
    let mut found = variants.iter().filter(|one| has_all(one, chosen, ""));
    let (first, second) = (found.next(), found.next());
    let Some(first) = first else {
        return Err(CatalogError::NoSuchChoice(why_none(&options, chosen)));
    };
    Ok(Choice {
        matches: 1 + usize::from(second.is_some()) + found.count(),
        variant: second.is_none().then(|| first.clone()),
        options,
    })
}

/// Words with commas between them, not too many.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.take(MAX_NAMED + 1).collect();
    if words.len() > MAX_NAMED {
        words[MAX_NAMED] = "…";
    }
    words.join(", ")
}

/// Why no variant has all of the chosen values, option by option.
fn why_none(options: &[OptionChoice], chosen: &BTreeMap<String, String>) -> String {
    if options.is_empty() && chosen.is_empty() {
        return "the product has no variants to buy".to_owned();
    }
    let mut reasons = Vec::new();
    for (name, value) in chosen {
        let Some(option) = options.iter().find(|option| option.name == *name) else {
            let names = listed(options.iter().map(|option| option.name.as_str()));
            reasons.push(if names.is_empty() {
                format!("the product has no options, so no {name:?}")
            } else {
                format!("the product has no option {name:?}; it has {names}")
            });
            continue;
        };
        let known = option.values.iter().find(|known| known.value == *value);
        if known.is_some_and(|known| known.possible) {
            continue;
        }
        let possible = option.values.iter().filter(|known| known.possible);
        let possible = listed(possible.map(|known| known.value.as_str()));
        let others = if chosen.len() > 1 {
            " with what else was chosen"
        } else {
            ""
        };
        reasons.push(if possible.is_empty() {
            let all = listed(option.values.iter().map(|known| known.value.as_str()));
            format!("there is no {name} {value:?}{others}; in all there are {all}")
        } else {
            format!("there is no {name} {value:?}{others}; there are {possible}")
        });
    }
    reasons.join(". ")
}

#[cfg(test)]
mod tests {
    use kernel::{Currency, Money, ProductId, StockItemId, Timestamp, VariantId};

    use super::*;
    use crate::stock::StockItem;
    use crate::variant::{Variant, VariantStatus};

    fn variant(colour: Option<&str>, size: Option<&str>, stock: i64) -> StockedVariant {
        let now = Timestamp::from_seconds(0);
        let product = ProductId::new(now);
        let pile = StockItemId::new(now);
        StockedVariant {
            variant: Variant {
                id: VariantId::new(now),
                product,
                stock_item: Some(pile),
                bundle: false,
                sku: String::new(),
                title: String::new(),
                size: size.map(str::to_owned),
                options: colour
                    .map(|colour| ("colour".to_owned(), colour.to_owned()))
                    .into_iter()
                    .collect(),
                price: Money::new(100, Currency::EUR),
                compare_at: None,
                weight_grams: 0,
                status: VariantStatus::Active,
                position: 0,
                version: 1,
                created_at: now,
                updated_at: now,
            },
            stock: Some(StockItem::new(pile, product, stock)),
            components: Vec::new(),
            set_aside: None,
            listed: None,
        }
    }

    fn shoes() -> Vec<StockedVariant> {
        vec![
            variant(Some("Red"), Some("42"), 1),
            variant(Some("Red"), Some("41"), 0),
            variant(Some("Blue"), Some("42"), 1),
        ]
    }

    fn chosen(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn possible(choice: &Choice, name: &str) -> Vec<(String, bool)> {
        let option = choice.options.iter().find(|option| option.name == name);
        let values = option.unwrap().values.iter();
        let possible = values.filter(|value| value.possible);
        possible
            .map(|value| (value.value.clone(), value.in_stock))
            .collect()
    }

    #[test]
    fn what_is_chosen_narrows_the_others() {
        let shoes = shoes();
        let all = choose(&shoes, &chosen(&[])).unwrap();
        assert_eq!((all.matches, all.variant.clone()), (3, None));
        let names: Vec<&str> = all.options.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["colour", "size"]);
        assert_eq!(possible(&all, "size").len(), 2);
        let red = choose(&shoes, &chosen(&[("colour", "Red")])).unwrap();
        assert_eq!(red.matches, 2);
        assert_eq!(
            possible(&red, "size"),
            [("42".to_owned(), true), ("41".to_owned(), false)]
        );
        // The chosen option can still be changed.
        assert_eq!(possible(&red, "colour").len(), 2);
        let small = choose(&shoes, &chosen(&[("size", "41")])).unwrap();
        assert_eq!(small.variant.as_ref(), Some(&shoes[1]));
        assert_eq!(possible(&small, "colour"), [("Red".to_owned(), false)]);
        let one = choose(&shoes, &chosen(&[("colour", "Blue"), ("size", "42")])).unwrap();
        assert_eq!((one.matches, one.variant.as_ref()), (1, Some(&shoes[2])));
    }

    #[test]
    fn what_there_is_not_is_explained() {
        let shoes = shoes();
        for (pairs, why) in [
            (
                &[("colour", "Blue"), ("size", "41")][..],
                "no size \"41\" with what else was chosen; there are 42",
            ),
            (&[("size", "50")][..], "no size \"50\"; there are 42, 41"),
            (
                &[("weight", "1")][..],
                "no option \"weight\"; it has colour, size",
            ),
            (
                &[("colour", "Green"), ("size", "50")][..],
                "no colour \"Green\" with what else was chosen; in all there are Red, Blue",
            ),
        ] {
            let refused = choose(&shoes, &chosen(pairs)).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
        let none = choose(&[], &chosen(&[])).unwrap_err().to_string();
        assert!(none.contains("no variants"), "{none}");
        let only = [variant(None, None, 1)];
        assert!(choose(&only, &chosen(&[])).unwrap().variant.is_some());
        let refused = choose(&only, &chosen(&[("size", "1")])).unwrap_err();
        assert!(refused.to_string().contains("no options"));
    }
}
