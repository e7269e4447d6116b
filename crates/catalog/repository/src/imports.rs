//! Imports: how far they have come, and their files.

use catalog_model::import::{Effect, Import, ImportState, Mistakes};
use database::column::{Stored, to_json, word};
use database::{Scoped, Transaction};
use kernel::{Fault, ImportId, Page, PageRequest, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The unique key on what is going on, as faults name it: one import at a
/// time.
pub const UNIQUE_GOING_ON: &str = "imports(kind)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    state: String,
    dry_run: bool,
    may_set_stock: bool,
    attempt: i64,
    bytes: i64,
    bytes_read: i64,
    rows_read: i64,
    effect: Stored<Effect>,
    mistakes: Stored<Mistakes>,
    notes: Stored<Vec<String>>,
    actor: String,
    created_at: i64,
    finished_at: Option<i64>,
}

const COLUMNS: &str = "id, state, dry_run, may_set_stock, attempt, bytes, bytes_read, rows_read, effect, mistakes, \
     notes, actor, created_at, finished_at";

impl TryFrom<Row> for Import {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: ImportId::from_uuid(row.id),
            state: word("imports.state", &row.state)?,
            dry_run: row.dry_run,
            may_set_stock: row.may_set_stock,
            attempt: row.attempt,
            bytes: row.bytes,
            bytes_read: row.bytes_read,
            rows_read: row.rows_read,
            effect: row.effect.0,
            mistakes: row.mistakes.0,
            notes: row.notes.0,
            actor: row.actor,
            created_at: Timestamp::from_micros(row.created_at),
            finished_at: row.finished_at.map(Timestamp::from_micros),
        })
    }
}

