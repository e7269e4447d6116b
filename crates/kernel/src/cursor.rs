//! Opaque, authenticated page cursors.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::TenantId;
use crate::secret::{KeyRing, Signer, base64url, from_base64url};

const TAG: usize = 16;

/// Turns positions into cursors and back. A cursor is bound to the tenant and
/// to the list with its filters: it opens nothing else.
pub struct CursorCodec(Signer);

/// A cursor that was not made here for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor does not belong to this list with these filters; take it from `next_cursor` of the page before, and repeat the same filters"
)]
pub struct CursorError;

impl CursorCodec {
    /// A codec with a key of its own.
    pub fn new(ring: &KeyRing) -> Self {
        Self(Signer::new(ring, "cursor"))
    }

    /// The cursor of a position in a list.
    pub fn encode<P: Serialize>(&self, tenant: TenantId, list: &str, position: &P) -> String {
        let body = serde_json::to_vec(position).unwrap_or_default();
        let tag = self.0.sign(&message(tenant, list, &body));
        base64url(&[&tag[..TAG], &body].concat())
    }

    /// The position a cursor stands for.
    pub fn decode<P: DeserializeOwned>(
        &self,
        tenant: TenantId,
        list: &str,
        cursor: &str,
    ) -> Result<P, CursorError> {
        let raw = from_base64url(cursor).ok_or(CursorError)?;
        let (tag, body) = raw.split_at_checked(TAG).ok_or(CursorError)?;
        if !self.0.verify_truncated(&message(tenant, list, body), tag) {
            return Err(CursorError);
        }
        serde_json::from_slice(body).map_err(|_| CursorError)
    }
}

fn message(tenant: TenantId, list: &str, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(list.len() + body.len() + 40);
    message.extend_from_slice(tenant.uuid().as_bytes());
    message.extend_from_slice(&(list.len() as u64).to_be_bytes());
    message.extend_from_slice(list.as_bytes());
    message.extend_from_slice(body);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_cursor_opens_only_its_own_list() {
        let codec = CursorCodec::new(&KeyRing::new(&[7; 32], []));
        let now = Timestamp::from_micros(0);
        let tenant = TenantId::new(now);
        let cursor = codec.encode(tenant, "products?sort=name", &("abc", 5));
        let open =
            |tenant, list: &str, cursor: &str| codec.decode::<(String, i32)>(tenant, list, cursor);
        assert_eq!(
            open(tenant, "products?sort=name", &cursor),
            Ok(("abc".to_owned(), 5))
        );
        assert!(open(tenant, "products?sort=price", &cursor).is_err());
        assert!(open(TenantId::new(now), "products?sort=name", &cursor).is_err());
        for bad in ["", "AAAA", "%%%", &cursor[1..]] {
            assert!(open(tenant, "products?sort=name", bad).is_err(), "{bad}");
        }
    }
}
