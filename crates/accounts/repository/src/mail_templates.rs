//! What tenants write in mails.

use accounts_model::mails::{MailTemplate, OwnTemplate};
use database::{Scoped, Transaction};
use kernel::{Fault, Timestamp};
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    language: String,
    subject: String,
    body_text: String,
    body_html: String,
    version: i64,
    updated_at: i64,
}

impl From<Row> for OwnTemplate {
    fn from(row: Row) -> Self {
        Self {
            kind: row.kind,
            language: row.language,
            template: MailTemplate {
                subject: row.subject,
                text: row.body_text,
                html: row.body_html,
            },
            version: row.version,
            updated_at: Timestamp::from_micros(row.updated_at),
        }
    }
}

/// What the tenant wrote for one mail, in all languages.
pub async fn of_kind(db: &Scoped, kind: &str) -> Result<Vec<OwnTemplate>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT kind, language, subject, body_text, body_html, version, updated_at \
             FROM mail_templates WHERE tenant_id = $1 AND kind = $2 ORDER BY language",
            [kind.into()],
        )
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Which mail in which language a tenant wrote.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Written {
    /// Which mail.
    pub kind: String,
    /// In which language.
    pub language: String,
}

/// All that the tenant wrote, without the texts.
pub async fn written(db: &Scoped) -> Result<Vec<Written>, Fault> {
    db.all(
        "SELECT kind, language FROM mail_templates WHERE tenant_id = $1 ORDER BY kind, language",
        [],
    )
    .await
}

/// Adds what a tenant wrote; false when there was something already.
pub async fn insert(tx: &Transaction, own: &OwnTemplate) -> Result<bool, Fault> {
    let MailTemplate {
        subject,
        text,
        html,
    } = own.template.clone();
    let inserted = tx
        .run(
            "INSERT INTO mail_templates (tenant_id, kind, language, subject, body_text, body_html, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING",
            [
                own.kind.clone().into(),
                own.language.clone().into(),
                subject.into(),
                text.into(),
                html.into(),
                own.version.into(),
                own.updated_at.micros().into(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Writes what a tenant wrote anew, if the stored version is still the one
/// before.
pub async fn update(tx: &Transaction, own: &OwnTemplate) -> Result<bool, Fault> {
    let MailTemplate {
        subject,
        text,
        html,
    } = own.template.clone();
    let changed = tx
        .run(
            "UPDATE mail_templates SET subject = $2, body_text = $3, body_html = $4, version = $5, updated_at = $6 \
             WHERE tenant_id = $1 AND kind = $7 AND language = $8 AND version = $5 - 1",
            [
                subject.into(),
                text.into(),
                html.into(),
                own.version.into(),
                own.updated_at.micros().into(),
                own.kind.clone().into(),
                own.language.clone().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes what a tenant wrote, if its version is still that one.
pub async fn delete(
    tx: &Transaction,
    kind: &str,
    language: &str,
    version: i64,
) -> Result<bool, Fault> {
    let deleted = tx
        .run(
            "DELETE FROM mail_templates WHERE tenant_id = $1 AND kind = $2 AND language = $3 AND version = $4",
            [kind.into(), language.into(), version.into()],
        )
        .await?;
    Ok(deleted == 1)
}
