//! Paying into a wallet: deciding on it, opening its page, seeing it.

use credits_model::CreditsError;
use credits_model::top_up::{MAX_OPEN, TopUp};
use credits_model::wallet::WalletKey;
use credits_repository::{top_ups, wallets};
use database::{Batch, Once, retrying};
use kernel::{Money, Page, PageRequest, Permission, Scope, TopUpId, UserId};
use payments::{
    GatewayError, PaymentGateway, Purpose, ReturnUrls, SessionLine, SessionReport, SessionRequest,
    SessionState,
};

use crate::booking::lock_or_make;
use crate::{Credits, TopUpFilter};

/// Money to pay in.
#[derive(Debug, Clone)]
pub struct NewTopUp {
    /// How much.
    pub amount: Money,
    /// Through whom; the usual gateway when absent.
    pub gateway: Option<String>,
    /// Where to go when paid.
    pub success_url: Option<String>,
    /// Where to go when turned back.
    pub cancel_url: Option<String>,
    /// Whether the gateway is to keep the way in which it is paid.
    pub save_method: bool,
}

impl Credits {
    /// Opens a page where the caller pays into their wallet. When the gateway
    /// does not answer, the top-up is there; repeating the request with the
    /// same idempotency key goes on where it stopped.
    pub async fn create_top_up(
        &self,
        scope: &Scope,
        new: &NewTopUp,
    ) -> Result<TopUp, CreditsError> {
        let user = scope.require_user()?;
        let tenant = self.tenant(scope).await?;
        let chosen = self.gateways.choose(new.gateway.as_deref());
        let chosen = chosen.map_err(CreditsError::UnknownGateway)?;
        let gateway = chosen.name();
        if new.save_method && !chosen.keeps_methods() {
            return Err(CreditsError::CannotSaveMethod(gateway.to_owned()));
        }
        self.check_amount(new.amount, tenant.settings.currency)?;
        takes(chosen.as_ref(), new.amount)?;
        let home = self.accounts.home(&tenant);
        let page = |field, given: Option<&str>, path| {
            payments::return_url(&home, &self.return_origins, given, path)
                .ok_or(CreditsError::ReturnUrl(field))
        };
        let urls = ReturnUrls {
            success: page("success_url", new.success_url.as_deref(), "wallet/success")?,
            cancel: page("cancel_url", new.cancel_url.as_deref(), "wallet/canceled")?,
        };
        let id = retrying("top_up.create", || {
            self.decide_top_up(scope, user, new, gateway, &urls)
        })
        .await?;
        self.open_page(scope, id).await?;
        self.own_top_up(scope, id).await
    }

    pub(crate) fn check_amount(
        &self,
        amount: Money,
        currency: kernel::Currency,
    ) -> Result<(), CreditsError> {
        if amount.currency != currency {
            return Err(CreditsError::CurrencyMismatch(currency));
        }
        let least = self.settings.top_up_min.get();
        let most = self.settings.top_up_max.get();
        if (least..=most).contains(&amount.minor) {
            return Ok(());
        }
        Err(CreditsError::TopUpAmount {
            least: Money::new(least, currency),
            most: Money::new(most, currency),
        })
    }

    async fn decide_top_up(
        &self,
        scope: &Scope,
        user: UserId,
        new: &NewTopUp,
        gateway: &str,
        urls: &ReturnUrls,
    ) -> Result<TopUpId, CreditsError> {
        let (amount, saves_method) = (new.amount, new.save_method);
        let now = self.now();
        let once = self
            .database
            .begin_once::<TopUpId>(scope, "top_up.create", now)
            .await?;
        let tx = match once {
            Once::Replayed(id) => return Ok(id),
            Once::Fresh(tx) => tx,
        };
        let currency = amount.currency;
        let key = WalletKey::Of { user, currency };
        // Under its lock, so that those that are open can be counted.
        let wallet = lock_or_make(&tx, key, None, now).await?.purse.wallet;
        wallet.require_active()?;
        if top_ups::open_of(&tx, wallet.id).await? >= MAX_OPEN {
            return Err(CreditsError::TooManyTopUps);
        }
        let top_up = TopUp {
            saves_method,
            ..TopUp::new(
                wallet.id,
                gateway.to_owned(),
                amount,
                urls.clone(),
                now.plus(self.session_ttl),
                now,
            )
        };
        let mut batch = Batch::new();
        batch.add(top_ups::insert(&top_up));
        batch.run(&tx).await?;
        Ok(tx.commit_with(top_up.id).await?)
    }

