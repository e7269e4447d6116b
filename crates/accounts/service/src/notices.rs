//! Mails about what happened to an account.

use accounts_model::AccountsError;
use accounts_model::jobs::Notice;
use accounts_model::mails::{
    NEW_SIGN_IN, ProtectionMail, SignInMail, TWO_FACTOR_DISABLED, TWO_FACTOR_ENABLED,
};
use accounts_model::user::UserStatus;
use accounts_repository::{sessions, users};
use kernel::{JobId, Scope, SessionId, UserId};
use serde_json::json;

use crate::Accounts;

impl Accounts {
    /// Mails that somebody signed in from a device or a network that was not
    /// seen before; called by its job. Addresses that were never proven are
    /// not written to.
    pub async fn send_login_alert(
        &self,
        scope: &Scope,
        job: JobId,
        user: UserId,
        session: SessionId,
    ) -> Result<(), AccountsError> {
        let db = self.database.read(scope).await?;
        let user = users::find(&db, user).await?;
        let session = sessions::find(&db, session).await?;
        drop(db);
        let (Some(user), Some(session)) = (user, session) else {
            return Ok(());
        };
        if user.email_verified_at.is_none() || user.status == UserStatus::Disabled {
            return Ok(());
        }
        let values = SignInMail {
            name: &user.name,
            at: session.created_at,
            device: session.user_agent.as_deref(),
            address: session.address.map(|address| address.to_string()),
        };
        self.mail(scope, job, &user, &NEW_SIGN_IN, json!(values))
            .await
    }

    /// Mails that the second factor was turned on or off; called by its job.
    pub async fn send_notice(
        &self,
        scope: &Scope,
        job: JobId,
        user: UserId,
        notice: Notice,
    ) -> Result<(), AccountsError> {
        let db = self.database.read(scope).await?;
        let user = users::find(&db, user).await?;
        drop(db);
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(());
        };
        let kind = match notice {
            Notice::TwoFactorEnabled => &TWO_FACTOR_ENABLED,
            Notice::TwoFactorDisabled => &TWO_FACTOR_DISABLED,
        };
        let values = ProtectionMail { name: &user.name };
        self.mail(scope, job, &user, kind, json!(values)).await
    }
}
