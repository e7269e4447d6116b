//! Imports of whole catalogs from CSV files.

pub mod cells;
pub mod group;
pub mod header;
mod notes;
pub mod record;

use kernel::{Audited, Currency, ImportId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// How many mistakes are listed; the rest is counted.
pub const MAX_LISTED: usize = 100;
/// How many remarks are kept.
pub const MAX_NOTES: usize = 20;
/// The largest row, in bytes.
pub const MAX_ROW: usize = 256 * 1024;
/// The most columns.
pub const MAX_COLUMNS: usize = 300;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// The file is coming in.
    Uploading,
    /// It waits for a worker.
    Queued,
    /// Its rows are read and checked. The catalog is as it was.
    Reading,
    /// The catalog is changed, in one transaction.
    Applying,
    /// The catalog is changed; after a dry run, it could be.
    Done,
    /// Nothing was changed; the mistakes say why.
    Failed,
    /// Nothing was changed, because somebody did not want it any more.
    Canceled,
}

impl ImportState {
    /// Whether nothing will happen any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Canceled)
    }
}

/// Something in a file that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// In which line of the file, from 1; the header's is the first.
    pub line: u64,
    /// In which column, by its header; none for the row as a whole.
    pub column: Option<String>,
    /// Which rule, as a word.
    pub code: String,
    /// What to change.
    pub detail: String,
}

impl RowError {
    /// A mistake in a column.
    pub fn new(
        line: u64,
        column: Option<&str>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            line,
            column: column.map(str::to_owned),
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// Mistakes: the first ones, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistakes {
    /// How many there are.
    pub count: u64,
    /// The first ones.
    pub listed: Vec<RowError>,
}

impl Mistakes {
    /// Adds one.
    pub fn add(&mut self, mistake: RowError) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(mistake);
        }
    }
}

/// What an import does to the catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Products that are new.
    pub products_new: i64,
    /// Products that were there.
    pub products_changed: i64,
    /// Variants that are new.
    pub variants_new: i64,
    /// Variants that were there.
    pub variants_changed: i64,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// How far it has come.
    pub state: ImportState,
    /// Whether the file is only checked.
    pub dry_run: bool,
    /// Whether whoever began it may set stock that is there.
    pub may_set_stock: bool,
    /// Counts the workers that began it; only the last one may go on.
    pub attempt: i64,
    /// The size of the file, in bytes.
    pub bytes: i64,
    /// How much of it was read, in bytes.
    pub bytes_read: i64,
    /// How many rows were read.
    pub rows_read: i64,
    /// What it does, once that is known.
    pub effect: Effect,
    /// What is wrong with the file.
    pub mistakes: Mistakes,
    /// What was left out, in sentences.
    pub notes: Vec<String>,
    /// Who began it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
}

impl Audited for Import {
    fn snapshot(&self) -> Snapshot {
        let state: &'static str = self.state.into();
        Snapshot::new()
            .with("state", state)
            .with("dry_run", self.dry_run)
            .with("may_set_stock", self.may_set_stock)
            .with("bytes", self.bytes)
    }
}

/// What an import is to do.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// Only check the file.
    pub dry_run: bool,
}

/// A product as a file has it. What is `None` stays as it is, or has its
/// default in a product that is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedProduct {
    /// In which line it begins.
    pub line: u64,
    /// Its name in URLs, by which it is known again.
    pub slug: String,
    /// What it is called.
    pub name: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// What kind of thing it is.
    pub kind: Option<crate::product::ProductKind>,
    /// Whether it had an owner before.
    pub condition: Option<crate::product::Condition>,
    /// Whether it is shown and sold.
    pub status: Option<crate::product::ProductStatus>,
    /// Where its stock is counted.
    pub strategy: Option<crate::product::InventoryStrategy>,
    /// Properties to set; others stay.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// Words to find it by, all of them.
    pub tags: Option<std::collections::BTreeSet<String>>,
    /// The slugs of its categories, all of them.
    pub categories: Option<std::collections::BTreeSet<String>>,
    /// Its variants.
    pub variants: Vec<ImportedVariant>,
}

/// A variant as a file has it. What is `None` stays as it is, or has its
/// default in a variant that is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedVariant {
    /// In which line it is.
    pub line: u64,
    /// The stock keeping unit, by which it is known again.
    pub sku: String,
    /// What tells it apart.
    pub title: Option<String>,
    /// Its size.
    pub size: Option<String>,
    /// Options to set; others stay.
    pub options: std::collections::BTreeMap<String, String>,
    /// What one costs, in minor units.
    pub price: Option<i64>,
    /// What one cost before, in minor units; 0 removes that.
    pub compare_at: Option<i64>,
    /// What one weighs, in grams.
    pub weight_grams: Option<i64>,
    /// How many there are.
    pub on_hand: Option<i64>,
    /// From which availability on its pile is low.
    pub low_at: Option<i64>,
    /// Whether more is sold than there is.
    pub supply: Option<crate::supply::SupplyMode>,
    /// How many more.
    pub beyond: Option<i64>,
    /// From when on these are expected.
    pub available_at: Option<Timestamp>,
    /// Its place among its siblings.
    pub position: Option<i64>,
    /// Whether it is sold.
    pub status: Option<crate::variant::VariantStatus>,
}

/// What rows are read against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The currency of the tenant's prices.
    pub currency: Currency,
    /// The slugs of the categories there are.
    pub categories: &'a std::collections::BTreeSet<String>,
}
