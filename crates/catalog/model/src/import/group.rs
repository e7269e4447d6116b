//! Rows of one product, one after the other, become a product.

use std::collections::HashSet;

use kernel::secret::sha256;
use kernel::text::slug;

use super::header::{Column, Header};
use super::notes::Tally;
use super::record::Row;
use super::{ImportedProduct, ImportedVariant, Mistakes, RowError};
use crate::product::slug_for;
use crate::variant::MAX_PER_PRODUCT;

/// What an option is called that we keep as the size.
const SIZE: &[&str] = &[
    "size", "größe", "groesse", "taille", "talla", "taglia", "maat",
];

/// Gathers rows. It remembers of earlier products only that they were there,
/// in 16 bytes each.
pub struct Groups<'a> {
    header: &'a Header,
    current: Option<Current>,
    slugs: HashSet<[u8; 16]>,
    skus: HashSet<[u8; 16]>,
    tally: Tally,
}

struct Current {
    product: ImportedProduct,
    options: [Option<String>; 3],
}

fn short(text: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&sha256(text.as_bytes())[..16]);
    hash
}

impl<'a> Groups<'a> {
    /// For the rows of a file.
    pub fn new(header: &'a Header) -> Self {
        Self {
            header,
            current: None,
            slugs: HashSet::new(),
            skus: HashSet::new(),
            tally: Tally::default(),
        }
    }

    fn wrong(&self, line: u64, column: &Column, code: &str, why: &str, mistakes: &mut Mistakes) {
        let name = self.header.name(column);
        mistakes.add(RowError::new(line, name, code, why));
    }

    /// Takes the next row; the product before it, if this one begins another.
    pub fn push(&mut self, row: Row, mistakes: &mut Mistakes) -> Option<ImportedProduct> {
        let slug = self.slug_of(&row, mistakes)?;
        self.tally.add(self.header, &row);
        let continues = matches!(&self.current, Some(current) if current.product.slug == slug);
        let finished = if continues {
            self.same_product(&row, mistakes);
            None
        } else {
            self.begin(slug, &row, mistakes)
        };
        self.add_variant(row, mistakes);
        finished
    }

    /// The last product.
    pub fn finish(&mut self) -> Option<ImportedProduct> {
        self.current.take().map(|current| current.product)
    }

    fn slug_of(&self, row: &Row, mistakes: &mut Mistakes) -> Option<String> {
        let (given, name) = (&row.product.slug, row.product.name.as_deref());
        let made = match (given.is_empty(), name) {
            (true, Some(name)) => slug_for(None, name),
            (true, None) => {
                let why = "is missing: it tells which product the row belongs to";
                self.wrong(row.line, &Column::Handle, "missing", why, mistakes);
                return None;
            }
            // Handles of Shopify may have letters that ours may not.
            (false, _) if self.header.shopify => {
                slug_for(Some(slug(&deunicode::deunicode(given))), given)
            }
            (false, _) => slug_for(Some(given.clone()), given),
        };
        match made {
            Ok(slug) => Some(slug),
            Err(error) => {
                self.wrong(
                    row.line,
                    &Column::Handle,
                    "slug",
                    &error.to_string(),
                    mistakes,
                );
                None
            }
        }
    }

    fn begin(
        &mut self,
        slug: String,
        row: &Row,
        mistakes: &mut Mistakes,
    ) -> Option<ImportedProduct> {
        if !self.slugs.insert(short(&slug)) {
            let why = "the rows of a product must follow one another; this one came before";
            self.wrong(row.line, &Column::Handle, "not_together", why, mistakes);
        }
        let product = ImportedProduct {
            line: row.line,
            slug,
            ..row.product.clone()
        };
        let options = row.options.clone().map(|(name, _)| name);
        let before = self.current.replace(Current { product, options });
        before.map(|current| current.product)
    }

