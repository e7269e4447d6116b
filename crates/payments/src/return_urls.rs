//! Where buyers go after a payment page.

use serde::{Deserialize, Serialize};
use url::Url;

/// Where the buyer goes after the payment page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnUrls {
    /// When they paid.
    pub success: String,
    /// When they turned back.
    pub cancel: String,
}

/// Where a buyer goes: to what was given, or to a page of the shop when
/// nothing was. None when that is at no origin that was configured: the
/// payment page must not send people anywhere.
pub fn return_url(home: &Url, origins: &[Url], given: Option<&str>, page: &str) -> Option<String> {
    let Some(given) = given else {
        let mut url = home.clone();
        url.set_path(page);
        return Some(url.into());
    };
    let url = Url::parse(given).ok()?;
    let known = matches!(url.scheme(), "http" | "https")
        && origins
            .iter()
            .chain([home])
            .any(|origin| origin.origin() == url.origin());
    known.then(|| url.into())
}
