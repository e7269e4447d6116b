//! Rate limits that nodes share, in Redis.

use std::time::Duration;

use kernel::Fault;
use kernel::limit::{Decision, Limit, RateLimiter};
use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

/// A limiter must not become what requests wait for.
const TIMEOUT: Duration = Duration::from_millis(250);

/// The generic cell rate algorithm (ITU-T I.371, in the form of virtual
/// scheduling), in microseconds of Redis' own clock, so that nodes need not
/// agree on the time. Returns: allowed, remaining, reset, retry.
const GCRA: &str = r"
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local tolerance = interval * burst
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
if arrival < now then arrival = now end
local next_arrival = arrival + interval
local allow_at = next_arrival - tolerance
if allow_at > now then
  return {0, 0, arrival - now, allow_at - now}
end
redis.call('SET', KEYS[1], next_arrival, 'PX', math.ceil((next_arrival - now) / 1000) + 1000)
local remaining = math.floor((tolerance - (next_arrival - now)) / interval)
return {1, remaining, next_arrival - now, 0}
";

/// A limiter over a Redis server.
pub struct RedisLimiter {
    url: SecretString,
    script: Script,
    connection: OnceCell<ConnectionManager>,
}

impl RedisLimiter {
    /// A limiter over the server at a URL. It connects when first asked.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            script: Script::new(GCRA),
            connection: OnceCell::new(),
        }
    }

    async fn connection(&self) -> Result<ConnectionManager, Fault> {
        let failed = |error| Fault::transient("connect to Redis").caused_by(error);
        self.connection
            .get_or_try_init(|| async {
                let client = redis::Client::open(self.url.expose_secret()).map_err(failed)?;
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(TIMEOUT))
                    .set_response_timeout(Some(TIMEOUT));
                client
                    .get_connection_manager_with_config(config)
                    .await
                    .map_err(failed)
            })
            .await
            .cloned()
    }

    /// Whether Redis answers.
    pub async fn ping(&self) -> Result<(), Fault> {
        let mut connection = self.connection().await?;
        redis::cmd("PING")
            .query_async::<()>(&mut connection)
            .await
            .map_err(|error| Fault::transient("ask Redis").caused_by(error))
    }
}

#[async_trait::async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, limit: &Limit, key: &str) -> Result<Decision, Fault> {
        let mut connection = self.connection().await?;
        let interval = limit.period.as_micros() / u128::from(limit.count.get());
        let (allowed, remaining, reset, retry): (u8, u32, u64, u64) = self
            .script
            .key(format!("sutler:limit:{}:{key}", limit.name))
            .arg(u64::try_from(interval).unwrap_or(u64::MAX))
            .arg(limit.count.get())
            .invoke_async(&mut connection)
            .await
            .map_err(|error| Fault::transient("count in Redis").caused_by(error))?;
        Ok(Decision {
            allowed: allowed == 1,
            remaining,
            reset_after: Duration::from_micros(reset),
            retry_after: Duration::from_micros(retry),
        })
    }
}