    /// Opens the page of a top-up at its gateway, unless it has one. The
    /// attempt's id is the idempotency key there, so that any number of calls
    /// open one page.
    pub(crate) async fn open_page(&self, scope: &Scope, id: TopUpId) -> Result<(), CreditsError> {
        let db = self.database.read(scope).await?;
        let top_up = top_ups::find(&db, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        drop(db);
        if top_up.session.is_some() || top_up.status.is_final() {
            return Ok(());
        }
        if let Some(from) = &top_up.charged_to {
            return self.charge(scope, &top_up, from).await;
        }
        let request = self.session_request(scope, &top_up).await?;
        if request.email.is_empty() {
            let why = "its owner's account is not in use".to_owned();
            let report = refused(&top_up, why);
            return self.settle_top_up(scope, id, &report, None).await;
        }
        let gateway = self.gateways.of(&top_up.gateway)?;
        let session = match gateway.open(scope, &request).await {
            Ok(session) => session,
            Err(GatewayError::Refused(why)) => {
                // It would refuse again, so it is over and its owner can make
                // another one.
                let report = refused(&top_up, why.clone());
                self.settle_top_up(scope, id, &report, None).await?;
                return Err(CreditsError::Gateway(why));
            }
            Err(GatewayError::Unknown(fault)) => return Err(fault.into()),
        };
        let write = top_ups::opened(id, &session.id, &session.url, self.now());
        self.database
            .write_one(scope, "top_up.opened", write)
            .await?;
        Ok(())
    }

    /// What the gateway is asked for a top-up; the same each time. Without an
    /// address when its owner's account is not in use.
    pub(crate) async fn session_request(
        &self,
        scope: &Scope,
        top_up: &TopUp,
    ) -> Result<SessionRequest, CreditsError> {
        let db = self.database.read(scope).await?;
        let wallet = wallets::find(&db, WalletKey::Id(top_up.wallet))
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        drop(db);
        let owner = self.accounts.contact(scope, wallet.user).await?;
        let purpose = Purpose::TopUp(top_up.id);
        Ok(SessionRequest {
            payment: top_up.payment,
            lines: vec![SessionLine {
                name: purpose.title(),
                unit: top_up.amount,
                quantity: 1,
            }],
            purpose,
            amount: top_up.amount,
            email: owner
                .map(|owner| owner.email.as_str().to_owned())
                .unwrap_or_default(),
            return_urls: top_up.return_urls.clone(),
            expires_at: top_up.expires_at,
            decided_at: top_up.created_at,
            save_method: top_up.saves_method,
        })
    }

    /// A top-up of the caller's.
    pub async fn own_top_up(&self, scope: &Scope, id: TopUpId) -> Result<TopUp, CreditsError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        top_ups::find_own(&db, id, user)
            .await?
            .ok_or(CreditsError::TopUpNotFound)
    }

    /// Top-ups, newest first.
    pub async fn top_ups(
        &self,
        scope: &Scope,
        filter: &TopUpFilter,
        page: PageRequest<TopUpId>,
    ) -> Result<Page<TopUp, TopUpId>, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        Ok(top_ups::list(&db, filter, page).await?)
    }
}

/// Refuses an amount that a gateway cannot take or give back.
pub(crate) fn takes(gateway: &dyn PaymentGateway, amount: Money) -> Result<(), CreditsError> {
    match gateway.objection(amount) {
        Some(why) => Err(CreditsError::AmountNotTaken(why)),
        None => Ok(()),
    }
}

/// The report of a top-up that its gateway refused, or that is not asked for
/// there.
pub(crate) fn refused(top_up: &TopUp, why: String) -> SessionReport {
    SessionReport::without_session(top_up.payment, SessionState::Failed, Some(why))
}
