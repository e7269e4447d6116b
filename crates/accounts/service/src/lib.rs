//! The use cases of accounts: tenants, registration, sessions, API keys,
//! people. [`Accounts::authenticate`] is where a request gets its scope.

mod access_cache;
mod access_token;
mod api_keys;
mod audit;
mod authenticate;
mod directory;
mod links;
mod passwords;
mod profile;
mod recovery;
mod registration;
mod sessions;
mod settings;
mod sweep;
mod tenants;
mod users;

use std::sync::Arc;

use accounts_model::ports::Mailer;
use database::Database;
use kernel::secret::KeyRing;
use kernel::{Clock, Timestamp};
use queue::Queue;
use url::Url;

pub use audit::{Audit, AuditPart, AuditPlace};
pub use authenticate::{Credentials, Host};
pub use registration::Registration;
pub use sessions::{Login, SignedIn};
pub use settings::{NewPlatformFee, SettingsChange};
pub use tenants::{NewTenant, TenantChange};
pub use users::{NewUser, UserChange, UserFilter};

use access_cache::AccessCache;
use access_token::AccessTokens;
use directory::Directory;
use passwords::Passwords;

/// What accounts are made of.
pub struct AccountsParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// What tokens are signed with.
    pub keys: Arc<KeyRing>,
    /// How mail leaves.
    pub mailer: Arc<dyn Mailer>,
    /// The settings.
    pub settings: config::Auth,
    /// Who issues access tokens, and the base of links in mails.
    pub app_url: Url,
}

/// The use cases of accounts.
pub struct Accounts {
    database: Database,
    queue: Queue,
    mailer: Arc<dyn Mailer>,
    settings: config::Auth,
    app_url: Url,
    passwords: Passwords,
    tokens: AccessTokens,
    access: AccessCache,
    directory: Directory,
    audit: Audit,
}

impl Accounts {
    /// The use cases over these parts.
    pub fn new(parts: AccountsParts) -> Self {
        let access = AccessCache::new(parts.queue.stale_tags());
        let directory = Directory::new(parts.database.clone(), parts.queue.stale_tags());
        Self {
            passwords: Passwords::new(&parts.settings),
            tokens: AccessTokens::new(&parts.keys, parts.app_url.as_str()),
            audit: Audit::new(parts.queue.clock().clone(), &parts.keys),
            access,
            directory,
            database: parts.database,
            queue: parts.queue,
            mailer: parts.mailer,
            settings: parts.settings,
            app_url: parts.app_url,
        }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.queue.clock()
    }
}
