//! Imports of whole catalogs: uploading a file, following what becomes of it,
//! canceling.

mod csv;
mod run;
mod sweep;

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use catalog_model::CatalogError;
use catalog_model::import::{Effect, Import, ImportOptions, ImportState, Mistakes};
use catalog_model::jobs::RunImport;
use catalog_repository::imports;
use database::Once;
use futures::{Stream, StreamExt as _};
use kernel::secret::Sha256;
use kernel::{AuditEntry, Audited as _, ImportId, Page, PageRequest, Permission, Scope};

use crate::Catalog;
use csv::Utf8Check;

/// The size of the pieces in which a file is kept.
const PIECE: usize = 256 * 1024;

/// A file that comes in.
pub type Incoming<'a> = Pin<&'a mut dyn Stream<Item = Result<Bytes, CatalogError>>>;

impl Catalog {
    /// Takes a file and lets a job import it. The file is kept in pieces while
    /// it comes in, so that it is never in memory as a whole.
    pub async fn import(
        &self,
        scope: &Scope,
        options: ImportOptions,
        file: Incoming<'_>,
    ) -> Result<Import, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let begun = match self.begin_import(scope, options).await {
            Ok(import) => Some(import.id),
            // It may be this very import that goes on, sent once more. Then
            // the file is read and not kept.
            Err(CatalogError::ImportGoingOn) if scope.request().idempotency.is_some() => None,
            Err(error) => return Err(error),
        };
        let done = self.take_file(scope, begun, file).await;
        if let (Some(id), false) = (begun, matches!(done, Ok((true, _)))) {
            self.forget_upload(scope, id).await;
        }
        done.map(|(_, import)| import)
    }

    /// Takes the file of an import that was begun, or only looks whether it
    /// came before; whether it is new, and the import.
    async fn take_file(
        &self,
        scope: &Scope,
        begun: Option<ImportId>,
        file: Incoming<'_>,
    ) -> Result<(bool, Import), CatalogError> {
        let hash = self.keep_file(scope, begun, file).await?;
        // The same file in a repeated request is the same request.
        let scope = match &scope.request().idempotency {
            Some(wish) => {
                let both = [wish.fingerprint, hash].concat();
                let fingerprint = kernel::secret::sha256(&both);
                scope.with_idempotency(wish.with_fingerprint(fingerprint))
            }
            None => scope.clone(),
        };
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Import>(&scope, "import.create", now)
            .await?
        {
            Once::Fresh(tx) => tx,
            Once::Replayed(known) => return Ok((false, known)),
        };
        let id = begun.ok_or(CatalogError::ImportGoingOn)?;
        let (from, to) = (ImportState::Uploading, ImportState::Queued);
        let (sql, values) = imports::advance(id, from, to, now);
        if tx.run(sql, values).await? != 1 {
            return Err(CatalogError::ImportOver);
        }
        self.queue.enqueue(&tx, &RunImport { import: id }).await?;
        let made = imports::find(&tx, id).await?;
        let made = made.ok_or(CatalogError::ImportNotFound)?;
        // The one entry of an import, however much of the catalog it changes.
        let entry = AuditEntry::new("import.create", id).after(&made);
        self.record(&tx, entry).await?;
        let made = tx.commit_with(made).await?;
        Ok((made.id == id, made))
    }

    async fn begin_import(
        &self,
        scope: &Scope,
        options: ImportOptions,
    ) -> Result<Import, CatalogError> {
        self.give_up_uploads(scope).await?;
        let now = self.now();
        let import = Import {
            id: ImportId::new(now),
            state: ImportState::Uploading,
            dry_run: options.dry_run,
            may_set_stock: scope.may(Permission::StockWrite),
            attempt: 0,
            bytes: 0,
            bytes_read: 0,
            rows_read: 0,
            effect: Effect::default(),
            mistakes: Mistakes::default(),
            notes: Vec::new(),
            actor: scope.actor().label(),
            created_at: now,
            finished_at: None,
        };
        let tx = self.database.begin_write(scope, "import.begin").await?;
        imports::insert(&tx, &import).await.map_err(|fault| {
            if fault.violates(imports::UNIQUE_GOING_ON) {
                CatalogError::ImportGoingOn
            } else {
                fault.into()
            }
        })?;
        tx.commit().await?;
        Ok(import)
    }

    /// Keeps the pieces of a file; its hash.
    async fn keep_file(
        &self,
        scope: &Scope,
        id: Option<ImportId>,
        mut file: Incoming<'_>,
    ) -> Result<[u8; 32], CatalogError> {
        let mut hash = Sha256::default();
        let mut check = Utf8Check::default();
        let mut piece = BytesMut::with_capacity(PIECE);
        let (mut n, mut size) = (0, 0);
        while let Some(part) = file.next().await {
            let part = part?;
            size += part.len();
            if size > self.imports.max_bytes.get() {
                return Err(CatalogError::ImportTooLarge(self.imports.max_bytes.get()));
            }
            hash.update(&part);
            check.feed(&part).map_err(CatalogError::ImportEncoding)?;
            piece.extend_from_slice(&part);
            while piece.len() >= PIECE {
                let full = piece.split_to(PIECE).to_vec();
                self.keep_piece(scope, id, n, full).await?;
                n += 1;
            }
        }
        check.finish().map_err(CatalogError::ImportEncoding)?;
        if size == 0 {
            return Err(CatalogError::ImportEmpty);
        }
        if !piece.is_empty() {
            self.keep_piece(scope, id, n, piece.to_vec()).await?;
        }
        Ok(hash.finish())
    }

    async fn keep_piece(
        &self,
        scope: &Scope,
        id: Option<ImportId>,
        n: i64,
        piece: Vec<u8>,
    ) -> Result<(), CatalogError> {
        let Some(id) = id else { return Ok(()) };
        let tx = self.database.begin_write(scope, "import.piece").await?;
        if !imports::add_chunk(&tx, id, n, piece, self.now()).await? {
            // Canceled while it came in.
            return Err(CatalogError::ImportOver);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets a file that did not come to its end, or was there before. If
    /// this fails, the sweep does it later.
    async fn forget_upload(&self, scope: &Scope, id: ImportId) {
        let now = self.now();
        let result = async {
            let tx = self.database.begin_write(scope, "import.forget").await?;
            imports::cancel(&tx, id, now).await?;
            tx.commit().await?;
            self.tidy(scope, id, true).await
        };
        if let Err(fault) = result.await {
            tracing::warn!(import = %id, cause = fault.chain(), "left for the sweep");
        }
    }

    /// All imports, newest first.
    pub async fn imports(
        &self,
        scope: &Scope,
        page: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(imports::list(&db, page).await?)
    }

    /// One import.
    pub async fn import_state(&self, scope: &Scope, id: ImportId) -> Result<Import, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        imports::find(&db, id)
            .await?
            .ok_or(CatalogError::ImportNotFound)
    }

    /// Cancels an import. Nothing of it is kept, even if it was just about to
    /// change the catalog.
    pub async fn cancel_import(&self, scope: &Scope, id: ImportId) -> Result<Import, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "import.cancel").await?;
        let before = imports::find(&tx, id).await?;
        let before = before.ok_or(CatalogError::ImportNotFound)?.snapshot();
        let canceled = imports::cancel(&tx, id, self.now()).await?;
        let import = imports::find(&tx, id)
            .await?
            .ok_or(CatalogError::ImportNotFound)?;
        // To cancel twice is to cancel.
        if !canceled && import.state != ImportState::Canceled {
            return Err(CatalogError::ImportOver);
        }
        if canceled {
            let entry = AuditEntry::new("import.cancel", id);
            self.record(&tx, entry.before(&before).after(&import))
                .await?;
        }
        tx.commit().await?;
        Ok(import)
    }
}
