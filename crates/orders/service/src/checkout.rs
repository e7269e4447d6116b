//! From a cart to a payment page.

use database::retrying;
use kernel::{Money, Scope};
use orders_model::OrdersError;
use orders_model::order::ReturnUrls;
use orders_model::ports::return_url;
use url::Url;

use crate::Orders;
use crate::access::CartKey;
use crate::address_book::GivenAddress;
use crate::orders::OrderAnswer;
use crate::wallet_payments::WalletShare;

/// What somebody checks out with. What is `None` is taken from the cart.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// The cart.
    pub cart: CartKey,
    /// Where the confirmation goes.
    pub email: Option<String>,
    /// Where the goods go.
    pub shipping_address: Option<GivenAddress>,
    /// Who is billed.
    pub billing_address: Option<GivenAddress>,
    /// The code of the shipping method.
    pub shipping_method: Option<String>,
    /// Through whom to pay.
    pub gateway: Option<String>,
    /// Where to go when paid.
    pub success_url: Option<String>,
    /// Where to go when turned back.
    pub cancel_url: Option<String>,
    /// The total the buyer saw.
    pub expected_total: Option<Money>,
    /// What of it the caller's wallet pays; nothing when absent.
    pub wallet: Option<WalletShare>,
}

impl Orders {
    /// Places the order of a cart, reserves its stock, and opens a page where
    /// it is paid. When the gateway does not answer, the order is there and
    /// can be paid by another attempt; repeating the request with the same
    /// idempotency key goes on where it stopped.
    pub async fn checkout(
        &self,
        scope: &Scope,
        request: CheckoutRequest,
    ) -> Result<OrderAnswer, OrdersError> {
        let gateway = self.gateway_of(request.gateway.as_deref())?;
        let home = self.accounts.home(&*self.tenant(scope).await?);
        let return_urls = self.return_urls(
            &home,
            request.success_url.as_deref(),
            request.cancel_url.as_deref(),
        )?;
        let (progress, placed) = retrying("order.place", || {
            self.place(scope, &request, gateway, &return_urls)
        })
        .await?;
        self.finish(scope, progress, placed).await
    }

    /// Where the buyer goes after the payment page. Only to places that were
    /// configured: the page is ours, and must not send people anywhere.
    pub(crate) fn return_urls(
        &self,
        home: &Url,
        success: Option<&str>,
        cancel: Option<&str>,
    ) -> Result<ReturnUrls, OrdersError> {
        Ok(ReturnUrls {
            success: self.return_url(home, "success_url", success, "checkout/success")?,
            cancel: self.return_url(home, "cancel_url", cancel, "checkout/canceled")?,
        })
    }

    fn return_url(
        &self,
        home: &Url,
        field: &'static str,
        given: Option<&str>,
        page: &str,
    ) -> Result<String, OrdersError> {
        return_url(home, &self.return_origins, given, page).ok_or(OrdersError::ReturnUrl(field))
    }
}
