//! Gift cards.

use credits_model::gift_card::{GiftCard, GiftCardStatus};
use database::column::{currency, word};
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, GiftCardId, Money, Page, PageRequest, Timestamp, WalletId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    amount: i64,
    currency: String,
    status: String,
    hint: String,
    note: Option<String>,
    expires_at: Option<i64>,
    wallet_id: Option<Uuid>,
    redeemed_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT id, amount, currency, status, hint, note, expires_at, wallet_id, redeemed_at, created_at, \
     updated_at FROM gift_cards WHERE tenant_id = $1";

impl TryFrom<Row> for GiftCard {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: GiftCardId::from_uuid(row.id),
            amount: Money::new(row.amount, currency("gift_cards.currency", &row.currency)?),
            status: word("gift_cards.status", &row.status)?,
            hint: row.hint,
            note: row.note,
            expires_at: row.expires_at.map(Timestamp::from_micros),
            wallet: row.wallet_id.map(WalletId::from_uuid),
            redeemed_at: row.redeemed_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

async fn one(db: &Scoped, condition: &str, value: Value) -> Result<Option<GiftCard>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND {condition}"), [value])
        .await?;
    row.map(GiftCard::try_from).transpose()
}

/// One gift card.
pub async fn find(db: &Scoped, id: GiftCardId) -> Result<Option<GiftCard>, Fault> {
    one(db, "id = $2", id.uuid().into()).await
}

/// One gift card that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: GiftCardId) -> Result<Option<GiftCard>, Fault> {
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    one(tx, &format!("id = $2{lock}"), id.uuid().into()).await
}

/// The gift card whose code has that hash.
pub async fn find_by_code(db: &Scoped, hash: &str) -> Result<Option<GiftCard>, Fault> {
    one(db, "code_hash = $2", hash.into()).await
}

/// Which gift cards to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those that stand there.
    pub status: Option<GiftCardStatus>,
}

/// Gift cards, newest first.
pub async fn list(
    db: &Scoped,
    filter: Filter,
    now: Timestamp,
    page: PageRequest<GiftCardId>,
) -> Result<Page<GiftCard, GiftCardId>, Fault> {
    let status: Option<&'static str> = filter.status.map(Into::into);
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT} AND ($2 IS NULL OR $2 = CASE WHEN status = 'active' AND expires_at <= $3 THEN 'expired' \
                   ELSE status END) AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
            ),
            [
                status.map(str::to_owned).into(),
                now.micros().into(),
                page.after.map(GiftCardId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows
        .into_iter()
        .map(GiftCard::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(all, page.limit, |one| one.id))
}

/// The write that adds a gift card, for a batch.
pub fn insert(card: &GiftCard, hash: &str) -> (&'static str, Vec<Value>) {
    let status: &'static str = card.status.into();
    (
        "INSERT INTO gift_cards (tenant_id, id, code_hash, hint, amount, currency, status, note, expires_at, created_at, \
           updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        vec![
            card.id.uuid().into(),
            hash.into(),
            card.hint.clone().into(),
            card.amount.minor.into(),
            card.amount.currency.code().into(),
            status.into(),
            card.note.clone().into(),
            card.expires_at.map(Timestamp::micros).into(),
            card.created_at.micros().into(),
            card.updated_at.micros().into(),
        ],
    )
}

/// The write that takes a gift card back; it has to be locked.
pub fn void(card: &GiftCard) -> (&'static str, Vec<Value>) {
    (
        "UPDATE gift_cards SET status = 'voided', updated_at = $2 WHERE tenant_id = $1 AND id = $3",
        vec![card.updated_at.micros().into(), card.id.uuid().into()],
    )
}

/// Puts a gift card into a wallet, if it is active. False when somebody was
/// faster, or its time is over.
pub async fn redeem(
    tx: &Transaction,
    id: GiftCardId,
    wallet: WalletId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE gift_cards SET status = 'redeemed', wallet_id = $2, redeemed_at = $3, updated_at = $3 \
             WHERE tenant_id = $1 AND id = $4 AND status = 'active' AND (expires_at IS NULL OR expires_at > $3)",
            [
                wallet.uuid().into(),
                now.micros().into(),
                id.uuid().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}
