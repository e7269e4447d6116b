//! Forgetting what is over.

use std::time::Duration;

use accounts_model::AccountsError;
use accounts_repository::{one_time_tokens, sessions};
use kernel::Scope;

use crate::Accounts;

/// How long a session is kept after its end, so that the reuse of an old
/// refresh token is still noticed as such.
const KEEP: Duration = Duration::from_hours(720);

impl Accounts {
    /// Deletes sessions and mailed tokens that ended a month ago.
    pub async fn sweep(&self, scope: &Scope) -> Result<(), AccountsError> {
        let before = self.clock().now().minus(KEEP);
        let tx = self.database.begin_write(scope, "accounts.sweep").await?;
        let sessions = sessions::delete_ended(&tx, before).await?;
        let tokens = one_time_tokens::delete_expired(&tx, before).await?;
        tx.commit().await?;
        tracing::debug!(sessions, tokens, "forgot what is over");
        Ok(())
    }
}
