//! Where somebody signed in before: which devices, which networks. Only keyed
//! hashes of them are stored.

use accounts_model::audit::network_of;
use accounts_model::user::User;
use accounts_repository::sign_in_places::{self, Kind};
use database::Transaction;
use kernel::{Fault, RequestInfo, UserId};

use crate::Accounts;

impl Accounts {
    /// Notes where the user signs in, and says whether they were told to be
    /// elsewhere before. The first place of all is not new to anybody.
    pub(crate) async fn is_new_place(&self, tx: &Transaction, user: &User) -> Result<bool, Fault> {
        let now = self.now();
        let known = sign_in_places::of(tx, user.id).await?;
        let mut strange = false;
        for (kind, what) in places(tx.scope().request()) {
            let message = message(user.id, kind, &what);
            let seen = known
                .iter()
                .find(|place| self.places.verify(&message, &place.fingerprint));
            if let Some(seen) = seen {
                sign_in_places::touch(tx, user.id, kind, &seen.fingerprint, now).await?;
            } else {
                let fingerprint = self.places.sign(&message);
                sign_in_places::add(tx, user.id, kind, fingerprint, now).await?;
                strange = true;
            }
        }
        Ok(strange && !known.is_empty())
    }
}

/// The device and the network of a request.
fn places(request: &RequestInfo) -> [(Kind, String); 2] {
    let device = request
        .user_agent
        .as_deref()
        .map(device)
        .unwrap_or_default();
    let network = request.address.map(network_of).unwrap_or_default();
    [(Kind::Device, device), (Kind::Network, network)]
}

/// What a device calls itself, without the numbers that every update changes.
fn device(user_agent: &str) -> String {
    user_agent
        .chars()
        .filter(|c| !c.is_ascii_digit() && *c != '.' && *c != '_')
        .collect()
}

fn message(user: UserId, kind: Kind, what: &str) -> Vec<u8> {
    format!("{user}/{}/{what}", kind.name()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_no_other_device() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";
        let updated = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0.2) Gecko/20100101 Firefox/140.0.2";
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15";
        assert_eq!(device(firefox), device(updated));
        assert_ne!(device(firefox), device(mac));
    }
}
