//! Size runs: the variants that lists of options make.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Money, VariantId};
use serde::{Deserialize, Serialize};

use crate::errors::CatalogError;
use crate::offer::StockedVariant;
use crate::variant::{MAX_PER_PRODUCT, VariantStatus};

/// How many lists of options may be given.
pub const MAX_LISTS: usize = 10;
/// The option that variants have as their size.
pub const SIZE: &str = "size";
/// The longest SKU.
const MAX_SKU: usize = 64;
/// The longest size.
const MAX_SIZE: usize = 64;

/// An option and its values, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionList {
    /// What it is called; `size` in any case is the size.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// The variants to make: one for each combination of values.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// The options. The last one changes first.
    pub options: Vec<OptionList>,
    /// What SKUs look like, with the names of options in braces; made of the
    /// product's slug and all values when there is none.
    pub sku_pattern: Option<String>,
    /// What each costs.
    pub price: Money,
    /// What each cost before; above the price.
    pub compare_at: Option<Money>,
    /// What one weighs when shipped, in grams.
    pub weight_grams: i64,
    /// The stock each starts with, if it is counted by itself.
    pub on_hand: i64,
}

/// One combination of values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combination {
    /// The variant that has it; none as long as it is not made.
    pub variant: Option<VariantId>,
    /// The stock keeping unit.
    pub sku: String,
    /// What tells it apart.
    pub title: String,
    /// Its size.
    pub size: Option<String>,
    /// Other options.
    pub options: BTreeMap<String, String>,
    /// Whether the variant is sold.
    pub status: VariantStatus,
}

/// Combinations that are to be made, and those that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is new, in order.
    pub new: Vec<Combination>,
    /// What the product has already, archived or not.
    pub there: Vec<Combination>,
}

/// The values of one combination, in the order of the lists.
type Chosen<'a> = Vec<(&'a str, usize, &'a str)>;

/// Which variants of a matrix a product lacks.
pub fn plan(slug: &str, matrix: &Matrix, known: &[StockedVariant]) -> Result<Plan, CatalogError> {
    let names = names(&matrix.options)?;
    let mut plan = Plan::default();
    for chosen in combinations(&names, &matrix.options)? {
        let (size, options) = split(&chosen);
        let same = known.iter().map(|stocked| &stocked.variant);
        let same = same
            .filter(|variant| variant.size == size && variant.options == options)
            // One that is sold, if there is one.
            .min_by_key(|variant| variant.status == VariantStatus::Archived);
        if let Some(variant) = same {
            plan.there.push(Combination {
                variant: Some(variant.id),
                sku: variant.sku.clone(),
                title: variant.title.clone(),
                size,
                options,
                status: variant.status,
            });
            continue;
        }
        let values: Vec<&str> = chosen.iter().map(|(_, _, value)| *value).collect();
        plan.new.push(Combination {
            variant: None,
            sku: sku(slug, matrix.sku_pattern.as_deref(), &chosen)?,
            title: title(&values),
            size,
            options,
            status: VariantStatus::Active,
        });
    }
    if known.len() + plan.new.len() > MAX_PER_PRODUCT {
        return Err(CatalogError::TooManyVariants);
    }
    let mut skus = BTreeSet::new();
    match plan.new.iter().find(|new| !skus.insert(&new.sku)) {
        Some(twice) => Err(CatalogError::SkuPattern(format!(
            "several variants would have the SKU {}; name every option in the pattern, and values that differ in letters or digits",
            twice.sku
        ))),
        None => Ok(plan),
    }
}