/// Adds an import whose file is about to come.
pub async fn insert(tx: &Transaction, import: &Import) -> Result<(), Fault> {
    let state: &'static str = import.state.into();
    tx.run(
        "INSERT INTO imports (tenant_id, id, kind, state, dry_run, may_set_stock, attempt, bytes, bytes_read, rows_read, \
           effect, mistakes, notes, actor, created_at, updated_at) \
         VALUES ($1, $2, 'products', $3, $4, $5, 0, 0, 0, 0, $6, $7, $8, $9, $10, $10)",
        [
            import.id.uuid().into(),
            state.into(),
            import.dry_run.into(),
            import.may_set_stock.into(),
            to_json(&import.effect).into(),
            to_json(&import.mistakes).into(),
            to_json(&import.notes).into(),
            import.actor.clone().into(),
            import.created_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// One import.
pub async fn find(db: &Scoped, id: ImportId) -> Result<Option<Import>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM imports WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(Import::try_from).transpose()
}

/// All imports, newest first.
pub async fn list(
    db: &Scoped,
    page: PageRequest<ImportId>,
) -> Result<Page<Import, ImportId>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM imports WHERE tenant_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    );
    let rows: Vec<Row> = db
        .all(
            &sql,
            [
                page.after.map(ImportId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let imports = rows
        .into_iter()
        .map(Import::try_from)
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::from_rows(imports, page.limit, |import| import.id))
}

/// Adds a piece of the file of an import that is still coming; false when it
/// is wanted no more.
pub async fn add_chunk(
    tx: &Transaction,
    id: ImportId,
    n: i64,
    content: Vec<u8>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let wanted = tx
        .run(
            "UPDATE imports SET bytes = bytes + $2, updated_at = $3 \
             WHERE tenant_id = $1 AND id = $4 AND state = 'uploading'",
            [bytes.into(), now.micros().into(), id.uuid().into()],
        )
        .await?;
    if wanted != 1 {
        return Ok(false);
    }
    tx.run(
        "INSERT INTO import_chunks (tenant_id, import_id, n, content) VALUES ($1, $2, $3, $4)",
        [id.uuid().into(), n.into(), content.into()],
    )
    .await?;
    Ok(true)
}

#[derive(FromQueryResult)]
struct ChunkRow {
    content: Vec<u8>,
}

/// A piece of a file; none after the last one.
pub async fn chunk(db: &Scoped, id: ImportId, n: i64) -> Result<Option<Vec<u8>>, Fault> {
    let row: Option<ChunkRow> = db
        .one(
            "SELECT content FROM import_chunks WHERE tenant_id = $1 AND import_id = $2 AND n = $3",
            [id.uuid().into(), n.into()],
        )
        .await?;
    Ok(row.map(|row| row.content))
}

/// The write that moves an import on, unless somebody moved it elsewhere.
pub fn advance(
    id: ImportId,
    from: ImportState,
    to: ImportState,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    let (from, to): (&'static str, &'static str) = (from.into(), to.into());
    (
        "UPDATE imports SET state = $2, updated_at = $3 WHERE tenant_id = $1 AND id = $4 AND state = $5",
        vec![
            to.into(),
            now.micros().into(),
            id.uuid().into(),
            from.into(),
        ],
    )
}

/// Takes an import for a worker: a later one takes it away from it. None when
/// it is over.
pub async fn take(tx: &Transaction, id: ImportId, now: Timestamp) -> Result<Option<Import>, Fault> {
    let sql = format!(
        "UPDATE imports SET state = 'reading', attempt = attempt + 1, bytes_read = 0, rows_read = 0, updated_at = $2 \
         WHERE tenant_id = $1 AND id = $3 AND state IN ('queued', 'reading', 'applying') RETURNING {COLUMNS}"
    );
    let row: Option<Row> = tx
        .one(&sql, [now.micros().into(), id.uuid().into()])
        .await?;
    row.map(Import::try_from).transpose()
}

/// Notes how far a worker has come; false when the import was canceled or
/// another worker has it.
pub async fn progress(
    tx: &Transaction,
    import: &Import,
    state: ImportState,
    now: Timestamp,
) -> Result<bool, Fault> {
    let state: &'static str = state.into();
    let changed = tx
        .run(
            "UPDATE imports SET bytes_read = $2, rows_read = $3, effect = $4, state = $5, updated_at = $6 \
             WHERE tenant_id = $1 AND id = $7 AND attempt = $8 AND state IN ('reading', 'applying')",
            [
                import.bytes_read.into(),
                import.rows_read.into(),
                to_json(&import.effect).into(),
                state.into(),
                now.micros().into(),
                import.id.uuid().into(),
                import.attempt.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends an import; false when it was canceled or another worker has it.
pub async fn finish(
    tx: &Transaction,
    import: &Import,
    state: ImportState,
    now: Timestamp,
) -> Result<bool, Fault> {
    let state: &'static str = state.into();
    let changed = tx
        .run(
            "UPDATE imports SET state = $2, bytes_read = $3, rows_read = $4, effect = $5, mistakes = $6, notes = $7, \
               updated_at = $8, finished_at = $8 \
             WHERE tenant_id = $1 AND id = $9 AND attempt = $10 AND state IN ('uploading', 'queued', 'reading', 'applying')",
            [
                state.into(),
                import.bytes_read.into(),
                import.rows_read.into(),
                to_json(&import.effect).into(),
                to_json(&import.mistakes).into(),
                to_json(&import.notes).into(),
                now.micros().into(),
                import.id.uuid().into(),
                import.attempt.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Cancels an import that is not over; false when it is.
pub async fn cancel(tx: &Transaction, id: ImportId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE imports SET state = 'canceled', updated_at = $2, finished_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND state IN ('uploading', 'queued', 'reading', 'applying')",
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// The write that gives up imports nobody worked at since a time.
pub fn give_up(
    state: ImportState,
    before: Timestamp,
    mistakes: &Mistakes,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    let state: &'static str = state.into();
    (
        "UPDATE imports SET state = 'failed', mistakes = $2, updated_at = $3, finished_at = $3 \
         WHERE tenant_id = $1 AND state = $4 AND updated_at < $5",
        vec![
            to_json(mistakes).into(),
            now.micros().into(),
            state.into(),
            before.micros().into(),
        ],
    )
}

/// The write that forgets imports that ended long ago.
pub fn forget(before: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "DELETE FROM imports WHERE tenant_id = $1 AND finished_at < $2",
        vec![before.micros().into()],
    )
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Imports that are over and have rows or pieces of their files left.
pub async fn untidy(db: &Scoped) -> Result<Vec<ImportId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            "SELECT i.id FROM imports i WHERE i.tenant_id = $1 AND i.state IN ('done', 'failed', 'canceled') \
               AND (EXISTS (SELECT 1 FROM import_chunks c WHERE c.tenant_id = $1 AND c.import_id = i.id) \
                 OR EXISTS (SELECT 1 FROM import_products p WHERE p.tenant_id = $1 AND p.import_id = i.id) \
                 OR EXISTS (SELECT 1 FROM import_variants v WHERE v.tenant_id = $1 AND v.import_id = i.id))",
            [],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ImportId::from_uuid(row.id))
        .collect())
}
