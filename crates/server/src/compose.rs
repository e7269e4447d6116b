//! Where every crate meets.

use std::ops::Deref;
use std::sync::Arc;

use accounts_model::ports::Mailer;
use accounts_service::NewTenant;
use anyhow::{Context as _, Result, ensure};
use api::{ApiParts, ApiState, Limits, Services};
use catalog_model::ports::FileStore;
use config::{GatewayName, Settings};
use database::Database;
use engagement_model::ports::CartHook;
use gateway_midtrans::MidtransGateway;
use gateway_redis::RedisLimiter;
use gateway_stripe::StripeGateway;
use gateway_test::TestGateway;
use gateway_webhook::Webhook;
use kernel::limit::RateLimiter;
use kernel::secret::{KeyRing, Sealer};
use kernel::{Clock, SystemClock};
use orders_model::jobs::ProcessWebhook;
use orders_model::ports::{PaymentGateway, TestBuyer};
use queue::schedule::Schedule;
use queue::{Queue, QueueAdmin, Registry};

use crate::migrations::{self, explained};
use crate::modules::{self, Base};
use crate::readiness::DatabaseReadiness;
use crate::secret;
use crate::single::Single;

/// What can be put in place of what the settings name; for tests.
#[derive(Default)]
pub struct Overrides {
    /// The clock.
    pub clock: Option<Arc<dyn Clock>>,
    /// How mail leaves.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where files are kept.
    pub files: Option<Arc<dyn FileStore>>,
}

/// A process that was built and not yet started.
pub struct Sutler {
    /// The settings it was built from.
    pub settings: Arc<Settings>,
    /// The database.
    pub database: Database,
    /// Background work.
    pub queue: Queue,
    /// The use cases of every domain.
    pub services: Services,
    /// What operators see of background work.
    pub queue_admin: Arc<QueueAdmin>,
    /// Handlers and subscriptions.
    pub registry: Arc<Registry>,
    /// What is due again and again.
    pub schedules: Arc<Vec<Schedule>>,
    /// What is derived from the installation's secret.
    pub keys: Arc<KeyRing>,
    /// Rate limits shared with other nodes, if there are any.
    pub shared_limits: Option<Arc<dyn RateLimiter>>,
}

/// The payment gateways, and who hears of carts that were left behind.
pub(crate) struct Gateways {
    pub(crate) all: Vec<Arc<dyn PaymentGateway>>,
    pub(crate) buyer: Option<Arc<dyn TestBuyer>>,
    pub(crate) cart_hook: Option<Arc<dyn CartHook>>,
}

/// So that commands name a use case as `sutler.accounts`.
impl Deref for Sutler {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl Sutler {
    /// Builds a process, migrates if the settings say so, and makes sure that
    /// there is a default tenant.
    pub async fn build(settings: Settings, overrides: Overrides) -> Result<Self> {
        let settings = Arc::new(settings);
        database::wait_until_up(&settings.database)
            .await
            .map_err(|fault| explained(&fault))?;
        if settings.database.auto_migrate
            && let Some(doubt) = migrations::up(&settings.database, None).await?
        {
            tracing::warn!("{doubt}");
        }
        let keys = Arc::new(secret::key_ring(&settings)?);
        let sealer = Sealer::new(&keys, "request-keys");
        let database =
            Database::open(&settings.database, sealer).map_err(|fault| explained(&fault))?;
        let checked = database.check().await.map_err(|fault| explained(&fault))?;
        tracing::info!(database = ?checked.backend, version = checked.version, "database connected");
        migrations::ensure_applied(&database).await?;
        check_role(&settings, &database).await?;
        Self::assemble(settings, database, keys, overrides).await
    }

    async fn assemble(
        settings: Arc<Settings>,
        database: Database,
        keys: Arc<KeyRing>,
        overrides: Overrides,
    ) -> Result<Self> {
        let clock = overrides.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let queue = Queue::new(clock);
        let mailer = match overrides.mailer {
            Some(mailer) => mailer,
            None => {
                gateway_mail::from_settings(&settings.mail).map_err(|fault| explained(&fault))?
            }
        };
        let files = match overrides.files {
            Some(files) => files,
            None => gateway_storage::from_settings(&settings.media)
                .map_err(|fault| explained(&fault))?,
        };
        let gateways = gateways(&settings, &database, &queue, &keys)?;
        let base = Base {
            settings: &settings,
            database: &database,
            queue: &queue,
            keys: &keys,
        };
        let services = modules::services(&base, gateways, &mailer, files);
        let log = Arc::new(services.accounts.audit().clone());
        let queue_admin = QueueAdmin::new(database.clone(), queue.clone(), log)
            .replay_with(StripeGateway::NAME, |webhook| ProcessWebhook { webhook })
            .replay_with(MidtransGateway::NAME, |webhook| ProcessWebhook { webhook })
            .replay_with(TestGateway::NAME, |webhook| ProcessWebhook { webhook });
        let (registry, schedules) = modules::background(&base, &services);
        let built = Self {
            shared_limits: settings
                .redis_url
                .clone()
                .map(|url| Arc::new(RedisLimiter::new(url)) as Arc<dyn RateLimiter>),
            settings,
            database,
            queue,
            services,
            queue_admin: Arc::new(queue_admin),
            registry: Arc::new(registry),
            schedules: Arc::new(schedules),
            keys,
        };
        built.ensure_rows().await?;
        Ok(built)
    }

