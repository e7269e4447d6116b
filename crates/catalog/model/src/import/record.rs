//! One row of a file.

use std::collections::BTreeSet;
use std::str::FromStr;

use kernel::Currency;
use kernel::cell::undo;

use super::cells::price_of;
use super::header::{Column, Header};
use super::{ImportedProduct, ImportedVariant, Mistakes, RowError, Rules};
use crate::product::{ProductKind, ProductStatus};
use crate::stock::MAX_ON_HAND;
use crate::supply::SupplyMode;

/// The dearest price, in minor units.
const MAX_PRICE: i64 = 1_000_000_000_000;
/// The heaviest variant, in grams.
const MAX_WEIGHT: i64 = 1_000_000_000;
/// The last place.
const MAX_POSITION: i64 = 1_000_000;

/// One row, read cell by cell.
#[derive(Debug, Default)]
pub struct Row {
    /// In which line it is.
    pub line: u64,
    /// What it says of the product; no variants.
    pub product: ImportedProduct,
    /// What it says of a variant.
    pub variant: ImportedVariant,
    /// Whether it says anything of a variant.
    pub has_variant: bool,
    /// Options by number: names and values.
    pub options: [(Option<String>, Option<String>); 3],
    /// How many pictures it names.
    pub pictures: u64,
    /// Whether somebody counts its stock.
    pub tracked: bool,
    /// Whether it is to be hidden, whatever its status.
    pub unpublished: bool,
    /// Whether its stock was below zero.
    pub below_zero: bool,
    /// Whether it is sold without a limit when there is none.
    pub oversold: bool,
    /// Whether it is a gift card.
    pub gift_card: bool,
}

struct Reader<'a> {
    header: &'a Header,
    rules: Rules<'a>,
    row: Row,
    mistakes: &'a mut Mistakes,
}

/// Reads the cells of a row.
pub fn read(
    header: &Header,
    rules: Rules<'_>,
    line: u64,
    cells: &[&str],
    mistakes: &mut Mistakes,
) -> Row {
    let row = Row {
        line,
        ..Row::default()
    };
    let mut reader = Reader {
        header,
        rules,
        row,
        mistakes,
    };
    for ((column, name), cell) in header.columns.iter().zip(cells) {
        let text = undo(cell.trim_matches([' ', '\u{a0}']));
        if text.is_empty() || *column == Column::LeftOut {
            continue;
        }
        if text.contains('\0') {
            let why = "must not contain the character U+0000";
            reader.wrong(name, "type", why);
        } else if let Err((code, why)) = reader.cell(column, text) {
            reader.wrong(name, code, &why);
        }
    }
    let mut row = reader.row;
    // What nobody was to see stays so, though its status says "active".
    if row.unpublished && row.product.status != Some(ProductStatus::Archived) {
        row.product.status = Some(ProductStatus::Draft);
    }
    row
}