    /// Further rows say nothing of the product, or the same.
    fn same_product(&self, row: &Row, mistakes: &mut Mistakes) {
        let Some(current) = &self.current else { return };
        let (first, again) = (&current.product, &row.product);
        // Shopify repeats what it likes, and says of each variant whether it
        // is shipped.
        if self.header.shopify {
            return;
        }
        let differs = [
            (
                Column::Name,
                again.name.is_some() && again.name != first.name,
            ),
            (
                Column::Brand,
                again.brand.is_some() && again.brand != first.brand,
            ),
            (
                Column::Description,
                again.description.is_some() && again.description != first.description,
            ),
            (
                Column::Kind,
                again.kind.is_some() && again.kind != first.kind,
            ),
            (
                Column::Condition,
                again.condition.is_some() && again.condition != first.condition,
            ),
            (
                Column::Status,
                again.status.is_some() && again.status != first.status,
            ),
            (
                Column::Strategy,
                again.strategy.is_some() && again.strategy != first.strategy,
            ),
            (
                Column::Tags,
                again.tags.is_some() && again.tags != first.tags,
            ),
            (
                Column::Categories,
                again.categories.is_some() && again.categories != first.categories,
            ),
        ];
        for (column, _) in differs.iter().filter(|(_, differs)| *differs) {
            let why = "differs from the product's first row; leave it empty here";
            self.wrong(row.line, column, "differs", why, mistakes);
        }
    }

    fn add_variant(&mut self, mut row: Row, mistakes: &mut Mistakes) {
        if !row.has_variant {
            return;
        }
        let line = row.line;
        let Some(current) = &mut self.current else {
            return;
        };
        for (n, (_, value)) in row.options.into_iter().enumerate() {
            let (Some(name), Some(value)) = (&current.options[n], value) else {
                continue;
            };
            // What Shopify says of products without options.
            if name.eq_ignore_ascii_case("title") && value.eq_ignore_ascii_case("default title") {
                continue;
            }
            if SIZE.contains(&name.to_lowercase().as_str()) && value.chars().count() <= 64 {
                row.variant.size = Some(value);
            } else {
                row.variant.options.insert(name.to_lowercase(), value);
            }
        }
        let place = current.product.variants.len();
        if row.variant.sku.is_empty() && self.header.shopify {
            let slug: String = current.product.slug.chars().take(56).collect();
            row.variant.sku = format!("{slug}-{}", place + 1);
        }
        row.variant.line = line;
        let dropped = self.header.shopify && drop_saving(&mut row.variant);
        self.tally.dropped_saving(dropped);
        if place == MAX_PER_PRODUCT {
            let why = format!("a product has at most {MAX_PER_PRODUCT} variants");
            self.wrong(line, &Column::Handle, "too_many", &why, mistakes);
            return;
        }
        if row.variant.sku.is_empty() {
            let why = "is missing: it tells variants apart";
            self.wrong(line, &Column::Sku, "missing", why, mistakes);
        } else if self.skus.insert(short(&row.variant.sku)) {
            current.product.variants.push(row.variant);
        } else {
            let why = "the file has this SKU before";
            self.wrong(line, &Column::Sku, "twice", why, mistakes);
        }
    }

    /// What was left out, in sentences.
    pub fn notes(&self) -> Vec<String> {
        self.tally.notes(self.header)
    }
}

