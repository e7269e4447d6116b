//! Rate limits that nodes share, in Redis.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use kernel::Fault;
use kernel::limit::{Decision, Limit, RateLimiter};
use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

/// A limiter must not become what requests wait for.
const TIMEOUT: Duration = Duration::from_millis(250);
/// How long Redis is not asked after it did not answer, so that not every
/// request waits for it to fail again.
const REST: Duration = Duration::from_secs(1);

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
    rests_until: Mutex<Option<Instant>>,
}

impl RedisLimiter {
    /// A limiter over the server at a URL. It connects when first asked.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            script: Script::new(GCRA),
            connection: OnceCell::new(),
            rests_until: Mutex::default(),
        }
    }

    /// Notes that Redis did not answer.
    fn rest(&self) {
        *self
            .rests_until
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now() + REST);
    }

    fn is_resting(&self) -> bool {
        self.rests_until
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .is_some_and(|until| Instant::now() < until)
    }

    async fn connection(&self) -> Result<ConnectionManager, Fault> {
        let failed = |error| Fault::transient("connect to Redis").caused_by(error);
        self.connection
            .get_or_try_init(|| async {
                let client = redis::Client::open(self.url.expose_secret()).map_err(failed)?;
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(TIMEOUT))
                    .set_max_delay(REST)
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

    async fn count(&self, limit: &Limit, key: &str) -> Result<Decision, Fault> {
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

#[async_trait::async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, limit: &Limit, key: &str) -> Result<Decision, Fault> {
        if self.is_resting() {
            return Err(Fault::transient("Redis did not answer a moment ago"));
        }
        // The connection reconnects for seconds before it says so, and whoever
        // uses it in the meantime waits as long.
        let counted = tokio::time::timeout(TIMEOUT, self.count(limit, key))
            .await
            .unwrap_or_else(|_| Err(Fault::transient("Redis does not answer in time")));
        if counted.is_err() {
            self.rest();
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        name: "test",
        count: std::num::NonZeroU32::MIN,
        period: Duration::from_secs(1),
    };

    /// Once for a server that refuses connections, and once for one that
    /// takes them and says nothing.
    #[tokio::test]
    async fn a_redis_that_is_away_is_not_waited_for() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [silent.local_addr(), refusing.local_addr()];
        drop(refusing);
        for address in addresses {
            let url = format!("redis://{}", address.unwrap());
            let limiter = RedisLimiter::new(SecretString::from(url));
            let started = Instant::now();
            assert!(limiter.check(&LIMIT, "a").await.is_err());
            assert!(started.elapsed() < TIMEOUT * 4, "{:?}", started.elapsed());
            let again = Instant::now();
            for _ in 0..100 {
                assert!(limiter.check(&LIMIT, "a").await.is_err());
            }
            assert!(again.elapsed() < TIMEOUT, "{:?}", again.elapsed());
        }
    }
}
