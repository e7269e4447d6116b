//! Instances that run nowhere: their states follow each other by the clock.
//! For development, and for shops that only want to see how it looks.

use std::sync::Arc;
use std::time::Duration;

use clusters_model::instance::Wish;
use clusters_model::ports::{Observed, Place, Provisioner, State, Trouble, Wanted};
use kernel::Clock;

/// How long one takes to start.
const STARTS: Duration = Duration::from_secs(5);
/// How long one that is as it should be is left alone: nothing happens to it.
const SETTLED: Duration = Duration::from_hours(24);
/// How long one takes to go away.
const GOES: Duration = Duration::from_secs(2);
/// The tag of images that never start.
const BROKEN: &str = ":broken";

/// The provisioner that makes nothing.
pub struct Simulated {
    clock: Arc<dyn Clock>,
}

impl Simulated {
    /// By that clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

#[async_trait::async_trait]
impl Provisioner for Simulated {
    async fn reconcile(&self, wanted: &Wanted) -> Result<Observed, Trouble> {
        let passed = self.clock.now().since(wanted.since);
        let (takes, then, until) = match wanted.wish {
            Wish::Running => (STARTS, State::Running, State::Provisioning),
            Wish::Stopped | Wish::Suspended => (Duration::ZERO, State::Stopped, State::Stopped),
            Wish::Gone => (GOES, State::Gone, State::Provisioning),
        };
        if wanted.wish == Wish::Running && wanted.template.image.ends_with(BROKEN) {
            return Ok(Observed {
                reason: Some("the image cannot be pulled".to_owned()),
                ..Observed::of(State::Failed)
            });
        }
        let (state, again_after) = if passed >= takes {
            (then, SETTLED)
        } else {
            (until, takes.saturating_sub(passed))
        };
        Ok(Observed {
            again_after: Some(again_after),
            ..Observed::of(state)
        })
    }

    async fn logs(&self, place: &Place, lines: u32) -> Result<Vec<String>, Trouble> {
        let all = [
            "starting".to_owned(),
            format!("{} listens", place.name),
            "this instance is simulated; it runs nowhere".to_owned(),
        ];
        let skipped = all
            .len()
            .saturating_sub(usize::try_from(lines).unwrap_or(0));
        Ok(all.into_iter().skip(skipped).collect())
    }
}
