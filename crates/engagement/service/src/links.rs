//! Links in reminders: back to the cart, and never again.

use engagement_model::EngagementError;
use kernel::secret::{base64url, from_base64url, sha256};
use kernel::{CartId, Scope, TenantId};
use orders_service::CartAnswer;
use url::Url;
use uuid::Uuid;

use crate::Engagement;
use engagement_repository::reminders;

/// What is kept of an address: enough to recognise it.
pub(crate) fn address_hash(tenant: TenantId, email: &str) -> Vec<u8> {
    let text = format!("{tenant}/{}", email.trim().to_lowercase());
    sha256(text.as_bytes()).to_vec()
}

impl Engagement {
    /// The token of a link back to a cart.
    pub(crate) fn restore_token(&self, tenant: TenantId, cart: CartId) -> String {
        format!("{cart}.{}", self.restore_links.capability(tenant, cart))
    }

    /// The cart that a mailed link leads to. A cart of an account is for its
    /// owner only, who has to sign in.
    pub async fn restore_cart(
        &self,
        scope: &Scope,
        token: &str,
    ) -> Result<CartAnswer, EngagementError> {
        let cart = token
            .split_once('.')
            .and_then(|(cart, code)| Some((cart.parse::<CartId>().ok()?, code)))
            .filter(|(cart, code)| self.restore_links.grants(scope.tenant(), *cart, code))
            .map(|(cart, _)| cart)
            .ok_or(EngagementError::InvalidLink)?;
        Ok(self.orders.restored_cart(scope, cart).await?)
    }

    /// Where a POST ends reminders to an address, and a GET asks whether to.
    pub(crate) fn unsubscribe_link(&self, tenant: TenantId, email: &str) -> Url {
        let message = [
            tenant.uuid().as_bytes().as_slice(),
            &address_hash(tenant, email),
        ]
        .concat();
        let code = self.unsubscribe_links.sign(&message);
        let mut url = self.public_url.clone();
        let path = format!("{}/unsubscribe", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut()
            .append_pair("token", &base64url(&[message.as_slice(), &code].concat()));
        url
    }

    fn read_unsubscribe(&self, token: &str) -> Result<(TenantId, Vec<u8>), EngagementError> {
        let raw = from_base64url(token).filter(|raw| raw.len() == 80);
        let raw = raw.ok_or(EngagementError::InvalidLink)?;
        let (message, code) = raw.split_at(48);
        if !self.unsubscribe_links.verify(message, code) {
            return Err(EngagementError::InvalidLink);
        }
        let tenant = Uuid::from_slice(&message[..16]).map_err(|_| EngagementError::InvalidLink)?;
        Ok((TenantId::from_uuid(tenant), message[16..].to_vec()))
    }

    /// The name of the shop whose reminders a link ends.
    pub async fn unsubscribe_page(
        &self,
        scope: &Scope,
        token: &str,
    ) -> Result<String, EngagementError> {
        let (tenant, _) = self.read_unsubscribe(token)?;
        let scope = self.accounts.scope_of_mailed(tenant, scope);
        let tenant = self.accounts.tenant(&scope).await?;
        Ok(tenant.name.clone())
    }

    /// Ends reminders to the address of a link; the name of the shop.
    pub async fn unsubscribe(&self, scope: &Scope, token: &str) -> Result<String, EngagementError> {
        let (tenant, address) = self.read_unsubscribe(token)?;
        let scope = &self.accounts.scope_of_mailed(tenant, scope);
        let tenant = self.accounts.tenant(scope).await?;
        let tx = self.database.begin_write(scope, "mail.opt_out").await?;
        reminders::opt_out(&tx, &address, self.now()).await?;
        tx.commit().await?;
        Ok(tenant.name.clone())
    }
}