/// The names of the options, once each.
fn names(lists: &[OptionList]) -> Result<Vec<&str>, CatalogError> {
    if !(1..=MAX_LISTS).contains(&lists.len()) {
        return Err(CatalogError::MatrixOptions(
            "name at least one option and at most 10",
        ));
    }
    let mut names: Vec<&str> = Vec::with_capacity(lists.len());
    for list in lists {
        let name = if list.name.eq_ignore_ascii_case(SIZE) {
            SIZE
        } else {
            list.name.as_str()
        };
        let distinct: BTreeSet<&String> = list.values.iter().collect();
        let wrong = if names.contains(&name) {
            "each option is named once; put its values into one list"
        } else if list.values.is_empty() || distinct.len() < list.values.len() {
            "each option has a value at least, and each of its values once"
        } else if name == SIZE && list.values.iter().any(|v| v.chars().count() > MAX_SIZE) {
            "a size has at most 64 characters"
        } else {
            names.push(name);
            continue;
        };
        return Err(CatalogError::MatrixOptions(wrong));
    }
    Ok(names)
}

/// All combinations; the last option changes first.
fn combinations<'a>(
    names: &[&'a str],
    lists: &'a [OptionList],
) -> Result<Vec<Chosen<'a>>, CatalogError> {
    let count = lists
        .iter()
        .try_fold(1usize, |all, list| all.checked_mul(list.values.len()));
    if count.is_none_or(|count| count > MAX_PER_PRODUCT) {
        return Err(CatalogError::TooManyVariants);
    }
    let mut all: Vec<Chosen<'a>> = vec![Vec::new()];
    for (&name, list) in names.iter().zip(lists) {
        let longer = |chosen: Chosen<'a>| {
            let values = list.values.iter().enumerate();
            values.map(move |(place, value)| {
                let mut chosen = chosen.clone();
                chosen.push((name, place, value.as_str()));
                chosen
            })
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    Ok(all)
}

fn split(chosen: &Chosen<'_>) -> (Option<String>, BTreeMap<String, String>) {
    let mut size = None;
    let mut options = BTreeMap::new();
    for &(name, _, value) in chosen {
        if name == SIZE {
            size = Some(value.to_owned());
        } else {
            options.insert(name.to_owned(), value.to_owned());
        }
    }
    (size, options)
}

/// What tells a combination apart: `Red / 42`, in the order of the lists.
fn title(values: &[&str]) -> String {
    values.join(" / ").chars().take(200).collect()
}

/// A value as SKUs have it: capital letters, digits and hyphens. Its number
/// where nothing is left of it.
fn code(value: &str, place: usize) -> String {
    // Letters fold into letters; a sign such as ½ becomes a part of its own, so
    // that 42½ does not end up as 421-2.
    let fold = |c: char| match deunicode::deunicode_char(c) {
        Some(plain) if c.is_ascii() || c.is_alphabetic() => plain.to_owned(),
        Some(plain) => format!(" {plain} "),
        None => " ".to_owned(),
    };
    let plain = value.chars().map(fold).collect::<String>().to_uppercase();
    let parts: Vec<&str> = plain
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        (place + 1).to_string()
    } else {
        parts.join("-")
    }
}

fn sku(slug: &str, pattern: Option<&str>, chosen: &Chosen<'_>) -> Result<String, CatalogError> {
    let made = match pattern {
        Some(pattern) => filled(pattern, chosen)?,
        None => std::iter::once(slug.to_uppercase())
            .chain(chosen.iter().map(|&(_, place, value)| code(value, place)))
            .collect::<Vec<_>>()
            .join("-"),
    };
    if (1..=MAX_SKU).contains(&made.chars().count()) {
        Ok(made)
    } else {
        Err(CatalogError::SkuPattern(format!(
            "a SKU has 1 to {MAX_SKU} characters, and {made} has more; give a shorter pattern, such as A-{{{}}}",
            chosen.last().map_or(SIZE, |(name, _, _)| name)
        )))
    }
}

