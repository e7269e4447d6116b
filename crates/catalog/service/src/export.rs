//! The whole catalog as a CSV file that an import reads again.

use std::sync::Arc;

use bytes::Bytes;
use catalog_model::CatalogError;
use catalog_model::import::MAX_COLUMNS;
use catalog_model::offer::{ProductDetail, StockedVariant};
use catalog_model::supply::SupplyMode;
use catalog_repository::{detail, keys};
use csv::{Writer, WriterBuilder};
use futures::Stream;
use futures::stream::try_unfold;
use kernel::{Fault, Money, Permission, ProductId, Scope, Timestamp, cell};

use crate::Catalog;

/// Products of one piece.
const PAGE: i64 = 200;
/// Columns that every file has.
const FIXED: [&str; 24] = [
    "handle",
    "name",
    "brand",
    "description",
    "kind",
    "condition",
    "status",
    "tags",
    "categories",
    "inventory_strategy",
    "sku",
    "variant_title",
    "size",
    "price",
    "compare_at_price",
    "currency",
    "weight_grams",
    "on_hand",
    "low_stock_threshold",
    "supply",
    "backorder_limit",
    "available_at",
    "position",
    "variant_status",
];

/// The columns of one file.
struct Table {
    attributes: Vec<String>,
    options: Vec<String>,
}

/// How far a file is.
struct Progress {
    catalog: Arc<Catalog>,
    scope: Scope,
    table: Table,
    after: Option<ProductId>,
    mark: bool,
    begun: bool,
    ended: bool,
}

/// The beginning of the file that tells Excel that it is UTF-8.
const MARK: &str = "\u{feff}";

/// A file, piece by piece, as it is read from the database.
pub type Exported = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, CatalogError>>>>;

impl Catalog {
    /// All products with their variants, a row for each. Nothing is held
    /// between pieces, so that a slow reader holds up nobody; what changes
    /// meanwhile may be in it or not.
    pub async fn export(
        self: &Arc<Self>,
        scope: &Scope,
        mark: bool,
    ) -> Result<Exported, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        let table = Table {
            attributes: keys::attributes(&db).await?.into_iter().collect(),
            options: keys::options(&db).await?.into_iter().collect(),
        };
        drop(db);
        let most = MAX_COLUMNS - FIXED.len();
        if table.attributes.len() + table.options.len() > most {
            return Err(CatalogError::ExportTooWide(most));
        }
        let progress = Progress {
            catalog: self.clone(),
            scope: scope.clone(),
            table,
            after: None,
            mark,
            begun: false,
            ended: false,
        };
        Ok(Box::pin(try_unfold(progress, Progress::next)))
    }
}

impl Progress {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, CatalogError> {
        if self.ended {
            return Ok(None);
        }
        let mut file = Vec::new();
        if !self.begun && self.mark {
            file.extend(MARK.bytes());
        }
        let mut rows = WriterBuilder::new().flexible(false).from_writer(file);
        if !self.begun {
            self.begun = true;
            self.table.header(&mut rows)?;
        }
        let db = self.catalog.database.read(&self.scope).await?;
        let page = detail::page(&db, self.after, PAGE).await?;
        drop(db);
        for product in &page {
            self.table.product(&mut rows, product, self.catalog.now())?;
        }
        match page.last() {
            Some(last) => self.after = Some(last.product.id),
            None => self.ended = true,
        }
        let piece = rows
            .into_inner()
            .map_err(|error| Fault::permanent("write a row").caused_by(error.to_string()))?;
        Ok(Some((piece.into(), self)))
    }
}

fn write<'a>(
    rows: &mut Writer<Vec<u8>>,
    cells: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    let cells: Vec<_> = cells.map(cell::neutralise).collect();
    rows.write_record(cells.iter().map(|cell| cell.as_bytes()))
        .map_err(|error| Fault::permanent("write a row").caused_by(error))
}

