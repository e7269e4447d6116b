//! Running an import: reading and checking all rows, then changing the catalog
//! in one transaction, or not at all.

use std::collections::BTreeSet;

use catalog_model::CatalogError;
use catalog_model::events::{CatalogImported, StockLow};
use catalog_model::import::group::Groups;
use catalog_model::import::header::Header;
use catalog_model::import::record::read;
use catalog_model::import::{Import, ImportState, ImportedProduct, RowError, Rules};
use catalog_model::jobs::IndexMissing;
use catalog_repository::staging::{self, Next};
use catalog_repository::{
    categories, documents, import_apply, import_check, imports, products, variants,
};
use kernel::{Currency, Fault, ImportId, Permission, Scope};

use super::csv::CsvRows;
use crate::Catalog;
use crate::stock::low_now;

/// Products, and variants, that are put aside in one transaction.
const PRODUCTS_AT_ONCE: usize = 500;
const VARIANTS_AT_ONCE: usize = 1_000;
/// How many piles that run low are named in one event.
const PILES_AT_ONCE: usize = 500;
/// How often the last step is tried when somebody makes the same product in
/// the middle of it.
const TRIES: u32 = 3;

/// Why a run goes no further.
enum Stopped {
    /// It was canceled, or another worker has it; nothing is to be noted.
    Elsewhere,
    /// The file is wrong.
    Wrong,
    /// Something failed.
    Failed(CatalogError),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl From<CatalogError> for Stopped {
    fn from(error: CatalogError) -> Self {
        Self::Failed(error)
    }
}

/// Rows on their way from the file to the database.
struct Reading<'a> {
    rules: Rules<'a>,
    header: Option<Header>,
    rows: Vec<(u64, Vec<String>)>,
}

