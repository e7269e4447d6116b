//! Reminding of carts that were left behind.

use std::time::Duration;

use accounts_service::Letter;
use engagement_model::EngagementError;
use engagement_model::day::day_of;
use engagement_model::insight::{Fact, FactKind};
use engagement_model::jobs::PostAbandonedCart;
use engagement_model::mails::{ABANDONED_CART, CartMail, CartOfMail};
use engagement_repository::{counting, reminders};
use kernel::{CartId, JobId, Scope};
use orders_service::AbandonedCart;
use serde_json::json;

use crate::Engagement;
use crate::links::address_hash;

/// Carts that were left longer ago than this are let be: when nobody worked
/// for days, a reminder comes too late.
const WINDOW: Duration = Duration::from_hours(48);
/// How long an address is left alone after a reminder, whatever carts name it:
/// anybody can start carts, and write any address into them.
pub(crate) const PAUSE: Duration = Duration::from_hours(7 * 24);

/// Whom to remind of a cart.
struct Reminded {
    email: String,
    /// Of their profile.
    language: Option<String>,
}

impl Engagement {
    /// Marks carts that were left behind; called by its job.
    pub async fn find_abandoned_carts(&self, scope: &Scope) -> Result<(), EngagementError> {
        let idle = self.settings.after;
        let marked = self.orders.mark_abandoned(scope, idle, WINDOW).await?;
        metrics::counter!("sutler_carts_abandoned_total").increment(marked as u64);
        Ok(())
    }

    /// Reminds somebody of the cart they left behind; called by its job. Of
    /// any number of jobs for one cart, one reminds. It goes on after a fault
    /// with the same key, so a provider that knows keys sends one mail.
    pub async fn remind_of_cart(
        &self,
        scope: &Scope,
        job: JobId,
        cart: CartId,
    ) -> Result<(), EngagementError> {
        let Some((left, reminded)) = self.left_cart(scope, cart).await? else {
            return Ok(());
        };
        let address = address_hash(scope.tenant(), &reminded.email);
        let tx = self.database.begin_write(scope, "cart.remind").await?;
        let wishes_none = reminders::has_opted_out(&tx, &address).await?;
        if reminders::claim(&tx, cart, job, self.now()).await? {
            if self.hook.is_some() {
                self.queue.enqueue(&tx, &PostAbandonedCart { cart }).await?;
            }
        } else {
            let claim = reminders::find(&tx, cart).await?;
            if claim.is_none_or(|claim| claim.job != job || claim.sent_at.is_some()) {
                return Ok(());
            }
        }
        let now = self.now();
        let is_sent = !wishes_none
            && self.settings.reminders
            && reminders::take_turn(&tx, &address, cart, now.minus(PAUSE), now).await?;
        tx.commit().await?;
        if !is_sent {
            return Ok(());
        }
        self.send_reminder(scope, job, &left, &reminded).await?;
        self.count_reminder(scope, &left).await
    }

    /// A cart that is still as it was left, and whom to remind of it; none when
    /// it was ordered, or its buyer ordered something else since.
    async fn left_cart(
        &self,
        scope: &Scope,
        cart: CartId,
    ) -> Result<Option<(AbandonedCart, Reminded)>, EngagementError> {
        let Some(left) = self.orders.abandoned_cart(scope, cart).await? else {
            return Ok(None);
        };
        let owner = match left.priced.cart.user {
            Some(user) => self.accounts.contact(scope, user).await?,
            None => None,
        };
        let proven = owner
            .as_ref()
            .filter(|owner| owner.email_verified_at.is_some())
            .map(|owner| owner.email.to_string());
        let Some(email) = left.priced.cart.email.clone().or(proven) else {
            return Ok(None);
        };
        let since = left.priced.cart.updated_at;
        if self.orders.has_ordered(scope, &email, since).await? {
            return Ok(None);
        }
        let language = owner.and_then(|owner| owner.locale);
        Ok(Some((left, Reminded { email, language })))
    }

    async fn restore_link(&self, scope: &Scope, cart: CartId) -> Result<String, EngagementError> {
        let tenant = self.accounts.tenant(scope).await?;
        let token = self.restore_token(scope.tenant(), cart);
        Ok(self.accounts.link(&tenant, "cart/restore", &token))
    }

    async fn send_reminder(
        &self,
        scope: &Scope,
        job: JobId,
        left: &AbandonedCart,
        reminded: &Reminded,
    ) -> Result<(), EngagementError> {
        let unsubscribe = self.unsubscribe_link(scope.tenant(), &reminded.email);
        let values = CartMail {
            cart: CartOfMail::new(&left.priced),
            link: self.restore_link(scope, left.priced.cart.id).await?,
            unsubscribe_link: unsubscribe.to_string(),
        };
        let letter = Letter {
            kind: &ABANDONED_CART,
            to: &reminded.email,
            languages: &[reminded.language.as_deref(), left.language.as_deref()],
            values: json!(values),
            key: job.to_string(),
            unsubscribe: Some(unsubscribe.into()),
        };
        Ok(self.accounts.send_letter(scope, letter).await?)
    }

    /// Notes that somebody was reminded, and counts it with that.
    async fn count_reminder(
        &self,
        scope: &Scope,
        left: &AbandonedCart,
    ) -> Result<(), EngagementError> {
        let now = self.now();
        let tenant = self.accounts.tenant(scope).await?;
        let cart = left.priced.cart.id;
        let fact = Fact {
            kind: FactKind::Reminder,
            object: cart.uuid().as_u128(),
            day: day_of(now, &tenant.settings.time_zone),
            amount: left.priced.totals.total,
            quantity: 1,
            product: None,
        };
        let tx = self.database.begin_write(scope, "cart.reminded").await?;
        counting::lock(&tx, now).await?;
        if reminders::mark_sent(&tx, cart, now).await? && counting::add(&tx, &fact).await? {
            counting::sum_up(&tx, &fact).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells another system of a cart; called by its job. What was ordered in
    /// the meantime is not told.
    pub async fn post_abandoned_cart(
        &self,
        scope: &Scope,
        cart: CartId,
    ) -> Result<(), EngagementError> {
        let Some(hook) = &self.hook else {
            return Ok(());
        };
        let Some((left, reminded)) = self.left_cart(scope, cart).await? else {
            return Ok(());
        };
        let address = address_hash(scope.tenant(), &reminded.email);
        let db = self.database.read(scope).await?;
        let wishes_none = reminders::has_opted_out(&db, &address).await?;
        drop(db);
        let priced = &left.priced;
        let lines: Vec<_> = priced
            .lines
            .iter()
            .map(|line| {
                let offer = line.offer.as_ref();
                json!({
                    "variant_id": line.line.variant,
                    "name": offer.map(|offer| &offer.name),
                    "sku": offer.map(|offer| &offer.sku),
                    "quantity": line.line.quantity,
                    "total": line.total,
                })
            })
            .collect();
        let body = json!({
            "type": "cart.abandoned",
            "id": cart,
            "tenant_id": scope.tenant(),
            "email": reminded.email,
            "wants_reminders": !wishes_none,
            "left_at": priced.cart.updated_at,
            "lines": lines,
            "total": priced.totals.total,
            "restore_url": self.restore_link(scope, cart).await?,
        });
        Ok(hook
            .post(cart, body.to_string().into_bytes(), self.now())
            .await?)
    }
}
