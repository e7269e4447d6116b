//! Sessions and the rotation of their refresh tokens.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{SessionId, Timestamp, UserId};
use secrecy::SecretString;

/// One signed-in device: a family of refresh tokens, of which only the newest
/// works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the device called itself.
    pub user_agent: Option<String>,
    /// Where it was.
    pub address: Option<IpAddr>,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Until when it can be refreshed.
    pub expires_at: Timestamp,
    /// When it was ended early.
    pub revoked_at: Option<Timestamp>,
}

/// How long sessions of those may last who may do more than use their own
/// account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffLimits {
    /// So long without a request.
    pub idle: Duration,
    /// So long in any case.
    pub total: Duration,
}

impl StaffLimits {
    /// Whether a session is over.
    pub fn is_over(self, created_at: Timestamp, last_used_at: Timestamp, now: Timestamp) -> bool {
        now.since(last_used_at) >= self.idle || now.since(created_at) >= self.total
    }
}

/// What a presented refresh token is, from what is stored about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The newest of a session that goes on: rotate it.
    Fresh,
    /// It was used moments ago: two tabs at once, or an answer that got lost.
    Raced,
    /// It was used before: somebody has a copy. The session ends.
    Reused,
    /// It, or its session, is over.
    Over,
}

/// Decides what a presented token is. `used_at` is when it was used before,
/// `leeway` within which time that counts as a race.
pub fn judge(
    session: &Session,
    token_expires_at: Timestamp,
    used_at: Option<Timestamp>,
    now: Timestamp,
    leeway: Duration,
) -> Presented {
    if session.revoked_at.is_some() || now >= session.expires_at || now >= token_expires_at {
        return Presented::Over;
    }
    match used_at {
        None => Presented::Fresh,
        Some(used) if now.since(used) < leeway => Presented::Raced,
        Some(_) => Presented::Reused,
    }
}

/// What a client gets when it signs in or refreshes.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// A JWT for the `Authorization` header.
    pub access: SecretString,
    /// How long it is good.
    pub access_ttl: Duration,
    /// Works once, to get the next pair.
    pub refresh: SecretString,
    /// How long it is good.
    pub refresh_ttl: Duration,
    /// Whether a browser may keep it when it is closed.
    pub persistent: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_staff_is_over_when_idle_and_at_last() {
        let at = Timestamp::from_seconds;
        let limits = StaffLimits {
            idle: Duration::from_secs(30),
            total: Duration::from_secs(100),
        };
        for (last_used, now, over) in [
            (0, 29, false),
            (0, 30, true),
            (25, 54, false),
            (25, 55, true),
            (99, 99, false),
            (99, 100, true),
        ] {
            assert_eq!(limits.is_over(at(0), at(last_used), at(now)), over, "{now}");
        }
    }

    #[test]
    fn a_refresh_token_works_once() {
        let at = Timestamp::from_seconds;
        let mut session = Session {
            id: SessionId::new(at(0)),
            user: UserId::new(at(0)),
            user_agent: None,
            address: None,
            created_at: at(0),
            last_used_at: at(0),
            expires_at: at(1000),
            revoked_at: None,
        };
        let leeway = Duration::from_secs(10);
        let judge_at = |session: &Session, used: Option<i64>, now: i64| {
            judge(session, at(500), used.map(at), at(now), leeway)
        };
        assert_eq!(judge_at(&session, None, 100), Presented::Fresh);
        assert_eq!(judge_at(&session, Some(95), 100), Presented::Raced);
        assert_eq!(judge_at(&session, Some(90), 100), Presented::Reused);
        assert_eq!(judge_at(&session, None, 500), Presented::Over);
        session.revoked_at = Some(at(50));
        assert_eq!(judge_at(&session, None, 100), Presented::Over);
    }
}
