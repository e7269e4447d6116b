//! Waiting lists: joining, leaving, being told.

use accounts_service::Letter;
use catalog_model::category::CategoryStatus;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::service::ServiceStatus;
use credits_model::quota::QuotaError;
use credits_model::quota::jobs::{SendRoomNotice, TellWaiting};
use credits_model::quota::mails::{PLAN_AVAILABLE, RoomMail};
use credits_model::quota::waiter::{TURN, Waiter, WaiterStatus};
use credits_repository::quota::{quotas, waiters};
use database::{Once, Transaction};
use kernel::{Fault, Page, PageRequest, PlanId, QuotaId, Scope, UserId, WaiterId};
use serde_json::json;

use super::Quotas;

/// How many are told in one transaction.
const AT_ONCE: i64 = 100;

impl Quotas {
    /// Lets the caller wait for a plan of which nothing is left. Whether they
    /// have it, or are promised it, is known to those who give it.
    ///
    /// # Errors
    /// [`QuotaError::NotExhausted`] when there is room,
    /// [`QuotaError::AlreadyHeld`], [`QuotaError::AlreadyWaiting`].
    pub async fn join_waiting_list(
        &self,
        scope: &Scope,
        plan: PlanId,
        is_held: bool,
    ) -> Result<Waiter, QuotaError> {
        let user = scope.require_user()?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Waiter>(scope, "waiting_list.join", now)
            .await?
        {
            Once::Replayed(waiter) => return Ok(waiter),
            Once::Fresh(tx) => tx,
        };
        let (known, service) = self.catalog.plan_in_tx(&tx, plan).await?;
        if known.status != CategoryStatus::Active || service.status != ServiceStatus::Active {
            return Err(HostingError::PlanNotFound.into());
        }
        if is_held {
            return Err(QuotaError::AlreadyHeld);
        }
        let (quota, place) = waiters::next_place(&tx, plan)
            .await?
            .ok_or(QuotaError::NotExhausted)?;
        let id = WaiterId::new(now);
        waiters::insert(&tx, id, quota, user, place, now)
            .await
            .map_err(|fault| {
                if fault.violates(waiters::UNIQUE_USER) {
                    QuotaError::AlreadyWaiting
                } else {
                    fault.into()
                }
            })?;
        let waiter = waiters::find(&tx, id)
            .await?
            .ok_or(QuotaError::WaiterNotFound)?;
        Ok(tx.commit_with(waiter).await?)
    }

    /// Where the caller waits and waited, newest first.
    pub async fn own_waits(
        &self,
        scope: &Scope,
        page: PageRequest<WaiterId>,
    ) -> Result<Page<Waiter, WaiterId>, QuotaError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        Ok(waiters::of(&db, user, page).await?)
    }

    /// A place of the caller's.
    pub async fn own_wait(&self, scope: &Scope, id: WaiterId) -> Result<Waiter, QuotaError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        waiters::find(&db, id)
            .await?
            .filter(|waiter| waiter.user == user)
            .ok_or(QuotaError::WaiterNotFound)
    }

    /// Lets the caller wait no longer.
    pub async fn leave_waiting_list(
        &self,
        scope: &Scope,
        id: WaiterId,
    ) -> Result<Waiter, QuotaError> {
        let user = scope.require_user()?;
        let tx = self
            .database
            .begin_write(scope, "waiting_list.leave")
            .await?;
        let known = waiters::find(&tx, id).await?;
        known
            .filter(|waiter| waiter.user == user)
            .ok_or(QuotaError::WaiterNotFound)?;
        let waits = [WaiterStatus::Waiting, WaiterStatus::Told];
        if !waiters::end(&tx, id, &waits, WaiterStatus::Left, self.now()).await? {
            return Err(QuotaError::WaitOver);
        }
        let left = waiters::find(&tx, id)
            .await?
            .ok_or(QuotaError::WaiterNotFound)?;
        tx.commit().await?;
        Ok(left)
    }

    /// Ends the waits of somebody for a plan that they have now.
    pub async fn served_in_tx(
        &self,
        tx: &Transaction,
        plan: PlanId,
        user: UserId,
    ) -> Result<(), QuotaError> {
        Ok(waiters::served(tx, plan, user, self.now()).await?)
    }

    /// Tells as many of those who wait for a quota as there is room, the first
    /// in line first; called by its job. Room that others were told of in the
    /// last [`TURN`] is theirs. Again does no harm: nobody is told twice.
    pub async fn tell_waiting(&self, scope: &Scope, id: QuotaId) -> Result<(), QuotaError> {
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "waiting_list.tell")
            .await?;
        let Some(quota) = quotas::lock(&tx, id).await? else {
            return Ok(());
        };
        let others = waiters::told_since(&tx, id, now.minus(TURN)).await?;
        let room = quota
            .available()
            .map_or(AT_ONCE, |units| (units - others).min(AT_ONCE));
        if room < 1 {
            return Ok(());
        }
        let told = waiters::tell(&tx, id, room, now).await?;
        for &waiter in &told {
            self.queue.enqueue(&tx, &SendRoomNotice { waiter }).await?;
        }
        if i64::try_from(told.len()).is_ok_and(|told| told == AT_ONCE) {
            self.queue.enqueue(&tx, &TellWaiting { quota: id }).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Mails somebody that there is room in a plan they waited for; called by
    /// its job. Addresses that were never proven are not written to.
    pub async fn send_room_notice(&self, scope: &Scope, id: WaiterId) -> Result<(), QuotaError> {
        let db = self.database.read(scope).await?;
        let waiter = waiters::find(&db, id).await?;
        drop(db);
        let Some(waiter) = waiter.filter(|waiter| waiter.status == WaiterStatus::Told) else {
            return Ok(());
        };
        let user = self.accounts.contact(scope, waiter.user).await?;
        let Some(user) = user.filter(|user| user.email_verified_at.is_some()) else {
            return Ok(());
        };
        let plans = self.catalog.plans_by_id(scope, &[waiter.plan]).await?;
        let plan = plans
            .first()
            .ok_or_else(|| Fault::permanent("a quota without a plan"))?;
        let service = self.catalog.service(scope, plan.service).await?;
        let tenant = self.accounts.tenant(scope).await?;
        let mut link = self.accounts.home(&tenant);
        let path = format!(
            "{}/services/{}",
            link.path().trim_end_matches('/'),
            service.slug
        );
        link.set_path(&path);
        let values = RoomMail {
            name: &user.name,
            plan: &plan.name,
            service: &service.name,
            link: link.as_str(),
        };
        let letter = Letter {
            kind: &PLAN_AVAILABLE,
            to: user.email.as_str(),
            languages: &[user.locale.as_deref()],
            values: json!(values),
            // One mail for each place, however often this is tried.
            key: format!("plan-available-{id}"),
            unsubscribe: None,
        };
        Ok(self.accounts.send_letter(scope, letter).await?)
    }
}
