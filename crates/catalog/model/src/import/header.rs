//! Headers: which column is what.

use super::RowError;
use crate::matrix::SIZE;

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// The product's slug.
    Handle,
    /// The product's name.
    Name,
    /// Its maker.
    Brand,
    /// What it is.
    Description,
    /// What kind of thing it is.
    Kind,
    /// Whether it had an owner before.
    Condition,
    /// Whether it is sold.
    Status,
    /// Whether it is sold, as yes or no.
    Published,
    /// Its tags, separated by commas.
    Tags,
    /// The slugs of its categories, separated by commas.
    Categories,
    /// Where its stock is counted.
    Strategy,
    /// A property, by name.
    Attribute(String),
    /// The variant's SKU.
    Sku,
    /// What tells it apart.
    VariantTitle,
    /// Its size.
    Size,
    /// An option, by name.
    Option(String),
    /// The name of an option, by its number.
    OptionName(u8),
    /// The value of an option, by its number.
    OptionValue(u8),
    /// Its price, in major units.
    Price,
    /// What it cost before, in major units.
    CompareAt,
    /// The currency of the price.
    Currency,
    /// Its weight in grams.
    Weight,
    /// Its stock.
    OnHand,
    /// From which availability on its stock is low.
    LowAt,
    /// Whether more is sold than there is.
    Supply,
    /// How many more.
    Beyond,
    /// From when on these are expected.
    AvailableAt,
    /// Whether Shopify sells more than there is.
    Policy,
    /// Whether it is a gift card of Shopify's.
    GiftCard,
    /// Its place.
    Position,
    /// Whether it is sold.
    VariantStatus,
    /// Whether it is shipped.
    Shipped,
    /// Who counts its stock; nobody when empty.
    Tracker,
    /// The address of a picture.
    Picture,
    /// Not for us.
    LeftOut,
}

/// The columns of a file.
#[derive(Debug, Clone)]
pub struct Header {
    /// What each column is, and what it is called.
    pub columns: Vec<(Column, String)>,
    /// Whether it is an export of Shopify's.
    pub shopify: bool,
}

/// Headers and what they mean, in lower case.
const NAMES: &[(&str, Column)] = &[
    ("handle", Column::Handle),
    ("slug", Column::Handle),
    ("url handle", Column::Handle),
    ("name", Column::Name),
    ("title", Column::Name),
    ("brand", Column::Brand),
    ("vendor", Column::Brand),
    ("description", Column::Description),
    ("body (html)", Column::Description),
    ("body html", Column::Description),
    ("kind", Column::Kind),
    ("condition", Column::Condition),
    ("status", Column::Status),
    ("published", Column::Published),
    ("published on online store", Column::Published),
    ("tags", Column::Tags),
    ("categories", Column::Categories),
    ("inventory_strategy", Column::Strategy),
    ("sku", Column::Sku),
    ("variant sku", Column::Sku),
    ("variant_title", Column::VariantTitle),
    ("size", Column::Size),
    ("price", Column::Price),
    ("variant price", Column::Price),
    ("compare_at_price", Column::CompareAt),
    ("compare-at price", Column::CompareAt),
    ("variant compare at price", Column::CompareAt),
    ("currency", Column::Currency),
    ("weight_grams", Column::Weight),
    ("variant grams", Column::Weight),
    ("weight value (grams)", Column::Weight),
    ("on_hand", Column::OnHand),
    ("variant inventory qty", Column::OnHand),
    ("inventory quantity", Column::OnHand),
    ("low_stock_threshold", Column::LowAt),
    ("supply", Column::Supply),
    ("backorder_limit", Column::Beyond),
    ("available_at", Column::AvailableAt),
    ("variant inventory policy", Column::Policy),
    ("continue selling when out of stock", Column::Policy),
    ("gift card", Column::GiftCard),
    ("position", Column::Position),
    ("variant_status", Column::VariantStatus),
    ("variant requires shipping", Column::Shipped),
    ("requires shipping", Column::Shipped),
    ("variant inventory tracker", Column::Tracker),
    ("inventory tracker", Column::Tracker),
    ("image src", Column::Picture),
    ("product image url", Column::Picture),
    ("variant image", Column::Picture),
    ("variant image url", Column::Picture),
];

fn known(name: &str) -> Option<Column> {
    let lower = name.trim().to_lowercase();
    if let Some((_, column)) = NAMES.iter().find(|(known, _)| *known == lower) {
        return Some(column.clone());
    }
    for (prefix, make) in [
        ("attribute:", Column::Attribute as fn(String) -> Column),
        ("option:", Column::Option),
    ] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            // The name keeps its case.
            let rest = name.trim()[name.trim().len() - rest.len()..].trim();
            if prefix == "option:" && rest.eq_ignore_ascii_case(SIZE) {
                return Some(Column::Size);
            }
            return (1..=64)
                .contains(&rest.chars().count())
                .then(|| make(rest.to_owned()));
        }
    }
    let number = |text: &str| text.parse().ok().filter(|n| (1..=3).contains(n));
    match lower.strip_prefix("option")?.split_once(' ')? {
        (n, "name") => number(n).map(Column::OptionName),
        (n, "value") => number(n).map(Column::OptionValue),
        _ => None,
    }
}

