//! Top-ups.

use std::collections::BTreeMap;

use credits_model::top_up::TopUp;
use database::column::{Stored, currency, to_json, to_maybe, word};
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, Money, Page, PageRequest, PaymentId, Timestamp, TopUpId, UserId, WalletId};
use payments::{DisputeOutcome, MoneyRef, PaymentStatus, ReturnUrls, SavedMethod};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    wallet_id: Uuid,
    payment_id: Uuid,
    gateway: String,
    status: String,
    amount: i64,
    currency: String,
    session_id: Option<String>,
    url: Option<String>,
    intent_id: Option<String>,
    paid: Option<i64>,
    paid_currency: Option<String>,
    credited: Option<i64>,
    credited_at: Option<i64>,
    refunded: i64,
    taken_back: i64,
    disputes: Option<Stored<BTreeMap<String, DisputeOutcome>>>,
    failure: Option<String>,
    attention: Option<String>,
    return_urls: Stored<ReturnUrls>,
    saves_method: bool,
    charged_to: Option<Stored<SavedMethod>>,
    expires_at: i64,
    checked_at: i64,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT p.id, p.wallet_id, p.payment_id, p.gateway, p.status, p.amount, p.currency, p.session_id, \
     p.url, p.intent_id, p.paid, p.paid_currency, p.credited, p.credited_at, p.refunded, p.taken_back, p.disputes, p.failure, \
     p.attention, p.return_urls, p.saves_method, p.charged_to, p.expires_at, p.checked_at, p.created_at, p.updated_at FROM top_ups p WHERE p.tenant_id = $1";

impl TryFrom<Row> for TopUp {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let paid = match (row.paid, &row.paid_currency) {
            (Some(minor), Some(code)) => {
                Some(Money::new(minor, currency("top_ups.paid_currency", code)?))
            }
            _ => None,
        };
        Ok(Self {
            id: TopUpId::from_uuid(row.id),
            wallet: WalletId::from_uuid(row.wallet_id),
            payment: PaymentId::from_uuid(row.payment_id),
            gateway: row.gateway,
            status: word("top_ups.status", &row.status)?,
            amount: Money::new(row.amount, currency("top_ups.currency", &row.currency)?),
            session: row.session_id,
            url: row.url,
            intent: row.intent_id,
            paid,
            credited: row.credited,
            credited_at: row.credited_at.map(Timestamp::from_micros),
            refunded: row.refunded,
            taken_back: row.taken_back,
            disputes: row.disputes.map(|stored| stored.0).unwrap_or_default(),
            failure: row.failure,
            attention: row.attention,
            return_urls: row.return_urls.0,
            saves_method: row.saves_method,
            charged_to: row.charged_to.map(|stored| stored.0),
            expires_at: Timestamp::from_micros(row.expires_at),
            checked_at: Timestamp::from_micros(row.checked_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

async fn one(
    db: &Scoped,
    condition: &str,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<Option<TopUp>, Fault> {
    let row: Option<Row> = db.one(&format!("{SELECT} AND {condition}"), values).await?;
    row.map(TopUp::try_from).transpose()
}

/// One top-up.
pub async fn find(db: &Scoped, id: TopUpId) -> Result<Option<TopUp>, Fault> {
    one(db, "p.id = $2", [id.uuid().into()]).await
}

/// One top-up of a user.
pub async fn find_own(db: &Scoped, id: TopUpId, user: UserId) -> Result<Option<TopUp>, Fault> {
    one(
        db,
        "p.id = $2 AND p.wallet_id IN (SELECT w.id FROM wallets w WHERE w.tenant_id = $1 AND w.user_id = $3)",
        [id.uuid().into(), user.uuid().into()],
    )
    .await
}

/// One top-up that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: TopUpId) -> Result<Option<TopUp>, Fault> {
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    one(tx, &format!("p.id = $2{lock}"), [id.uuid().into()]).await
}

/// The top-up with that session of a gateway, or that was paid by that
/// attempt.
pub async fn find_by_session(
    db: &Scoped,
    gateway: &str,
    session: &str,
    payment: Option<PaymentId>,
) -> Result<Option<TopUp>, Fault> {
    one(
        db,
        "p.gateway = $2 AND (p.session_id = $3 OR p.payment_id = $4)",
        [
            gateway.into(),
            session.into(),
            payment.map(PaymentId::uuid).into(),
        ],
    )
    .await
}

/// The top-up that some money of a gateway belongs to.
pub async fn find_by_money(
    db: &Scoped,
    gateway: &str,
    money: &MoneyRef,
) -> Result<Option<TopUp>, Fault> {
    one(
        db,
        "p.gateway = $2 AND (p.payment_id = $3 OR p.intent_id = $4)",
        [
            gateway.into(),
            money.payment.map(PaymentId::uuid).into(),
            money.intent.clone().into(),
        ],
    )
    .await
}

#[derive(FromQueryResult)]
struct Count {
    found: i64,
}

/// How many top-ups of a wallet wait to be paid.
pub async fn open_of(db: &Scoped, wallet: WalletId) -> Result<i64, Fault> {
    let row: Option<Count> = db
        .one(
            "SELECT count(*) AS found FROM top_ups WHERE tenant_id = $1 AND wallet_id = $2 \
             AND status IN ('created', 'open', 'processing')",
            [wallet.uuid().into()],
        )
        .await?;
    Ok(row.map_or(0, |row| row.found))
}

/// Top-ups under way that the gateway was last asked about before; those after
/// one, by id.
pub async fn unsettled(
    db: &Scoped,
    before: Timestamp,
    after: Option<TopUpId>,
    limit: i64,
) -> Result<Vec<TopUp>, Fault> {
    let after = after.map_or_else(Uuid::nil, TopUpId::uuid);
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT} AND p.status IN ('created', 'open', 'processing') AND p.checked_at <= $2 AND p.id > $3 \
                 ORDER BY p.id LIMIT $4"
            ),
            [before.micros().into(), after.into(), limit.into()],
        )
        .await?;
    rows.into_iter().map(TopUp::try_from).collect()
}

/// Which top-ups to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of a wallet.
    pub wallet: Option<WalletId>,
    /// Only those that stand there.
    pub status: Option<PaymentStatus>,
    /// Only those that somebody should look at.
    pub needs_attention: bool,
}

