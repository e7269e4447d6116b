//! Somebody who pays into a wallet, one top-up after the other, each as a
//! sequence of requests that can be repeated.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::client::{Answer, Call, Client};

/// How much each top-up is for, in minor units.
const AMOUNT: i64 = 100;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Make a top-up.
    Make,
    /// Pay at the test gateway.
    Pay,
    /// See that it is credited.
    Credited,
}

/// Somebody who pays into the wallet of whoever the token belongs to.
#[derive(Debug)]
pub struct Payer {
    token: Arc<str>,
    currency: Arc<str>,
    name: String,
    number: u64,
    step: Step,
    top_up: String,
    session: String,
    /// Top-ups that were acknowledged as credited.
    pub credited: Vec<String>,
}

impl Payer {
    /// Somebody with a name of their own.
    pub fn new(token: Arc<str>, currency: Arc<str>, name: String) -> Self {
        Self {
            token,
            currency,
            name,
            number: 0,
            step: Step::Make,
            top_up: String::new(),
            session: String::new(),
            credited: Vec::new(),
        }
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.step == Step::Make && self.number == self.credited.len() as u64
    }

    fn look(&self, id: &str) -> Call {
        Call::get(format!("/api/wallet/top-ups/{id}")).bearer(&self.token)
    }

    fn call(&self) -> Call {
        match self.step {
            Step::Make => Call::post("/api/wallet/top-ups")
                .bearer(&self.token)
                .once(&format!("top-up-{}-{}", self.name, self.number))
                .json(json!({"amount": {"amount": AMOUNT, "currency": &*self.currency}})),
            Step::Pay => Call::post(format!("/api/test-gateway/sessions/{}", self.session))
                .json(json!({"outcome": "pay"})),
            Step::Credited => self.look(&self.top_up),
        }
    }

    /// One request. That nobody answers it is no error.
    pub async fn step(&mut self, client: &mut Client) -> Result<()> {
        if self.is_idle() {
            self.number += 1;
        }
        match client.send(&self.call()).await {
            Ok(answer) if answer.status < 500 => self.accept(&answer)?,
            _ => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                return Ok(());
            }
        }
        if self.step == Step::Credited {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn accept(&mut self, answer: &Answer) -> Result<()> {
        match (self.step, answer.status) {
            (Step::Make, 201) => {
                answer.text("/id")?.clone_into(&mut self.top_up);
                answer.text("/session_id")?.clone_into(&mut self.session);
                self.step = Step::Pay;
            }
            // Paid already, and not acknowledged.
            (Step::Pay, 200 | 410) => self.step = Step::Credited,
            (Step::Credited, 200) => {
                if answer.text("/status")? == "succeeded" {
                    self.credited.push(self.top_up.clone());
                    self.step = Step::Make;
                }
            }
            (step, status) => anyhow::bail!(
                "a top-up at {step:?} answers {status}: {}",
                String::from_utf8_lossy(&answer.bytes)
            ),
        }
        Ok(())
    }

    /// What was acknowledged as credited and is not; none, if all is well.
    pub async fn lost(&self, client: &mut Client) -> Result<Vec<String>> {
        let mut lost = Vec::new();
        for id in &self.credited {
            let answer = client.send(&self.look(id)).await?;
            let kept = answer.status == 200
                && answer.text("/status")? == "succeeded"
                && answer.text("/credited_at").is_ok();
            if !kept {
                lost.push(format!("{id} was acknowledged and is {}", answer.body));
            }
        }
        Ok(lost)
    }
}

/// How many top-ups were credited, and what is wrong with them or the wallet
/// when nothing is under way: all that was paid is in it, once.
pub async fn verdict(payers: &[Payer], client: &mut Client) -> Result<(usize, Vec<String>)> {
    let Some(first) = payers.first() else {
        return Ok((0, Vec::new()));
    };
    let (mut credited, mut wrong) = (0, Vec::new());
    for payer in payers {
        credited += payer.credited.len();
        wrong.extend(payer.lost(client).await?);
    }
    let call = Call::get("/api/wallet").bearer(&first.token);
    let wallet = client.expect(&call, 200).await?;
    let came = wallet.number("/total_top_up/amount")?;
    let paid = AMOUNT * i64::try_from(credited)?;
    if came != paid {
        wrong.push(format!("{paid} was paid into the wallet and {came} came"));
    }
    Ok((credited, wrong))
}