impl Table {
    fn header(&self, rows: &mut Writer<Vec<u8>>) -> Result<(), Fault> {
        let attributes = self
            .attributes
            .iter()
            .map(|name| format!("attribute:{name}"));
        let options = self.options.iter().map(|name| format!("option:{name}"));
        let named: Vec<String> = attributes.chain(options).collect();
        let all = FIXED.into_iter().chain(named.iter().map(String::as_str));
        write(rows, all)
    }

    fn product(
        &self,
        rows: &mut Writer<Vec<u8>>,
        detail: &ProductDetail,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if detail.variants.is_empty() {
            return self.row(rows, detail, None, true);
        }
        for (n, variant) in detail.variants.iter().enumerate() {
            // A preorder whose day has come is none any more.
            let variant = variant.clone().at(now);
            self.row(rows, detail, Some(&variant), n == 0)?;
        }
        Ok(())
    }

    fn row(
        &self,
        rows: &mut Writer<Vec<u8>>,
        detail: &ProductDetail,
        variant: Option<&StockedVariant>,
        first: bool,
    ) -> Result<(), Fault> {
        let mut cells = if first {
            of_product(detail)
        } else {
            let mut cells = vec![String::new(); 10];
            cells[0].clone_from(&detail.product.slug);
            cells
        };
        cells.extend(variant.map_or_else(|| vec![String::new(); 14], of_variant));
        cells.extend(self.attributes.iter().map(|name| {
            let value = detail.product.attributes.get(name).filter(|_| first);
            value.cloned().unwrap_or_default()
        }));
        cells.extend(self.options.iter().map(|name| {
            let value = variant.and_then(|variant| variant.variant.options.get(name));
            value.cloned().unwrap_or_default()
        }));
        write(rows, cells.iter().map(String::as_str))
    }
}

fn of_product(detail: &ProductDetail) -> Vec<String> {
    let product = &detail.product;
    let (kind, condition): (&'static str, &'static str) =
        (product.kind.into(), product.condition.into());
    let (status, strategy): (&'static str, &'static str) =
        (product.status.into(), product.inventory_strategy.into());
    let tags: Vec<&str> = product.tags.iter().map(String::as_str).collect();
    let categories: Vec<&str> = detail
        .categories
        .iter()
        .map(|one| one.slug.as_str())
        .collect();
    vec![
        product.slug.clone(),
        product.name.clone(),
        product.brand.clone().unwrap_or_default(),
        product.description.clone(),
        kind.to_owned(),
        condition.to_owned(),
        status.to_owned(),
        tags.join(","),
        categories.join(","),
        strategy.to_owned(),
    ]
}

fn of_variant(stocked: &StockedVariant) -> Vec<String> {
    let variant = &stocked.variant;
    let status: &'static str = variant.status.into();
    let stock = stocked.stock;
    let on_hand = stock.map(|stock| stock.on_hand.to_string());
    let low_at = stock.and_then(|stock| stock.low_at);
    let mode = stock.map(|stock| <&'static str>::from(stock.supply.mode));
    let beyond = stock.filter(|stock| stock.supply.mode != SupplyMode::Stock);
    let available_at = stock.and_then(|stock| stock.supply.available_at);
    vec![
        variant.sku.clone(),
        variant.title.clone(),
        variant.size.clone().unwrap_or_default(),
        variant.price.decimal(),
        variant.compare_at.map(Money::decimal).unwrap_or_default(),
        variant.price.currency.code().to_owned(),
        variant.weight_grams.to_string(),
        on_hand.unwrap_or_default(),
        low_at.map(|n| n.to_string()).unwrap_or_default(),
        mode.unwrap_or_default().to_owned(),
        beyond
            .map(|stock| stock.supply.beyond.to_string())
            .unwrap_or_default(),
        available_at.map(|at| at.to_string()).unwrap_or_default(),
        variant.position.to_string(),
        status.to_owned(),
    ]
}
