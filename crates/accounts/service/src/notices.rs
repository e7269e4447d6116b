//! Mails about what happened to an account.

use accounts_model::AccountsError;
use accounts_model::jobs::Notice;
use accounts_model::user::UserStatus;
use accounts_repository::{sessions, users};
use kernel::{JobId, Scope, SessionId, UserId};

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
        let device = session.user_agent.as_deref().unwrap_or("unknown");
        let address = session
            .address
            .map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let home = self.home(&*self.tenant(scope).await?);
        let text = format!(
            "Hello {},\n\nsomebody signed in to your account from a device or a place that was not seen before:\n\n\
             Time: {}\nDevice: {device}\nAddress: {address}\n\n\
             If that was you, you need not do anything. If it was not, change your password at {home}, which ends all sessions.\n",
            user.name, session.created_at,
        );
        self.mail(scope, job, &user, "A new sign-in", text).await
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
        let (subject, what) = match notice {
            Notice::TwoFactorEnabled => (
                "Two-factor authentication is on",
                "two-factor authentication was turned on for your account. From now on, signing in takes a code of your app, too. Keep the recovery codes in a safe place.",
            ),
            Notice::TwoFactorDisabled => (
                "Two-factor authentication is off",
                "two-factor authentication was turned off for your account. Signing in takes the password only.",
            ),
        };
        let text = format!(
            "Hello {},\n\n{what}\n\nIf this was not your doing, change your password now and tell the shop.\n",
            user.name
        );
        self.mail(scope, job, &user, subject, text).await
    }
}