/// The pattern with the values in their places.
fn filled(pattern: &str, chosen: &Chosen<'_>) -> Result<String, CatalogError> {
    let mut made = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| {
            CatalogError::SkuPattern("the pattern has a { without a } behind it".to_owned())
        })?;
        let is_it =
            |known: &str| known == name || (known == SIZE && name.eq_ignore_ascii_case(SIZE));
        let &(_, place, value) = chosen
            .iter()
            .find(|(known, _, _)| is_it(known))
            .ok_or_else(|| {
                let names: Vec<&str> = chosen.iter().map(|(name, _, _)| *name).collect();
                CatalogError::SkuPattern(format!(
                    "the pattern names {{{name}}}, which is none of the options: {}",
                    names.join(", ")
                ))
            })?;
        made.push_str(before);
        made.push_str(&code(value, place));
        rest = after;
    }
    made.push_str(rest);
    Ok(made.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use kernel::Currency;
    use proptest::prelude::*;

    use super::*;

    fn matrix(lists: &[(&str, &[&str])], pattern: Option<&str>) -> Matrix {
        let list = |(name, values): &(&str, &[&str])| OptionList {
            name: (*name).to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        Matrix {
            options: lists.iter().map(list).collect(),
            sku_pattern: pattern.map(str::to_owned),
            price: Money::new(100, Currency::EUR),
            compare_at: None,
            weight_grams: 0,
            on_hand: 0,
        }
    }

    fn skus(lists: &[(&str, &[&str])], pattern: Option<&str>) -> Result<Vec<String>, String> {
        plan("trail-runner", &matrix(lists, pattern), &[])
            .map(|plan| plan.new.into_iter().map(|new| new.sku).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn combinations_come_in_order() {
        let lists: &[(&str, &[&str])] =
            &[("colour", &["Sky Blue", "Weiß"]), ("Size", &["41", "42½"])];
        assert_eq!(
            skus(lists, None).unwrap(),
            [
                "TRAIL-RUNNER-SKY-BLUE-41",
                "TRAIL-RUNNER-SKY-BLUE-42-1-2",
                "TRAIL-RUNNER-WEISS-41",
                "TRAIL-RUNNER-WEISS-42-1-2"
            ]
        );
        assert_eq!(
            skus(lists, Some("T-{size}/{colour}")).unwrap()[1],
            "T-42-1-2/SKY-BLUE"
        );
        let first = &plan("t", &matrix(lists, None), &[]).unwrap().new[0];
        assert_eq!(first.title, "Sky Blue / 41");
        assert_eq!(first.size.as_deref(), Some("41"));
        assert_eq!(first.options.len(), 1);
        // What has no letters is counted.
        assert_eq!(
            skus(&[("colour", &["**", "!!"])], Some("X{colour}")).unwrap(),
            ["X1", "X2"]
        );
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = "x".repeat(70);
        for (lists, pattern, why) in [
            (&[][..], None, "at least one option"),
            (
                &[("size", &["1"][..]), ("SIZE", &["2"])][..],
                None,
                "named once",
            ),
            (
                &[("size", &["1", "1"][..])][..],
                None,
                "each of its values once",
            ),
            (&[("size", &[][..])][..], None, "a value at least"),
            (
                &[("size", &[long.as_str()][..])][..],
                None,
                "at most 64 characters",
            ),
            (&[("size", &many[..])][..], None, "at most 200 variants"),
            (
                &[("a", &["1", "2"][..])][..],
                Some("T"),
                "name every option",
            ),
            (
                &[("a", &["1"][..])][..],
                Some("T-{b}"),
                "none of the options: a",
            ),
            (&[("a", &["1"][..])][..], Some("T-{a"), "without a }"),
            (
                &[("a", &[long.as_str()][..])][..],
                None,
                "a shorter pattern",
            ),
            (&[("a", &["x", "X"][..])][..], None, "name every option"),
        ] {
            let refused = skus(lists, pattern).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn a_matrix_has_each_combination_once(a in 1usize..12, b in 1usize..12) {
            let values = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>();
            let (a, b) = (values(a), values(b));
            let a: Vec<&str> = a.iter().map(String::as_str).collect();
            let b: Vec<&str> = b.iter().map(String::as_str).collect();
            let made = skus(&[("a", &a), ("b", &b)], None).unwrap();
            let distinct: BTreeSet<&String> = made.iter().collect();
            prop_assert_eq!(made.len(), a.len() * b.len());
            prop_assert_eq!(distinct.len(), made.len());
        }
    }
}
