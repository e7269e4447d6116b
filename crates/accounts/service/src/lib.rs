//! The use cases of accounts: tenants, registration, sessions, API keys,
//! people. [`Accounts::authenticate`] is where a request gets its scope.

mod access_cache;
mod access_token;
mod api_keys;
mod audit;
mod authenticate;
mod challenge;
mod contact;
mod directory;
mod links;
mod mail_templates;
mod mails;
mod notices;
mod passwords;
mod people;
mod places;
mod profile;
mod recovery;
mod registration;
mod seller_people;
mod sessions;
mod settings;
mod sign_in;
mod sweep;
mod tenants;
mod two_factor;
mod users;

use std::sync::Arc;

use accounts_model::mails::MailKind;
use accounts_model::ports::Mailer;
use database::Database;
use kernel::secret::{KeyRing, Sealer, Signer};
use kernel::{Clock, Timestamp};
use queue::Queue;
use url::Url;

pub use audit::{Audit, AuditPart, AuditPlace};
pub use authenticate::{Credentials, Host};
pub use mail_templates::{MailOverview, MailText, TemplateDraft};
pub use mails::Letter;
pub use people::{NotErased, People, Person, PersonalData};
pub use registration::Registration;
pub use seller_people::Moved;
pub use sessions::SignedIn;
pub use settings::{NewPlatformFee, SettingsChange};
pub use sign_in::{LoggedIn, Login, SecondStep};
pub use tenants::{NewTenant, TenantChange};
pub use two_factor::Enrolment;
pub use users::{NewUser, UserChange, UserFilter};

use access_cache::AccessCache;
use access_token::AccessTokens;
use challenge::Challenges;
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
    /// The mails of all domains.
    pub mail_kinds: Vec<&'static MailKind>,
    /// The settings.
    pub settings: config::Auth,
    /// Who issues access tokens, and the base of links in mails.
    pub app_url: Url,
    /// The host at which the installation itself is reached.
    pub own_host: Option<String>,
}

/// The use cases of accounts.
pub struct Accounts {
    database: Database,
    queue: Queue,
    mailer: Arc<dyn Mailer>,
    mail_kinds: Vec<&'static MailKind>,
    settings: config::Auth,
    app_url: Url,
    own_host: Option<String>,
    passwords: Passwords,
    tokens: AccessTokens,
    access: AccessCache,
    directory: Directory,
    audit: Audit,
    challenges: Challenges,
    seals: Sealer,
    places: Signer,
}

impl Accounts {
    /// The use cases over these parts.
    pub fn new(parts: AccountsParts) -> Self {
        let access = AccessCache::new(parts.queue.stale_tags());
        let directory = Directory::new(parts.database.clone(), parts.queue.stale_tags());
        Self {
            passwords: Passwords::new(&parts.settings),
            tokens: AccessTokens::new(&parts.keys),
            audit: Audit::new(parts.queue.clock().clone(), &parts.keys),
            challenges: Challenges::new(&parts.keys),
            seals: Sealer::new(&parts.keys, "two-factor"),
            places: Signer::new(&parts.keys, "sign-in-places"),
            access,
            directory,
            database: parts.database,
            queue: parts.queue,
            mailer: parts.mailer,
            mail_kinds: parts.mail_kinds,
            settings: parts.settings,
            app_url: parts.app_url,
            own_host: parts.own_host,
        }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.queue.clock()
    }
}
