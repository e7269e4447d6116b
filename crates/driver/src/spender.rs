//! Spends from wallets as other domains do, in transactions of their own: what
//! `bench` measures. No route does only that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use config::{Settings, Sources};
use credits_model::transfer::SpendKind;
use credits_model::wallet::WalletKey;
use credits_service::Spend;
use kernel::{Currency, Money, Scope, TenantId, WalletId, random};
use server::Sutler;
use server::compose::Overrides;
use uuid::Uuid;

/// The number in the id of the wallet before the first.
pub const WALLETS: u128 = 9_000_000_000;
/// How much is spent each time, in minor units.
const AMOUNT: i64 = 7;

/// What to spend from, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Spending {
    /// Whose wallets.
    pub tenant: TenantId,
    /// How many there are.
    pub wallets: u32,
    /// How many spend at the same time.
    pub spenders: usize,
    /// For how long.
    pub length: Duration,
    /// How often at most.
    pub most: u64,
}

struct Shared {
    sutler: Sutler,
    scope: Scope,
    spending: Spending,
    currency: Currency,
    spent: AtomicU64,
}

/// Spends, with the settings of the environment; how often in a second. Each
/// thread has a runtime of its own, as those of the HTTP server have.
pub fn spend(spending: Spending, currency: Currency) -> Result<f64> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start a runtime")
    };
    let settings = Settings::load(Sources::of_process(None)).map_err(|error| anyhow!("{error}"))?;
    let home = runtime()?;
    let sutler = home.block_on(Sutler::build(settings, Overrides::default()))?;
    // Nobody drives those of this runtime from here on.
    sutler.database.close_idle(Duration::ZERO);
    let scope = sutler.accounts.system_scope(spending.tenant, "bench");
    let shared = Arc::new(Shared {
        sutler,
        scope,
        spending,
        currency,
        spent: AtomicU64::new(0),
    });
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let done = Arc::new(tokio::sync::Barrier::new(threads));
    let began = Instant::now();
    let running: Vec<_> = (0..threads)
        .map(|n| {
            let (shared, runtime, done) = (shared.clone(), runtime()?, done.clone());
            let share = (n..spending.spenders).step_by(threads).count();
            Ok(std::thread::spawn(move || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    let spent = spend_side_by_side(&shared, share).await;
                    // Others may use connections that this runtime drives.
                    done.wait().await;
                    spent
                })
            }))
        })
        .collect::<Result<_>>()?;
    for thread in running {
        thread.join().map_err(|_| anyhow!("a spender died"))??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand")]
    let spent = shared.spent.load(Ordering::Relaxed).min(spending.most) as f64;
    Ok(spent / began.elapsed().as_secs_f64())
}

async fn spend_side_by_side(shared: &Arc<Shared>, spenders: usize) -> Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..spenders {
        let shared = shared.clone();
        tasks.spawn_local(async move {
            let end = Instant::now() + shared.spending.length;
            while Instant::now() < end
                && shared.spent.fetch_add(1, Ordering::Relaxed) < shared.spending.most
            {
                spend_once(&shared).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn spend_once(shared: &Shared) -> Result<()> {
    let chance = u32::from_le_bytes(random::bytes());
    let wallet = WALLETS + 1 + u128::from(chance % shared.spending.wallets);
    // So that the measurement knows it for a name.
    let name: [u8; 16] = random::bytes();
    let spend = Spend {
        wallet: WalletKey::Id(WalletId::from_uuid(Uuid::from_u128(wallet))),
        kind: SpendKind::Order,
        reference: format!("bench_{:032x}", u128::from_le_bytes(name)),
        amount: Money::new(AMOUNT, shared.currency),
    };
    let (sutler, scope) = (&shared.sutler, &shared.scope);
    let tx = sutler
        .database
        .begin_write(scope, "bench.spend")
        .await
        .map_err(|fault| anyhow!(fault.chain()))?;
    sutler
        .credits
        .spend_in_tx(&tx, &spend)
        .await
        .map_err(|error| anyhow!("{error}: {:?}", kernel::DomainError::fault(&error)))?;
    tx.commit().await.map_err(|fault| anyhow!(fault.chain()))
}
