//! What a buyer is told of an order, and what stays with the shop.

use kernel::{Actor, JobId, UserId};

use super::{HistoryEntry, OrderDetail};

/// What stands in the history of an order that is canceled.
pub const CANCELED: &str = "canceled";
/// What stands there when money is to go back.
pub const REFUND_PROMISED: &str = "refund_promised";
/// Why an order is canceled when the shop says nothing else, and what its
/// buyer is told in any case.
pub const BY_SHOP: &str = "canceled by the shop";

impl HistoryEntry {
    /// The note as the buyer reads it: what happened and how much it was about.
    /// Reasons that the shop wrote, and what banks and gateways tell the shop,
    /// are left out.
    pub fn note_for_buyer(&self, buyer: Option<UserId>) -> Option<&str> {
        let note = self.note.as_deref()?;
        match self.kind.as_str() {
            REFUND_PROMISED => Some(note.split_once(": ").map_or(note, |(amount, _)| amount)),
            CANCELED if self.is_of_shop(buyer) => Some(BY_SHOP),
            "refund_failed" | "dispute" => None,
            _ => Some(note),
        }
    }

    /// Whether somebody who runs the shop did it: neither the buyer nor a
    /// guest, nor the program.
    fn is_of_shop(&self, buyer: Option<UserId>) -> bool {
        let others = [Actor::Anonymous.label(), Actor::System.label()];
        let own = buyer.map(|buyer| buyer.to_string());
        !others.contains(&self.actor)
            && own.as_ref() != Some(&self.actor)
            && self.actor.parse::<JobId>().is_err()
    }
}

impl OrderDetail {
    /// Why it was canceled, as the buyer is told: their own words, or that the
    /// shop did it.
    pub fn cancel_reason_for_buyer(&self) -> Option<&str> {
        let reason = self.order.cancel_reason.as_deref()?;
        let mut entries = self.history.iter().rev();
        let canceled = entries.find(|entry| entry.kind == CANCELED);
        match canceled {
            Some(entry) if entry.is_of_shop(self.order.user) => Some(BY_SHOP),
            _ => Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ApiKeyId, Timestamp};

    use super::*;

    fn entry(kind: &str, note: &str, actor: &str) -> HistoryEntry {
        HistoryEntry {
            kind: kind.into(),
            note: Some(note.into()),
            actor: actor.into(),
            at: Timestamp::from_seconds(0),
        }
    }

    #[test]
    fn what_the_shop_wrote_stays_with_the_shop() {
        let now = Timestamp::from_seconds(0);
        let buyer = UserId::new(now);
        let staff = UserId::new(Timestamp::from_seconds(1)).to_string();
        let key = ApiKeyId::new(now).to_string();
        let job = JobId::new(now).to_string();
        let own = buyer.to_string();
        for (kind, note, actor, told) in [
            (
                "refund_promised",
                "0.01 EUR: fraud: maybe",
                &staff,
                Some("0.01 EUR"),
            ),
            (
                "refund_promised",
                "0.01 EUR at the gateway",
                &job,
                Some("0.01 EUR at the gateway"),
            ),
            ("refund_failed", "the balance is too low", &job, None),
            ("dispute", "5.00 EUR: fraudulent, lost", &job, None),
            ("canceled", "a nuisance", &staff, Some(BY_SHOP)),
            ("canceled", "a nuisance", &key, Some(BY_SHOP)),
            ("canceled", "too late", &own, Some("too late")),
            (
                "canceled",
                "too late",
                &"anonymous".to_owned(),
                Some("too late"),
            ),
            (
                "canceled",
                "not paid in time",
                &job,
                Some("not paid in time"),
            ),
            (
                "canceled",
                "not paid in time",
                &"system".to_owned(),
                Some("not paid in time"),
            ),
            ("shipped", "JD 1", &staff, Some("JD 1")),
        ] {
            let entry = entry(kind, note, actor);
            assert_eq!(entry.note_for_buyer(Some(buyer)), told, "{kind} {actor}");
        }
    }
}