/// Top-ups, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<TopUpId>,
) -> Result<Page<TopUp, TopUpId>, Fault> {
    let status: Option<&'static str> = filter.status.map(Into::into);
    let attention = if filter.needs_attention {
        " AND p.attention IS NOT NULL"
    } else {
        ""
    };
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT}{attention} AND ($2 IS NULL OR p.wallet_id = $2) AND ($3 IS NULL OR p.status = $3) \
                 AND ($4 IS NULL OR p.id < $4) ORDER BY p.id DESC LIMIT $5"
            ),
            [
                filter.wallet.map(WalletId::uuid).into(),
                status.map(str::to_owned).into(),
                page.after.map(TopUpId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows
        .into_iter()
        .map(TopUp::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(all, page.limit, |one| one.id))
}

/// The write that adds a top-up, for a batch.
pub fn insert(top_up: &TopUp) -> (&'static str, Vec<Value>) {
    let status: &'static str = top_up.status.into();
    (
        "INSERT INTO top_ups (tenant_id, id, wallet_id, payment_id, gateway, status, amount, currency, return_urls, \
           expires_at, checked_at, created_at, updated_at, saves_method, charged_to, refunded, taken_back) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0)",
        vec![
            top_up.id.uuid().into(),
            top_up.wallet.uuid().into(),
            top_up.payment.uuid().into(),
            top_up.gateway.clone().into(),
            status.into(),
            top_up.amount.minor.into(),
            top_up.amount.currency.code().into(),
            to_json(&top_up.return_urls).into(),
            top_up.expires_at.micros().into(),
            top_up.checked_at.micros().into(),
            top_up.created_at.micros().into(),
            top_up.updated_at.micros().into(),
            top_up.saves_method.into(),
            to_maybe(top_up.charged_to.as_ref()).into(),
        ],
    )
}

/// The write of everything about a top-up that can change, for a batch. It
/// must be locked.
pub fn update(top_up: &TopUp) -> (&'static str, Vec<Value>) {
    let status: &'static str = top_up.status.into();
    let disputes = Some(&top_up.disputes).filter(|all| !all.is_empty());
    (
        "UPDATE top_ups SET status = $2, session_id = $3, url = $4, intent_id = $5, paid = $6, paid_currency = $7, \
           credited_at = $8, failure = $9, attention = $10, checked_at = $11, updated_at = $12, credited = $13, \
           refunded = $14, taken_back = $15, disputes = $16 WHERE tenant_id = $1 AND id = $17",
        vec![
            status.into(),
            top_up.session.clone().into(),
            top_up.url.clone().into(),
            top_up.intent.clone().into(),
            top_up.paid.map(|paid| paid.minor).into(),
            top_up
                .paid
                .map(|paid| paid.currency.code().to_owned())
                .into(),
            top_up.credited_at.map(Timestamp::micros).into(),
            top_up.failure.clone().into(),
            top_up.attention.clone().into(),
            top_up.checked_at.micros().into(),
            top_up.updated_at.micros().into(),
            top_up.credited.into(),
            top_up.refunded.into(),
            top_up.taken_back.into(),
            to_maybe(disputes).into(),
            top_up.id.uuid().into(),
        ],
    )
}

/// The write that notes the page the gateway opened for a top-up, unless more
/// is known of it already.
pub fn opened(id: TopUpId, session: &str, url: &str, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "UPDATE top_ups SET session_id = $2, url = $3, updated_at = $4, \
           status = CASE WHEN status = 'created' THEN 'open' ELSE status END \
         WHERE tenant_id = $1 AND id = $5 AND session_id IS NULL",
        vec![
            session.into(),
            url.into(),
            now.micros().into(),
            id.uuid().into(),
        ],
    )
}

/// The write that lets somebody look at a top-up.
pub fn flag(id: TopUpId, why: &str, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "UPDATE top_ups SET attention = $2, updated_at = $3 WHERE tenant_id = $1 AND id = $4",
        vec![why.into(), now.micros().into(), id.uuid().into()],
    )
}