type Refusal = (&'static str, String);

impl Reader<'_> {
    fn wrong(&mut self, name: &str, code: &str, why: &str) {
        let mistake = RowError::new(self.row.line, Some(name), code, why);
        self.mistakes.add(mistake);
    }

    fn cell(&mut self, column: &Column, text: &str) -> Result<(), Refusal> {
        match column {
            Column::Sku
            | Column::VariantTitle
            | Column::Size
            | Column::Option(_)
            | Column::OptionName(_)
            | Column::OptionValue(_)
            | Column::Price
            | Column::CompareAt
            | Column::Currency
            | Column::Weight
            | Column::OnHand
            | Column::Position
            | Column::VariantStatus
            | Column::Tracker => self.of_variant(column, text),
            Column::LowAt
            | Column::Supply
            | Column::Beyond
            | Column::AvailableAt
            | Column::Policy => self.of_pile(column, text),
            Column::GiftCard => {
                self.row.gift_card = truth(text)?;
                Ok(())
            }
            Column::Picture => {
                self.row.pictures += 1;
                Ok(())
            }
            Column::LeftOut => Ok(()),
            _ => self.of_product(column, text),
        }
    }

    fn of_product(&mut self, column: &Column, text: &str) -> Result<(), Refusal> {
        let shopify = self.header.shopify;
        let product = &mut self.row.product;
        match column {
            Column::Handle => product.slug = line(text, 200)?,
            Column::Name => product.name = Some(line(text, 200)?),
            Column::Brand => product.brand = Some(line(text, 200)?),
            Column::Description => product.description = Some(long(text, 20_000)?),
            Column::Kind => product.kind = Some(word(text, "goods, service, download")?),
            Column::Condition => product.condition = Some(word(text, "new, used")?),
            // Shopify has a status for products that only a link leads to.
            Column::Status if shopify && text.eq_ignore_ascii_case("unlisted") => {
                product.status = Some(ProductStatus::Draft);
            }
            Column::Status => product.status = Some(word(text, "draft, active, archived")?),
            Column::Published => {
                self.row.unpublished = !truth(text)?;
            }
            Column::Shipped => {
                let shipped = truth(text)?;
                product.kind = if shipped {
                    product.kind
                } else {
                    Some(ProductKind::Service)
                };
            }
            Column::Strategy => product.strategy = Some(word(text, "flat, per_size")?),
            Column::Tags => product.tags = Some(list(text, 50, 64)?),
            Column::Categories => {
                let slugs = list(text, 50, 120)?;
                let unknown = slugs
                    .iter()
                    .find(|slug| !self.rules.categories.contains(*slug));
                if let Some(slug) = unknown {
                    let why = format!("there is no category with the slug {slug:?}; make it first");
                    return Err(("unknown_category", why));
                }
                product.categories = Some(slugs);
            }
            Column::Attribute(name) => {
                product.attributes.insert(name.clone(), long(text, 500)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn of_variant(&mut self, column: &Column, text: &str) -> Result<(), Refusal> {
        let shopify = self.header.shopify;
        let currency = self.rules.currency;
        let row = &mut self.row;
        let variant = &mut row.variant;
        match column {
            // Shopify has an apostrophe before what a spreadsheet would take
            // for a number: '00123.
            Column::Sku if shopify => {
                let sku = text.strip_prefix('\'').filter(|rest| !rest.is_empty());
                variant.sku = line(sku.unwrap_or(text), 64)?;
            }
            Column::Sku => variant.sku = line(text, 64)?,
            Column::VariantTitle => variant.title = Some(line(text, 200)?),
            Column::Size => variant.size = Some(line(text, 64)?),
            Column::Option(name) => {
                variant.options.insert(name.clone(), long(text, 500)?);
            }
            Column::OptionName(n) => {
                // Names alone make no variant.
                row.options[usize::from(n - 1)].0 = Some(line(text, 64)?);
                return Ok(());
            }
            Column::OptionValue(n) => {
                row.options[usize::from(n - 1)].1 = Some(long(text, 500)?);
            }
            Column::Price => variant.price = Some(amount(text, currency)?),
            Column::CompareAt => variant.compare_at = Some(amount(text, currency)?),
            Column::Currency if text != currency.code() => {
                let why = format!("prices of this tenant are in {currency}");
                return Err(("currency", why));
            }
            Column::Weight => variant.weight_grams = Some(grams(text, shopify)?),
            Column::OnHand => {
                // Shopify lets stock be oversold; ours cannot be.
                let least = if shopify { -MAX_ON_HAND } else { 0 };
                let count = whole(text, least, MAX_ON_HAND)?;
                row.below_zero = count < 0;
                variant.on_hand = Some(count.max(0));
            }
            Column::Position => variant.position = Some(whole(text, -MAX_POSITION, MAX_POSITION)?),
            Column::VariantStatus => variant.status = Some(word(text, "active, archived")?),
            Column::Tracker => {
                row.tracked = true;
                return Ok(());
            }
            _ => return Ok(()),
        }
        row.has_variant = true;
        Ok(())
    }
}

impl Reader<'_> {
    /// What is true of the pile of a variant besides how many there are.
    fn of_pile(&mut self, column: &Column, text: &str) -> Result<(), Refusal> {
        let row = &mut self.row;
        let variant = &mut row.variant;
        match column {
            Column::LowAt => variant.low_at = Some(whole(text, 0, MAX_ON_HAND)?),
            Column::Supply => variant.supply = Some(word(text, "stock, backorder, preorder")?),
            Column::Beyond => variant.beyond = Some(whole(text, 0, MAX_ON_HAND)?),
            Column::AvailableAt => {
                let at = text.parse().map_err(|_| {
                    let why = "must be a time such as 2030-03-01T00:00:00Z (RFC 3339)";
                    ("time", why.to_owned())
                })?;
                variant.available_at = Some(at);
            }
            // It alone makes no variant.
            Column::Policy => {
                let oversold = match text.to_lowercase().as_str() {
                    "continue" | "true" => true,
                    "deny" | "false" => false,
                    _ => return Err(("choice", "must be one of: deny, continue".to_owned())),
                };
                // Shopify knows no limit.
                (variant.supply, variant.beyond) = if oversold {
                    (Some(SupplyMode::Backorder), Some(MAX_ON_HAND))
                } else {
                    (Some(SupplyMode::Stock), None)
                };
                row.oversold = oversold;
                return Ok(());
            }
            _ => return Ok(()),
        }
        row.has_variant = true;
        Ok(())
    }
}

/// A text in one line, of at most so many characters.
fn line(text: &str, most: usize) -> Result<String, Refusal> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        let why = "must be one line, without control characters";
        return Err(("line", why.to_owned()));
    }
    long(text, most)
}

fn long(text: &str, most: usize) -> Result<String, Refusal> {
    if text.chars().count() > most {
        return Err(("length", format!("must have at most {most} characters")));
    }
    Ok(text.to_owned())
}

/// An amount in major units, as minor ones.
fn amount(text: &str, currency: Currency) -> Result<i64, Refusal> {
    let price = price_of(text, currency).filter(|price| *price <= MAX_PRICE);
    price.ok_or_else(|| {
        let why = format!(
            "must be an amount of {currency} such as 12.99, with a point and without a sign or spaces"
        );
        ("price", why)
    })
}

fn word<T: FromStr>(text: &str, words: &str) -> Result<T, Refusal> {
    text.to_lowercase()
        .parse()
        .map_err(|_| ("choice", format!("must be one of: {words}")))
}

fn truth(text: &str) -> Result<bool, Refusal> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(("choice", "must be true or false".to_owned())),
    }
}

fn whole(text: &str, least: i64, most: i64) -> Result<i64, Refusal> {
    let number = text.parse().ok().filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| {
        let why = format!("must be a whole number from {least} to {most}, in digits only");
        ("range", why)
    })
}

/// Shopify writes `500` and `500.0`.
fn grams(text: &str, shopify: bool) -> Result<i64, Refusal> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if shopify && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    whole(text, 0, MAX_WEIGHT)
}

/// Words separated by commas.
fn list(text: &str, most: usize, longest: usize) -> Result<BTreeSet<String>, Refusal> {
    let words: BTreeSet<String> = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.len() > most || words.iter().any(|word| word.chars().count() > longest) {
        let why = format!(
            "must be at most {most} words of at most {longest} characters, separated by commas"
        );
        return Err(("length", why));
    }
    Ok(words)
}
