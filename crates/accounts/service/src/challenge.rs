//! What somebody holds who gave the right password and has a second factor:
//! a signed text that says so, for a few minutes.

use kernel::secret::{KeyRing, Signer, base64url, from_base64url, sha256};
use kernel::{TenantId, Timestamp, UserId, random};
use uuid::Uuid;

/// The prefix of the text form.
const PREFIX: &str = "2fa_";
/// Tenant, user, expiry, fingerprint of the password's hash, own id.
const BODY: usize = 16 + 16 + 8 + 16 + 16;

/// Signs challenges.
pub(crate) struct Challenges(Signer);

/// Who proved to know which password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) expires_at: Timestamp,
    password: [u8; 16],
    /// What is noted when it led to a session.
    pub(crate) id: Uuid,
}

/// Tells a password's hash from its successors, and nothing else.
fn fingerprint(password_hash: &str) -> [u8; 16] {
    let mut print = [0; 16];
    print.copy_from_slice(&sha256(password_hash.as_bytes())[..16]);
    print
}

impl Challenge {
    pub(crate) fn new(
        tenant: TenantId,
        user: UserId,
        password_hash: &str,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            tenant,
            user,
            expires_at,
            password: fingerprint(password_hash),
            id: Uuid::from_bytes(random::bytes()),
        }
    }

    /// Whether the password that was proven is still the one of that hash.
    pub(crate) fn is_for(&self, password_hash: &str) -> bool {
        self.password == fingerprint(password_hash)
    }

    fn body(&self) -> [u8; BODY] {
        let mut body = [0; BODY];
        body[..16].copy_from_slice(self.tenant.uuid().as_bytes());
        body[16..32].copy_from_slice(self.user.uuid().as_bytes());
        body[32..40].copy_from_slice(&self.expires_at.micros().to_be_bytes());
        body[40..56].copy_from_slice(&self.password);
        body[56..].copy_from_slice(self.id.as_bytes());
        body
    }
}

impl Challenges {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        Self(Signer::new(ring, "two-factor-challenge"))
    }

    pub(crate) fn encode(&self, challenge: &Challenge) -> String {
        let body = challenge.body();
        let code = self.0.sign(&body);
        format!("{PREFIX}{}", base64url(&[&body[..], &code].concat()))
    }

    /// The challenge of a text, if it is ours and not over.
    pub(crate) fn decode(&self, text: &str, now: Timestamp) -> Option<Challenge> {
        let raw = from_base64url(text.strip_prefix(PREFIX)?)?;
        let (body, code) = raw.split_at_checked(BODY)?;
        if !self.0.verify(body, code) {
            return None;
        }
        let challenge = Challenge {
            tenant: TenantId::from_uuid(Uuid::from_slice(&body[..16]).ok()?),
            user: UserId::from_uuid(Uuid::from_slice(&body[16..32]).ok()?),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(body[32..40].try_into().ok()?)),
            password: body[40..56].try_into().ok()?,
            id: Uuid::from_slice(&body[56..]).ok()?,
        };
        (now < challenge.expires_at).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_back_until_it_is_over() {
        let at = Timestamp::from_seconds;
        let challenges = Challenges::new(&KeyRing::new(&[1; 32], []));
        let challenge = Challenge::new(TenantId::new(at(0)), UserId::new(at(0)), "$hash", at(300));
        let text = challenges.encode(&challenge);
        assert!(text.len() < 200, "{}", text.len());
        let read = challenges.decode(&text, at(299)).unwrap();
        assert_eq!(read, challenge);
        assert!(read.is_for("$hash") && !read.is_for("$another"));
        assert_eq!(challenges.decode(&text, at(300)), None);
        let other = Challenges::new(&KeyRing::new(&[2; 32], []));
        assert_eq!(other.decode(&text, at(0)), None);
        for bad in ["", "2fa_", &text[4..], &text[..text.len() - 2], "2fa_AAAA"] {
            assert_eq!(challenges.decode(bad, at(0)), None, "{bad}");
        }
        let mut bent = text.into_bytes();
        bent[30] = if bent[30] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        assert_eq!(challenges.decode(&bent, at(0)), None);
    }
}
