//! Imports.

use catalog_model::import::{Import, ImportState, RowError};
use kernel::{ImportId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// How far an import has come.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportState)]
pub(crate) enum ImportStateDto {
    /// The file is coming in.
    Uploading,
    /// It waits for a worker.
    Queued,
    /// Its rows are read and checked.
    Reading,
    /// The catalog is changed, in one transaction.
    Applying,
    /// The catalog is changed; after a dry run, it could be.
    Done,
    /// Nothing was changed; `errors` says why.
    Failed,
    /// Nothing was changed, because somebody canceled it.
    Canceled,
}

impl From<ImportState> for ImportStateDto {
    fn from(state: ImportState) -> Self {
        match state {
            ImportState::Uploading => Self::Uploading,
            ImportState::Queued => Self::Queued,
            ImportState::Reading => Self::Reading,
            ImportState::Applying => Self::Applying,
            ImportState::Done => Self::Done,
            ImportState::Failed => Self::Failed,
            ImportState::Canceled => Self::Canceled,
        }
    }
}

/// Something in a file that cannot be imported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportError)]
pub(crate) struct ImportErrorDto {
    /// In which line of the file, from 1, the header's; 0 for the whole file.
    #[schema(minimum = 0, example = 17)]
    line: u64,
    /// In which column, by its header; null for the row as a whole.
    #[schema(example = "price")]
    column: Option<String>,
    /// Which rule was broken, as a word.
    #[schema(example = "price")]
    code: String,
    /// What to change.
    #[schema(
        example = "must be an amount of EUR such as 12.99, with a point and without a sign or spaces"
    )]
    detail: String,
}

impl From<RowError> for ImportErrorDto {
    fn from(error: RowError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            code: error.code,
            detail: error.detail,
        }
    }
}

/// An import of a catalog.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub(crate) struct ImportDto {
    /// Which.
    #[schema(value_type = String, example = "imp_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ImportId,
    /// How far it has come.
    state: ImportStateDto,
    /// Whether the file is only checked.
    dry_run: bool,
    /// The size of the file, in bytes.
    bytes: i64,
    /// How much of it was read, in bytes.
    bytes_read: i64,
    /// How many rows were read, without the header.
    rows_read: i64,
    /// Products that are new, once that is known.
    products_new: i64,
    /// Products that were there.
    products_changed: i64,
    /// Variants that are new.
    variants_new: i64,
    /// Variants that were there.
    variants_changed: i64,
    /// How many mistakes the file has.
    error_count: u64,
    /// The first 100 of them.
    errors: Vec<ImportErrorDto>,
    /// What was left out, in sentences.
    notes: Vec<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it came to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<Import> for ImportDto {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            state: import.state.into(),
            dry_run: import.dry_run,
            bytes: import.bytes,
            bytes_read: import.bytes_read,
            rows_read: import.rows_read,
            products_new: import.effect.products_new,
            products_changed: import.effect.products_changed,
            variants_new: import.effect.variants_new,
            variants_changed: import.effect.variants_changed,
            error_count: import.mistakes.count,
            errors: import.mistakes.listed.into_iter().map(Into::into).collect(),
            notes: import.notes,
            created_at: import.created_at,
            finished_at: import.finished_at,
        }
    }
}
