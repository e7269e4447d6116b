//! Makes the demonstration catalog: always the same one.

use std::collections::{BTreeMap, HashMap};

use catalog_model::category::{Category, CategoryStatus};
use catalog_model::product::{
    Condition, InventoryStrategy, NewProduct, ProductKind, ProductStatus,
};
use catalog_model::variant::NewVariant;
use catalog_service::NewListing;
use kernel::{CategoryId, Currency, Money, Timestamp};

use super::words::{
    BEGINNINGS, BRANDS, CATEGORIES, COURSES, ENDINGS, LINES, Line, MIDDLES, MODELS, REGIONS,
};

/// Catalogs with more products have names that are put together.
const MANY: u32 = 5000;

/// The catalog.
pub(super) struct Demo {
    pub(super) categories: Vec<Category>,
    pub(super) listings: Vec<NewListing>,
}

/// A sequence of numbers that looks random and is always the same
/// (`SplitMix64`); randomness would make every demonstration another one.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % (bound as u64)).unwrap_or(0)
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A catalog of so many products.
pub(super) fn make(products: u32, currency: Currency, now: Timestamp) -> Demo {
    let mut ids: HashMap<&str, CategoryId> = HashMap::new();
    let mut categories = Vec::with_capacity(CATEGORIES.len());
    for (position, &(slug, name, parent)) in (0i64..).zip(CATEGORIES) {
        let id = CategoryId::new(now);
        ids.insert(slug, id);
        categories.push(Category {
            id,
            parent: parent.and_then(|parent| ids.get(parent).copied()),
            slug: slug.to_owned(),
            name: name.to_owned(),
            description: format!("{name} for every season."),
            position,
            status: CategoryStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        });
    }
    let mut numbers = Numbers(42);
    let listings = (0..products)
        .map(|n| match n % 25 {
            23 => map(n, currency, &ids, &mut numbers),
            24 => course(n, currency, &ids, &mut numbers),
            _ => {
                let names = Names::of_catalog(products, &mut numbers);
                goods(n, names, currency, &ids, &mut numbers)
            }
        })
        .collect();
    Demo {
        categories,
        listings,
    }
}

fn product(
    n: u32,
    name: String,
    kind: ProductKind,
    category: &str,
    ids: &HashMap<&str, CategoryId>,
) -> NewProduct {
    NewProduct {
        slug: Some(format!(
            "{}-{n}",
            catalog_model::product::slug_for(None, &name).unwrap_or_default()
        )),
        description: format!("The {name}, made to last. Guaranteed for two years."),
        name,
        brand: None,
        kind,
        condition: Condition::New,
        status: ProductStatus::Active,
        attributes: BTreeMap::new(),
        tags: ["new".to_owned()].into(),
        categories: ids.get(category).copied().into_iter().collect(),
        seller: None,
        inventory_strategy: InventoryStrategy::PerSize,
    }
}

/// What a product is called and who makes it.
struct Names {
    line: &'static Line,
    brand: String,
    model: String,
}

impl Names {
    /// Big catalogs have more makers and models than there are words for.
    fn of_catalog(products: u32, numbers: &mut Numbers) -> Self {
        let line = &LINES[numbers.below(LINES.len())];
        if products <= MANY {
            return Self {
                line,
                brand: numbers.of(BRANDS).to_owned(),
                model: numbers.of(MODELS).to_owned(),
            };
        }
        let mut coined = |last: &[&str]| {
            let parts = [
                numbers.of(BEGINNINGS),
                numbers.of(MIDDLES),
                numbers.of(last),
            ];
            parts.concat()
        };
        Self {
            line,
            brand: coined(&["berg"]),
            model: coined(ENDINGS),
        }
    }
}