impl Header {
    /// Reads the first row of a file.
    pub fn read<'a>(
        line: u64,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Vec<RowError>> {
        let names: Vec<&str> = names.collect();
        let shopify = names.iter().any(|name| {
            let name = name.trim().to_lowercase();
            matches!(
                name.as_str(),
                "variant price" | "variant sku" | "body (html)" | "option1 name" | "option1 value"
            )
        });
        let mut columns: Vec<(Column, String)> = Vec::with_capacity(names.len());
        let mut wrong = Vec::new();
        for name in names {
            let short: String = name.trim().chars().take(64).collect();
            let column = match known(name) {
                Some(column) => column,
                // Shopify has a kind of its own, and dozens of columns.
                None if shopify && name.trim().eq_ignore_ascii_case("type") => {
                    Column::Attribute("type".to_owned())
                }
                None if shopify => Column::LeftOut,
                None => {
                    let why = "there is no such column; docs/imports.md lists them";
                    wrong.push(RowError::new(line, Some(&short), "unknown_column", why));
                    continue;
                }
            };
            let may_repeat = matches!(column, Column::LeftOut | Column::Picture);
            if !may_repeat && columns.iter().any(|(other, _)| *other == column) {
                let why = "two columns mean the same; keep one";
                wrong.push(RowError::new(line, Some(&short), "twice", why));
            }
            columns.push((column, short));
        }
        let has = |column: &Column| columns.iter().any(|(other, _)| other == column);
        if !has(&Column::Handle) && !has(&Column::Name) {
            let why = "the first row must name the columns; `handle` or `name` is needed";
            wrong.push(RowError::new(line, None, "missing_column", why));
        }
        if wrong.is_empty() {
            Ok(Self { columns, shopify })
        } else {
            Err(wrong)
        }
    }

    /// Whether there is a column.
    pub fn has(&self, column: &Column) -> bool {
        self.columns.iter().any(|(other, _)| other == column)
    }

    /// What a column is called in the file.
    pub fn name(&self, column: &Column) -> Option<&str> {
        let found = self.columns.iter().find(|(other, _)| other == column);
        found.map(|(_, name)| name.as_str())
    }

    /// What a column that we call so is called in the file.
    pub fn name_of(&self, ours: &str) -> Option<&str> {
        self.name(&known(ours)?)
    }

    /// The columns that are not imported.
    pub fn left_out(&self) -> Vec<&str> {
        let left = self.columns.iter().filter(|(c, _)| *c == Column::LeftOut);
        left.map(|(_, name)| name.as_str()).collect()
    }
}

/// The character between the cells of a header: the one of the usual three
/// that occurs most outside of quotes.
pub fn separator(header: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in header {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if !quoted => {
                for (separator, count) in &mut counts {
                    *count += u32::from(*separator == byte);
                }
            }
            _ => {}
        }
    }
    // The first of equals.
    let [comma, others @ ..] = counts;
    let best = others.into_iter().fold(
        comma,
        |best, next| if next.1 > best.1 { next } else { best },
    );
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        match Header::read(1, text.split(',')) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong.into_iter().map(|error| error.code).collect(),
        }
    }

    #[test]
    fn headers_are_known_by_many_names() {
        let header = Header::read(
            1,
            ["Handle", " NAME ", "attribute:Material", "option:Colour"].into_iter(),
        );
        let header = header.unwrap();
        assert!(!header.shopify);
        assert!(header.has(&Column::Attribute("Material".to_owned())));
        assert!(header.has(&Column::Option("Colour".to_owned())));
        assert_eq!(header.name(&Column::Name), Some("NAME"));
        assert_eq!(codes("handle,colour"), ["unknown_column"]);
        assert_eq!(codes("handle,slug"), ["twice"]);
        assert_eq!(codes("handle,size,option:Size"), ["twice"]);
        assert_eq!(codes("sku,price"), ["missing_column"]);
        let shopify = Header::read(
            1,
            "Handle,Title,Type,Option1 Name,Option1 Value,SEO Title,Image Src,Variant Image"
                .split(','),
        );
        let shopify = shopify.unwrap();
        assert!(shopify.shopify);
        assert_eq!(shopify.left_out(), ["SEO Title"]);
    }

    #[test]
    fn separators_are_counted_outside_of_quotes() {
        assert_eq!(separator(b"a,b;c,d\n;;;;"), b',');
        assert_eq!(separator(b"a;b;\"c,,,,\"\n"), b';');
        assert_eq!(separator(b"a\tb\n"), b'\t');
        assert_eq!(separator(b"handle"), b',');
    }
}
