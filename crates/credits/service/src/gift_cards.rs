//! Gift cards: issuing, seeing, taking back, redeeming.
//!
//! A code is made from the card's id with a key of the installation, so that
//! it is stored nowhere and a repeated request shows the same one. What is
//! stored is its hash, by which it is found.

use credits_model::CreditsError;
use credits_model::events::GiftCardRedeemed;
use credits_model::gift_card::{CODE_LENGTH, GiftCard, GiftCardStatus, code_of, normalized};
use credits_model::wallet::{MAX_BALANCE, Wallet, WalletKey};
use credits_repository::{gift_cards, wallets};
use database::{Batch, Once, retrying};
use kernel::secret::{hex, sha256};
use kernel::{
    AuditEntry, Audited as _, GiftCardId, Money, Page, PageRequest, Permission, Scope, TenantId,
    Timestamp, UserId,
};

use crate::booking::{Credit, CreditSource};
use crate::{Credits, GiftCardFilter};

/// A gift card to issue.
#[derive(Debug, Clone)]
pub struct NewGiftCard {
    /// How much.
    pub amount: Money,
    /// When it can be redeemed no longer.
    pub expires_at: Option<Timestamp>,
    /// What it is for, for the shop itself.
    pub note: Option<String>,
}

/// A gift card that was issued just now.
#[derive(Debug, Clone)]
pub struct IssuedGiftCard {
    /// The card.
    pub card: GiftCard,
    /// Its code; nobody can be told again. None when the key of the
    /// installation was changed since the request was first made.
    pub code: Option<String>,
}

impl Credits {
    /// Issues a gift card. Repeated with the same idempotency key it answers
    /// the same card and code.
    pub async fn issue_gift_card(
        &self,
        scope: &Scope,
        new: &NewGiftCard,
    ) -> Result<IssuedGiftCard, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let currency = self.tenant(scope).await?.settings.currency;
        if new.amount.currency != currency {
            return Err(CreditsError::CurrencyMismatch(currency));
        }
        if !(1..=MAX_BALANCE).contains(&new.amount.minor) {
            return Err(CreditsError::InvalidAmount);
        }
        let now = self.now();
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(CreditsError::InvalidExpiry);
        }
        let card = match self.begin::<GiftCard>(scope, "gift_card.issue").await? {
            Once::Replayed(card) => card,
            Once::Fresh(tx) => {
                let id = GiftCardId::new(now);
                let code = self.code(scope.tenant(), id);
                let card = GiftCard {
                    id,
                    amount: new.amount,
                    status: GiftCardStatus::Active,
                    hint: code[code.len() - 4..].to_owned(),
                    note: new.note.clone(),
                    expires_at: new.expires_at,
                    wallet: None,
                    redeemed_at: None,
                    created_at: now,
                    updated_at: now,
                };
                let hash = hash(&code).ok_or_else(broken)?;
                let (sql, values) = gift_cards::insert(&card, &hash);
                tx.run(sql, values).await?;
                let entry = AuditEntry::new("gift_card.issue", id).after(&card);
                self.record(&tx, entry).await?;
                tx.commit_with(card).await?
            }
        };
        let code = self.code(scope.tenant(), card.id);
        let still = code.ends_with(&card.hint);
        Ok(IssuedGiftCard {
            card,
            code: still.then_some(code),
        })
    }

    /// The code of a card.
    fn code(&self, tenant: TenantId, id: GiftCardId) -> String {
        let signed = self.gift_codes.sign(format!("{tenant}:{id}").as_bytes());
        let mut bytes = [0u8; CODE_LENGTH];
        bytes.copy_from_slice(&signed[..CODE_LENGTH]);
        code_of(&bytes)
    }

    /// Gift cards, newest first.
    pub async fn gift_cards(
        &self,
        scope: &Scope,
        filter: GiftCardFilter,
        page: PageRequest<GiftCardId>,
    ) -> Result<Page<GiftCard, GiftCardId>, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let now = self.now();
        let db = self.database.read(scope).await?;
        let mut page = gift_cards::list(&db, filter, now, page).await?;
        for card in &mut page.items {
            card.status = card.status_at(now);
        }
        Ok(page)
    }

    /// One gift card.
    pub async fn gift_card(&self, scope: &Scope, id: GiftCardId) -> Result<GiftCard, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        let mut card = gift_cards::find(&db, id)
            .await?
            .ok_or(CreditsError::GiftCardNotFound)?;
        card.status = card.status_at(self.now());
        Ok(card)
    }

    /// Takes a gift card back that nobody redeemed.
    pub async fn void_gift_card(
        &self,
        scope: &Scope,
        id: GiftCardId,
    ) -> Result<GiftCard, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let tx = match self.begin::<GiftCard>(scope, "gift_card.void").await? {
            Once::Replayed(card) => return Ok(card),
            Once::Fresh(tx) => tx,
        };
        let mut card = gift_cards::lock(&tx, id)
            .await?
            .ok_or(CreditsError::GiftCardNotFound)?;
        let before = card.snapshot();
        card.void(self.now())?;
        let (sql, values) = gift_cards::void(&card);
        tx.run(sql, values).await?;
        let entry = AuditEntry::new("gift_card.void", id).before(&before);
        self.record(&tx, entry.after(&card)).await?;
        Ok(tx.commit_with(card).await?)
    }

    /// Puts the credit of a gift card into the caller's wallet, once; the
    /// wallet then.
    pub async fn redeem_gift_card(
        &self,
        scope: &Scope,
        typed: &str,
    ) -> Result<Wallet, CreditsError> {
        let user = scope.require_user()?;
        let hash = hash(typed).ok_or(CreditsError::GiftCardNotFound)?;
        retrying("gift_card.redeem", || self.redeem_once(scope, user, &hash)).await
    }

    async fn redeem_once(
        &self,
        scope: &Scope,
        user: UserId,
        hash: &str,
    ) -> Result<Wallet, CreditsError> {
        let now = self.now();
        let tx = match self.begin::<Wallet>(scope, "gift_card.redeem").await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let card = gift_cards::find_by_code(&tx, hash)
            .await?
            .ok_or(CreditsError::GiftCardNotFound)?;
        card.require_active(now)?;
        let currency = card.amount.currency;
        let key = WalletKey::Of { user, currency };
        if let Some(wallet) = wallets::find(&tx, key).await? {
            wallet.require_active()?;
        }
        let credit = Credit {
            wallet: key,
            source: CreditSource::GiftCard,
            reference: card.id.to_string(),
            amount: card.amount,
        };
        let booked = match self.credit_in_tx(&tx, &credit).await {
            // Somebody else was faster.
            Err(CreditsError::ReferenceReused) => return Err(CreditsError::GiftCardRedeemed),
            booked => booked?,
        };
        if !gift_cards::redeem(&tx, card.id, booked.wallet, now).await? {
            return Err(CreditsError::GiftCardRedeemed);
        }
        let mut batch = Batch::new();
        let event = GiftCardRedeemed {
            gift_card: card.id,
            wallet: booked.wallet,
        };
        self.queue.publish_with(&tx, &mut batch, &event)?;
        batch.run(&tx).await?;
        let wallet = wallets::find(&tx, key)
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        Ok(tx.commit_with(wallet).await?)
    }
}

/// By what a code is found. The codes are random enough that a hash without
/// salt cannot be turned back.
fn hash(code: &str) -> Option<String> {
    normalized(code).map(|code| hex(&sha256(format!("gift-card:{code}").as_bytes())))
}

fn broken() -> kernel::Fault {
    kernel::Fault::permanent("a code that was made is none")
}