fn goods(
    n: u32,
    names: Names,
    currency: Currency,
    ids: &HashMap<&str, CategoryId>,
    numbers: &mut Numbers,
) -> NewListing {
    let Names { line, brand, model } = names;
    let name = format!("{model} {}", line.noun);
    let mut product = product(n, name, ProductKind::Goods, line.category, ids);
    product.brand = Some(brand);
    let material = numbers.of(line.materials);
    product
        .attributes
        .insert("material".to_owned(), material.to_owned());
    if n % 20 == 7 {
        product.condition = Condition::Used;
        product.tags = ["second-hand".to_owned()].into();
    }
    if n % 10 == 3 {
        product.tags.insert("sale".to_owned());
    }
    // Some are counted as one pile, whatever their size.
    if n % 8 == 5 {
        product.inventory_strategy = InventoryStrategy::Flat;
    }
    NewListing {
        variants: variants(n, line, currency, numbers),
        product,
    }
}

fn variants(n: u32, line: &Line, currency: Currency, numbers: &mut Numbers) -> Vec<NewVariant> {
    let (low, high) = line.price;
    let spread = usize::try_from(high - low).unwrap_or(0) + 1;
    let whole = i64::from(low) + i64::try_from(numbers.below(spread)).unwrap_or(0);
    let unit = 10i64.pow(currency.exponent());
    // Prices end in .95 where the currency has hundredths.
    let price = Money::new(whole * unit - unit / 20, currency);
    let colours: Vec<Option<&str>> = if line.colours.is_empty() {
        vec![None]
    } else {
        line.colours.iter().map(|&colour| Some(colour)).collect()
    };
    let first = numbers.below(line.sizes.len().saturating_sub(1).max(1));
    let sizes: Vec<&str> = line.sizes.iter().skip(first).take(4).copied().collect();
    let mut all = Vec::new();
    for colour in colours {
        for size in &sizes {
            let position = i64::try_from(all.len()).unwrap_or(0);
            let mut options = BTreeMap::new();
            if let Some(colour) = colour {
                options.insert("colour".to_owned(), colour.to_owned());
            }
            all.push(NewVariant {
                sku: format!("D{n:05}-{position:02}"),
                title: None,
                size: (!size.is_empty()).then(|| (*size).to_owned()),
                options,
                price,
                weight_grams: i64::from(line.weight),
                position: None,
                // A few are out of stock or nearly so, as in life.
                on_hand: match numbers.below(12) {
                    0 => 0,
                    1 => 3,
                    more => 20 + 40 * i64::try_from(more).unwrap_or(0),
                },
            });
        }
    }
    if all.len() < 2 {
        let mut second = all[0].clone();
        second.sku = format!("D{n:05}-99");
        second.title = Some("Gift box".to_owned());
        second.price.minor += 5 * unit;
        all.push(second);
    }
    all
}

/// Something to download: it has no stock and is not shipped.
fn map(
    n: u32,
    currency: Currency,
    ids: &HashMap<&str, CategoryId>,
    numbers: &mut Numbers,
) -> NewListing {
    let name = format!("Hiking Map {}", numbers.of(REGIONS));
    let unit = 10i64.pow(currency.exponent());
    NewListing {
        product: product(n, name, ProductKind::Download, "maps", ids),
        variants: vec![
            intangible(n, 0, "1 : 50,000", Money::new(9 * unit, currency)),
            intangible(n, 1, "1 : 25,000", Money::new(14 * unit, currency)),
        ],
    }
}

/// A service: it has no stock and is not shipped.
fn course(
    n: u32,
    currency: Currency,
    ids: &HashMap<&str, CategoryId>,
    numbers: &mut Numbers,
) -> NewListing {
    let name = format!("Course: {}", numbers.of(COURSES));
    let unit = 10i64.pow(currency.exponent());
    NewListing {
        product: product(n, name, ProductKind::Service, "courses", ids),
        variants: vec![
            intangible(n, 0, "Weekday", Money::new(79 * unit, currency)),
            intangible(n, 1, "Weekend", Money::new(99 * unit, currency)),
        ],
    }
}

fn intangible(n: u32, position: i64, title: &str, price: Money) -> NewVariant {
    NewVariant {
        sku: format!("D{n:05}-{position:02}"),
        title: Some(title.to_owned()),
        size: None,
        options: BTreeMap::new(),
        price,
        weight_grams: 0,
        position: None,
        on_hand: 0,
    }
}
