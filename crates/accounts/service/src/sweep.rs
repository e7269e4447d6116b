//! Forgetting what is over.

use std::time::Duration;

use accounts_model::AccountsError;
use accounts_repository::{one_time_tokens, sessions, sign_in_places, two_factors};
use kernel::Scope;

use crate::Accounts;

/// How long a session is kept after its end, so that the reuse of an old
/// refresh token is still noticed as such.
const KEEP: Duration = Duration::from_hours(720);

/// How long a place is known to which somebody did not come back.
const KEEP_PLACES: Duration = Duration::from_hours(24 * 365);

impl Accounts {
    /// Deletes sessions and mailed tokens that ended a month ago.
    pub async fn sweep(&self, scope: &Scope) -> Result<(), AccountsError> {
        let now = self.clock().now();
        let before = now.minus(KEEP);
        let tx = self.database.begin_write(scope, "accounts.sweep").await?;
        let sessions = sessions::delete_ended(&tx, before).await?;
        let tokens = one_time_tokens::delete_expired(&tx, before).await?;
        let places = sign_in_places::delete_unseen(&tx, now.minus(KEEP_PLACES)).await?;
        let challenges = two_factors::forget_challenges(&tx, before).await?;
        tx.commit().await?;
        tracing::debug!(sessions, tokens, places, challenges, "forgot what is over");
        Ok(())
    }
}