/// Takes a compare-at price away that promises no saving, as Shopify lets
/// variants have; whether there was one.
fn drop_saving(variant: &mut ImportedVariant) -> bool {
    let both = variant.price.zip(variant.compare_at);
    let none = both.is_some_and(|(price, compare_at)| (1..=price).contains(&compare_at));
    if none {
        variant.compare_at = Some(0);
    }
    none
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kernel::Currency;

    use super::super::Rules;
    use super::super::record::read;
    use super::*;
    use crate::product::{ProductKind, ProductStatus};

    fn import(text: &str) -> (Vec<ImportedProduct>, Mistakes, Vec<String>) {
        let categories = BTreeSet::from(["shoes".to_owned()]);
        let rules = Rules {
            currency: Currency::EUR,
            categories: &categories,
        };
        let mut lines = text.lines();
        let header = Header::read(1, lines.next().unwrap().split(',')).unwrap();
        let mut groups = Groups::new(&header);
        let mut mistakes = Mistakes::default();
        let mut products = Vec::new();
        for (n, line) in (2..).zip(lines) {
            let cells: Vec<&str> = line.split(',').collect();
            let row = read(&header, rules, n, &cells, &mut mistakes);
            products.extend(groups.push(row, &mut mistakes));
        }
        products.extend(groups.finish());
        (products, mistakes, groups.notes())
    }

    fn codes(text: &str) -> Vec<(u64, String, String)> {
        let (_, mistakes, _) = import(text);
        mistakes
            .listed
            .into_iter()
            .map(|one| (one.line, one.column.unwrap_or_default(), one.code))
            .collect()
    }

    #[test]
    fn rows_become_products() {
        let (products, mistakes, notes) = import(
            "handle,name,categories,attribute:Material,sku,size,option:Colour,price,on_hand\n\
             boot,Boot,shoes,Leather,B-41,41,Red,99.50,3\n\
             boot,,,,B-42,42,Red,99.50,0\n\
             ,Only a name,,,,,,,\n",
        );
        assert_eq!(mistakes, Mistakes::default());
        assert!(notes.is_empty());
        assert_eq!(products.len(), 2);
        assert_eq!(products[0].variants.len(), 2);
        assert_eq!(products[0].variants[1].price, Some(9950));
        assert_eq!(products[0].attributes["Material"], "Leather");
        assert_eq!(products[1].slug, "only-a-name");
        assert!(products[1].variants.is_empty());
    }

    #[test]
    fn mistakes_name_line_and_column() {
        let header = "handle,name,kind,sku,price,on_hand,categories";
        for (row, line, column, code) in [
            (",,,a,1,,", 2, "handle", "missing"),
            ("A B,x,,a,1,,", 2, "handle", "slug"),
            ("a,x,thing,a,1,,", 2, "kind", "choice"),
            ("a,x,,a,1.999,,", 2, "price", "price"),
            ("a,x,,a,1,-1,", 2, "on_hand", "range"),
            ("a,x,,,1,,", 2, "sku", "missing"),
            ("a,x,,a,1,,hats", 2, "categories", "unknown_category"),
            ("a,x,,a,1,,\na,y,,b,1,,", 3, "name", "differs"),
            ("a,x,,a,1,,\na,,,a,1,,", 3, "sku", "twice"),
            (
                "a,x,,a,1,,\nb,y,,b,1,,\na,,,c,1,,",
                4,
                "handle",
                "not_together",
            ),
        ] {
            let text = format!("{header}\n{row}");
            assert_eq!(
                codes(&text),
                [(line, column.to_owned(), code.to_owned())],
                "{row}"
            );
        }
    }

    #[test]
    fn shopify_files_are_read_as_they_are() {
        let (products, mistakes, notes) = import(
            "Handle,Title,Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Requires Shipping,Image Src,SEO Title,Status\n\
             tee,Tee,Acme,Shirts,summer,TRUE,Size,M,Color,Red,T-M,200.0,shopify,-3,19.00,25.00,TRUE,https://a.example/1.jpg,x,active\n\
             tee,,,,,,,L,,Red,,200,,5,19.00,19.00,TRUE,,,\n\
             tee,,,,,,,,,,,,,,,,,https://a.example/2.jpg,,\n\
             card,Gift Card,Acme,,,FALSE,Title,Default Title,,,CARD,0,,,25.00,,FALSE,,,active\n",
        );
        assert_eq!(mistakes, Mistakes::default());
        let [tee, card] = &products[..] else {
            panic!("{products:?}")
        };
        assert_eq!(tee.attributes["type"], "Shirts");
        assert_eq!(tee.variants.len(), 2);
        assert_eq!(tee.variants[0].size.as_deref(), Some("M"));
        assert_eq!(tee.variants[0].options["color"], "Red");
        assert_eq!(tee.variants[0].on_hand, Some(0));
        assert_eq!(tee.variants[1].sku, "tee-2");
        assert_eq!(card.kind, Some(ProductKind::Service));
        assert_eq!(tee.status, Some(ProductStatus::Active));
        assert_eq!(card.status, Some(ProductStatus::Draft));
        assert!(card.variants[0].options.is_empty());
        assert_eq!(tee.variants[0].compare_at, Some(2500));
        assert_eq!(tee.variants[1].compare_at, Some(0));
        assert_eq!(card.variants[0].compare_at, None);
        assert_eq!(notes.len(), 5, "{notes:?}");
    }
}
