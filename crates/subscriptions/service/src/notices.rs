//! Mails about subscriptions.

use accounts_service::Letter;
use kernel::{Fault, JobId, Money, Scope, SubscriptionId};
use serde_json::json;
use subscriptions_model::SubscriptionError;
use subscriptions_model::mails::{Notice, SubscriptionMail};
use subscriptions_model::subscription::SubscriptionStatus;
use subscriptions_repository::subscriptions;

use crate::Subscriptions;

impl Subscriptions {
    /// Mails the owner of a subscription; called by its job. What is not so
    /// any more is not written about.
    pub async fn send_notice(
        &self,
        scope: &Scope,
        job: JobId,
        id: SubscriptionId,
        notice: Notice,
    ) -> Result<(), SubscriptionError> {
        let db = self.database.read(scope).await?;
        let one = subscriptions::find(&db, id).await?;
        drop(db);
        let still = match notice {
            Notice::PastDue => SubscriptionStatus::PastDue,
            Notice::Suspended => SubscriptionStatus::Suspended,
            Notice::Ended => SubscriptionStatus::Ended,
        };
        let Some(one) = one.filter(|one| one.status == still) else {
            return Ok(());
        };
        let Some(user) = self.accounts.contact(scope, one.user).await? else {
            return Ok(());
        };
        let plans = self.catalog.plans_by_id(scope, &[one.plan]).await?;
        let plan = plans
            .first()
            .ok_or_else(|| Fault::permanent("a subscription without a plan"))?;
        let service = self.catalog.service(scope, plan.service).await?;
        let tenant = self.tenant(scope).await?;
        let day = one.next_day(&tenant.settings.subscriptions);
        let values = SubscriptionMail {
            name: &user.name,
            plan: &plan.name,
            service: &service.name,
            price: Money::new(one.next_price(), one.price.currency).to_string(),
            day: day.date_in(&tenant.settings.time_zone),
        };
        let letter = Letter {
            kind: notice.mail(),
            to: user.email.as_str(),
            languages: &[user.locale.as_deref()],
            values: json!(values),
            key: job.to_string(),
            unsubscribe: None,
        };
        Ok(self.accounts.send_letter(scope, letter).await?)
    }
}
