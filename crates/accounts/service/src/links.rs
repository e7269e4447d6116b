//! Where the pages of the apps of tenants are.

use accounts_model::tenant::Tenant;
use url::Url;

use crate::Accounts;

impl Accounts {
    /// Where the pages of a tenant's app are: at its first host, or at the
    /// address of the settings when it is the default one or has none.
    pub fn home(&self, tenant: &Tenant) -> Url {
        let mut url = self.app_url.clone();
        if let Some(host) = tenant.hosts.first()
            && !tenant.is_default
            && url.set_host(Some(host)).is_err()
        {
            // Hosts are checked when they are noted.
            tracing::warn!(host, "a tenant's host is none");
        }
        url
    }

    /// The address of a page of the app, with the token that opens it, for
    /// mails.
    pub fn link(&self, tenant: &Tenant, page: &str, token: &str) -> String {
        let mut url = self.home(tenant);
        // The app may live below a path.
        let path = format!("{}/{page}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().append_pair("token", token);
        url.into()
    }
}