    /// The rows every installation has: the default tenant and the schedules.
    async fn ensure_rows(&self) -> Result<()> {
        let tenant = &self.settings.tenant;
        self.accounts
            .ensure_default_tenant(NewTenant {
                slug: "default".to_owned(),
                name: tenant.name.clone(),
                currency: tenant.currency,
                hosts: Vec::new(),
            })
            .await
            .context("make the default tenant")?;
        let install = async {
            let tx = self.database.begin_system("schedules.install").await?;
            let now = self.queue.clock().now();
            queue::schedule::install(&tx, &self.schedules, now).await?;
            tx.commit().await
        };
        install.await.map_err(|fault| explained(&fault))
    }

    /// Frees the jobs that an earlier process on the same SQLite file was at
    /// when it was killed. With PostgreSQL another one may well be at them.
    pub(crate) async fn free_leases(&self, single: &Single) -> Result<()> {
        if !single.is_alone() {
            return Ok(());
        }
        let freed = self
            .queue
            .free_leases(&self.database)
            .await
            .map_err(|fault| explained(&fault))?;
        if freed > 0 {
            tracing::info!(freed, "jobs of a process that was killed are due again");
        }
        Ok(())
    }

    /// What the API needs of the process.
    pub fn api_state(&self, metrics: Arc<dyn Fn() -> String + Send + Sync>) -> ApiState {
        ApiState::new(
            ApiParts {
                services: self.services.clone(),
                queue: self.queue_admin.clone(),
                stale: self.queue.stale_tags().clone(),
                limits: Limits::new(&self.settings.rate_limits, self.shared_limits.clone()),
                keys: self.keys.clone(),
                clock: self.queue.clock().clone(),
                readiness: Arc::new(DatabaseReadiness::new(
                    self.database.clone(),
                    self.queue.clock().clone(),
                )),
                metrics,
                trace_parent: crate::telemetry::trace_parent(&self.settings.telemetry),
            },
            &self.settings,
        )
    }
}

/// The payment gateways; the one for those who choose none comes first.
fn gateways(
    settings: &Settings,
    database: &Database,
    queue: &Queue,
    keys: &Arc<KeyRing>,
) -> Result<Gateways> {
    let mut all: Vec<Arc<dyn PaymentGateway>> = Vec::new();
    let mut buyer: Option<Arc<dyn TestBuyer>> = None;
    if settings.payments.test_enabled {
        let test = Arc::new(TestGateway::new(
            database.clone(),
            queue.clone(),
            keys,
            settings.http.public_url.clone(),
        ));
        all.push(test.clone());
        buyer = Some(test);
    }
    if let Some(stripe) = &settings.payments.stripe {
        let stripe = StripeGateway::new(stripe).map_err(|fault| explained(&fault))?;
        all.push(Arc::new(stripe));
    }
    if let Some(midtrans) = &settings.payments.midtrans {
        let midtrans = MidtransGateway::new(midtrans).map_err(|fault| explained(&fault))?;
        all.push(Arc::new(midtrans));
    }
    let default: &'static str = match settings.payments.gateway {
        GatewayName::Test => TestGateway::NAME,
        GatewayName::Stripe => StripeGateway::NAME,
        GatewayName::Midtrans => MidtransGateway::NAME,
    };
    all.sort_by_key(|gateway| gateway.name() != default);
    let cart_hook =
        Webhook::from_settings(&settings.abandoned_carts).map_err(|fault| explained(&fault))?;
    Ok(Gateways {
        all,
        buyer,
        cart_hook: cart_hook.map(|hook| Arc::new(hook) as Arc<dyn CartHook>),
    })
}

/// In production, a role that row-level security does not hold for is refused.
async fn check_role(settings: &Settings, database: &Database) -> Result<()> {
    let role = database.role().await.map_err(|fault| explained(&fault))?;
    let Some(role) = role.filter(|role| !role.is_confined()) else {
        return Ok(());
    };
    let why = format!(
        "row-level security does not hold for the database role {:?} because it is a superuser or has BYPASSRLS; \
         let DATABASE_URL name a plain role and DATABASE_OWNER_URL the owner of the tables",
        role.name
    );
    ensure!(!settings.is_production(), why);
    tracing::warn!("{why}");
    Ok(())
}