impl Catalog {
    /// Runs an import; called by its job. A worker that died in the middle of
    /// it has changed nothing, and the next one begins anew.
    pub async fn run_import(
        &self,
        scope: &Scope,
        id: ImportId,
        is_last: bool,
    ) -> Result<(), CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "import.take").await?;
        let taken = imports::take(&tx, id, self.now()).await?;
        tx.commit().await?;
        let Some(mut import) = taken else {
            self.tidy(scope, id, true).await?;
            return Ok(());
        };
        self.tidy(scope, id, false).await?;
        match self.read_and_apply(scope, &mut import).await {
            Ok(()) | Err(Stopped::Elsewhere) => {}
            Err(Stopped::Wrong) => self.end(scope, &import).await?,
            Err(Stopped::Failed(error)) => {
                if is_last {
                    let why = "something failed on our side; send the file again later";
                    let mistake = RowError::new(0, None, "internal", why);
                    import.mistakes.add(mistake);
                    self.end(scope, &import).await?;
                    self.tidy(scope, id, true).await?;
                }
                return Err(error);
            }
        }
        let db = self.database.read(scope).await?;
        let now = imports::find(&db, id).await?;
        drop(db);
        if now.is_none_or(|now| now.state.is_final()) {
            self.tidy(scope, id, true).await?;
        }
        Ok(())
    }

    async fn end(&self, scope: &Scope, import: &Import) -> Result<(), Fault> {
        let tx = self.database.begin_write(scope, "import.fail").await?;
        imports::finish(&tx, import, ImportState::Failed, self.now()).await?;
        tx.commit().await
    }

    async fn read_and_apply(&self, scope: &Scope, import: &mut Import) -> Result<(), Stopped> {
        let currency = self.currency(scope).await?;
        let header = self.read_file(scope, import, currency).await?;
        if import.mistakes.count > 0 {
            return Err(Stopped::Wrong);
        }
        for left in (0..TRIES).rev() {
            match self.change_catalog(scope, import, &header, currency).await {
                Err(Stopped::Failed(CatalogError::Fault(fault)))
                    if left > 0
                        && (fault.violates(products::UNIQUE_SLUG)
                            || fault.violates(variants::UNIQUE_SKU)) => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// Reads the whole file and puts what it says aside; its columns.
    async fn read_file(
        &self,
        scope: &Scope,
        import: &mut Import,
        currency: Currency,
    ) -> Result<Header, Stopped> {
        let db = self.database.read(scope).await?;
        let tree = categories::all(&db).await?;
        drop(db);
        let slugs: BTreeSet<String> = tree.into_iter().map(|category| category.slug).collect();
        let mut reading = Reading {
            rules: Rules {
                currency,
                categories: &slugs,
            },
            header: None,
            rows: Vec::new(),
        };
        let mut csv = CsvRows::new();
        let mut piece = self.piece(scope, import.id, 0).await?;
        reading.take(&mut csv, &piece, import)?;
        let Some(header) = reading.header.take() else {
            let why = "the first row must name the columns";
            import
                .mistakes
                .add(RowError::new(1, None, "missing_column", why));
            return Err(Stopped::Wrong);
        };
        let mut groups = Groups::new(&header);
        let mut next = Next::default();
        let mut aside: Vec<ImportedProduct> = Vec::new();
        for n in 1.. {
            for (line, cells) in reading.rows.drain(..) {
                let product = row(&header, reading.rules, line, &cells, &mut groups, import);
                aside.extend(product);
            }
            import.bytes_read += i64::try_from(piece.len()).unwrap_or(0);
            if piece.is_empty() {
                aside.extend(groups.finish());
            }
            self.too_many(import)?;
            self.put_aside(scope, import, &mut aside, &mut next).await?;
            if piece.is_empty() {
                break;
            }
            piece = self.piece(scope, import.id, n).await?;
            reading.header = Some(header.clone());
            reading.take(&mut csv, &piece, import)?;
        }
        import.notes = groups.notes();
        Ok(header)
    }

    async fn piece(&self, scope: &Scope, id: ImportId, n: i64) -> Result<Vec<u8>, Fault> {
        let db = self.database.read(scope).await?;
        Ok(imports::chunk(&db, id, n).await?.unwrap_or_default())
    }

    fn too_many(&self, import: &mut Import) -> Result<(), Stopped> {
        let most = self.imports.max_rows.get();
        if usize::try_from(import.rows_read).unwrap_or(usize::MAX) <= most {
            return Ok(());
        }
        let why = format!("a file may have at most {most} rows; send it in parts");
        import
            .mistakes
            .add(RowError::new(0, None, "too_many_rows", why));
        Err(Stopped::Wrong)
    }

    /// Puts products aside and notes how far the import is. After the first
    /// mistake rows are only checked.
    async fn put_aside(
        &self,
        scope: &Scope,
        import: &Import,
        aside: &mut Vec<ImportedProduct>,
        next: &mut Next,
    ) -> Result<(), Stopped> {
        if import.mistakes.count > 0 {
            aside.clear();
        }
        let mut rest = aside.as_slice();
        loop {
            let some = how_many(rest);
            let (now, later) = rest.split_at(some);
            let tx = self.database.begin_write(scope, "import.aside").await?;
            if !imports::progress(&tx, import, ImportState::Reading, self.now()).await? {
                return Err(Stopped::Elsewhere);
            }
            if !now.is_empty() {
                staging::insert(&tx, import.id, now, next, self.now()).await?;
            }
            tx.commit().await?;
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        aside.clear();
        Ok(())
    }

    /// Compares the rows with the catalog and changes it, in one transaction.
    /// A dry run compares, and takes back what that wrote.
    async fn change_catalog(
        &self,
        scope: &Scope,
        import: &mut Import,
        header: &Header,
        currency: Currency,
    ) -> Result<(), Stopped> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "import.state").await?;
        if !imports::progress(&tx, import, ImportState::Applying, now).await? {
            return Err(Stopped::Elsewhere);
        }
        tx.commit().await?;
        let started = std::time::Instant::now();
        let tx = self.database.begin_write(scope, "import.apply").await?;
        let may_set_stock = import.may_set_stock;
        let mistakes = &mut import.mistakes;
        import_check::compare(&tx, import.id, may_set_stock, header, mistakes, now).await?;
        if import.mistakes.count > 0 {
            tx.rollback().await?;
            return Err(Stopped::Wrong);
        }
        import.effect = import_check::effect(&tx, import.id).await?;
        if import.dry_run {
            tx.rollback().await?;
            let tx = self.database.begin_write(scope, "import.checked").await?;
            imports::finish(&tx, import, ImportState::Done, now).await?;
            tx.commit().await?;
            return Ok(());
        }
        let actor = import.actor.clone();
        import_apply::apply(&tx, import.id, currency, now, &actor).await?;
        documents::outdate(&tx, import.id).await?;
        self.queue.enqueue(&tx, &IndexMissing {}).await?;
        let event = CatalogImported { import: import.id };
        self.queue.publish(&tx, &event).await?;
        let low = import_apply::fell_low(&tx, import.id).await?;
        for piles in low.chunks(PILES_AT_ONCE) {
            let piles = piles
                .iter()
                .filter_map(|pile| low_now(pile, true))
                .collect();
            self.queue.publish(&tx, &StockLow { piles }).await?;
        }
        // The last thing, so that it can be canceled up to here.
        if !imports::finish(&tx, import, ImportState::Done, now).await? {
            tx.rollback().await?;
            return Err(Stopped::Elsewhere);
        }
        tx.commit().await?;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(import = %import.id, rows = import.rows_read, millis, "the catalog was changed");
        Ok(())
    }
}

/// How many products fit into one statement.
fn how_many(products: &[ImportedProduct]) -> usize {
    let mut variants = 0;
    let fits = |product: &&ImportedProduct| {
        variants += product.variants.len();
        variants <= VARIANTS_AT_ONCE
    };
    products
        .iter()
        .take(PRODUCTS_AT_ONCE)
        .take_while(fits)
        .count()
}

impl Reading<'_> {
    /// Takes a piece of the file apart. The first row is the header.
    fn take(
        &mut self,
        csv: &mut CsvRows,
        piece: &[u8],
        import: &mut Import,
    ) -> Result<(), Stopped> {
        let mut wrong = Vec::new();
        let (header, rows) = (&mut self.header, &mut self.rows);
        let read = csv.feed(piece, |line, cells| {
            if header.is_some() || !wrong.is_empty() {
                let cells = cells.iter().map(|cell| (*cell).to_owned());
                rows.push((line, cells.collect()));
                return;
            }
            match Header::read(line, cells.iter().copied()) {
                Ok(read) => *header = Some(read),
                Err(mistakes) => wrong = mistakes,
            }
        });
        wrong.extend(read.err());
        if wrong.is_empty() {
            return Ok(());
        }
        for mistake in wrong {
            import.mistakes.add(mistake);
        }
        Err(Stopped::Wrong)
    }
}

/// Reads one row; a product, if it was complete before.
fn row(
    header: &Header,
    rules: Rules<'_>,
    line: u64,
    cells: &[String],
    groups: &mut Groups<'_>,
    import: &mut Import,
) -> Option<ImportedProduct> {
    import.rows_read += 1;
    let (has, wants) = (cells.len(), header.columns.len());
    if has != wants {
        let cells = if has == 1 { "cell" } else { "cells" };
        let why = format!(
            "the row has {has} {cells} and the header {wants}; is a quotation mark or a separator missing?"
        );
        import.mistakes.add(RowError::new(line, None, "cells", why));
        return None;
    }
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let row = read(header, rules, line, &cells, &mut import.mistakes);
    groups.push(row, &mut import.mistakes)
}
