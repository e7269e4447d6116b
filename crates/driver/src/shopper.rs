//! A purchase as a sequence of requests, each of which can be repeated.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};

/// The login of the demonstration data.
pub const ADMIN: (&str, &str) = ("admin@example.com", "sutler-demo-login");

/// Something to buy.
#[derive(Debug, Clone)]
pub struct Item {
    /// The product.
    pub product: String,
    /// The variant.
    pub variant: String,
}

/// The next thing a buyer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Start a cart.
    Cart,
    /// Put something into it.
    Line,
    /// Say where it goes.
    Address,
    /// Order it.
    Checkout,
    /// Pay at the test gateway.
    Pay,
    /// See that it is paid.
    Paid,
    /// Nothing any more.
    Done,
}

/// All that is done, in order.
pub const STEPS: [Step; 6] = [
    Step::Cart,
    Step::Line,
    Step::Address,
    Step::Checkout,
    Step::Pay,
    Step::Paid,
];

/// One guest's purchase.
#[derive(Debug, Clone)]
pub struct Purchase {
    key: String,
    item: Item,
    quantity: i64,
    /// What comes next.
    pub step: Step,
    /// The cart and the token that opens it.
    pub cart: Option<(String, String)>,
    /// The order and the token that opens it.
    pub order: Option<(String, String)>,
    /// The number of the order.
    pub number: i64,
    session: String,
    /// The goods were gone.
    pub sold_out: bool,
}

impl Purchase {
    /// A purchase that tells its requests apart by a key of its own.
    pub fn new(key: String, item: Item, quantity: i64) -> Self {
        Self {
            key,
            item,
            quantity,
            step: Step::Cart,
            cart: None,
            order: None,
            number: 0,
            session: String::new(),
            sold_out: false,
        }
    }

    /// The next request. `repeatable` gives each POST an idempotency key.
    pub fn call(&self, repeatable: bool) -> Result<Call> {
        let (cart, token) = match &self.cart {
            Some((cart, token)) => (cart.as_str(), token.as_str()),
            None => ("", ""),
        };
        let call = match self.step {
            Step::Cart => Call::post("/api/carts"),
            Step::Line => Call::post(format!("/api/carts/{cart}/lines"))
                .header("x-cart-token", token)
                .json(json!({"variant_id": self.item.variant, "quantity": self.quantity})),
            Step::Address => Call::patch(format!("/api/carts/{cart}"))
                .header("x-cart-token", token)
                .json(json!({"email": "buyer@example.com", "shipping_address": address(), "shipping_method": "standard"})),
            Step::Checkout => Call::post("/api/checkout")
                .header("x-cart-token", token)
                .json(json!({"cart_id": cart})),
            Step::Pay => Call::post(format!("/api/test-gateway/sessions/{}", self.session))
                .json(json!({"outcome": "pay"})),
            Step::Paid | Step::Done => self.look()?,
        };
        let posts = matches!(self.step, Step::Cart | Step::Line | Step::Checkout);
        Ok(if repeatable && posts {
            call.once(&format!("purchase-{:0>8}-{:?}", self.key, self.step))
        } else {
            call
        })
    }

    /// The request that shows the order.
    pub fn look(&self) -> Result<Call> {
        let (order, token) = self.order.as_ref().context("there is no order yet")?;
        Ok(Call::get(format!("/api/orders/{order}")).header("x-order-token", token))
    }

    /// The request that shows the cart.
    pub fn look_at_cart(&self) -> Result<Call> {
        let (cart, token) = self.cart.as_ref().context("there is no cart yet")?;
        Ok(Call::get(format!("/api/carts/{cart}")).header("x-cart-token", token))
    }

    /// Takes note of an answer. Nothing changes when it is one of the server's
    /// own troubles, so that the step is done again.
    pub fn accept(&mut self, answer: &Answer) -> Result<()> {
        if answer.status >= 500 {
            return Ok(());
        }
        match (self.step, answer.status) {
            (Step::Cart, 201) => {
                let (id, token) = (answer.text("/id")?, answer.text("/token")?);
                self.cart = Some((id.to_owned(), token.to_owned()));
                self.step = Step::Line;
            }
            (Step::Line, 200) => self.step = Step::Address,
            (Step::Address, 200) => self.step = Step::Checkout,
            (Step::Checkout, 201) => {
                let (id, token) = (answer.text("/order/id")?, answer.text("/order/token")?);
                self.order = Some((id.to_owned(), token.to_owned()));
                self.number = answer.number("/order/number")?;
                answer
                    .text("/order/payments/0/session_id")?
                    .clone_into(&mut self.session);
                self.step = Step::Pay;
            }
            (Step::Checkout, 409) if answer.text("/code")? == "checkout.out_of_stock" => {
                self.sold_out = true;
                self.step = Step::Done;
            }
            (Step::Pay, 200) => self.step = Step::Paid,
            (Step::Paid, 200) => match answer.text("/status")? {
                "pending" => {}
                "paid" => self.step = Step::Done,
                other => bail!("the order of {} is {other} after payment", self.key),
            },
            (step, status) => bail!(
                "{step:?} of {} answered {status}: {}",
                self.key,
                answer.body
            ),
        }
        Ok(())
    }

    /// What was wanted, as (variant, pieces).
    pub fn wanted(&self) -> (&str, i64) {
        (&self.item.variant, self.quantity)
    }
}

/// Where goods go.
pub fn address() -> Value {
    json!({"name": "Bea Buyer", "line1": "Street 1", "city": "Berlin", "postal_code": "10115", "country": "DE"})
}

/// Signs the demonstration's administrator in; an access token.
pub async fn sign_in(client: &mut Client) -> Result<String> {
    let call = Call::post("/api/auth/login").json(json!({"email": ADMIN.0, "password": ADMIN.1}));
    let answer = client.expect(&call, 200).await?;
    Ok(answer.text("/access_token")?.to_owned())
}

/// Goods of the catalog, one variant of each of so many products.
pub async fn goods(client: &mut Client, count: usize) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut path = "/api/catalog/products?kind=goods&limit=100".to_owned();
    while items.len() < count {
        let page = client.expect(&Call::get(&path), 200).await?;
        for product in page.list("/data")? {
            if items.len() == count {
                break;
            }
            let id = product["id"].as_str().context("a product has an id")?;
            let call = Call::get(format!("/api/catalog/products/{id}"));
            let detail = client.expect(&call, 200).await?;
            items.push(Item {
                product: id.to_owned(),
                variant: detail.text("/variants/0/id")?.to_owned(),
            });
        }
        let cursor = page.text("/next_cursor").context("too few goods")?;
        path = format!("/api/catalog/products?kind=goods&limit=100&cursor={cursor}");
    }
    Ok(items)
}

/// Sets the stock of a variant.
pub async fn set_stock(client: &mut Client, token: &str, item: &Item, to: i64) -> Result<()> {
    let path = format!(
        "/api/admin/catalog/variants/{}/stock-adjustments",
        item.variant
    );
    let call = Call::post(path)
        .bearer(token)
        .json(json!({"to": to, "reason": "counted by the driver"}));
    client.expect(&call, 200).await.map(|_| ())
}

/// Adds a hosted service with one plan: what a period of a `unit` costs in
/// minor units, and how many there are. Answers the plan.
pub async fn add_plan(
    client: &mut Client,
    token: &str,
    unit: &str,
    price: i64,
    total: Option<i64>,
) -> Result<String> {
    let settings = Call::get("/api/admin/settings").bearer(token);
    let settings = client.expect(&settings, 200).await?;
    let template = json!({
        "image": "n8nio/n8n:1.80.0",
        "resources": {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "1Gi"},
    });
    let path = "/api/admin/catalog/services";
    let service = Call::post(path)
        .bearer(token)
        .json(json!({"name": "Driven", "status": "active", "template": template}));
    let service = client.expect(&service, 201).await?;
    let price = json!({"amount": price, "currency": settings.text("/currency")?});
    let plan = Call::post(format!("{path}/{}/plans", service.text("/id")?))
        .bearer(token)
        .json(json!({
            "name": "Driven", "tier": "BASIC", "price": price, "interval": {"unit": unit},
            "total_quota": total,
        }));
    let plan = client.expect(&plan, 201).await?;
    Ok(plan.text("/id")?.to_owned())
}

/// Opens the wallet of whoever is signed in and puts so many minor units into
/// it. Answers the user and the wallet.
pub async fn fund(client: &mut Client, token: &str, amount: i64) -> Result<(String, String)> {
    let me = Call::get("/api/auth/me").bearer(token);
    let user = client.expect(&me, 200).await?.text("/user/id")?.to_owned();
    let open = Call::post("/api/admin/wallets")
        .bearer(token)
        .json(json!({"user_id": user}));
    let made = client.expect(&open, 201).await?;
    let wallet = made.text("/id")?.to_owned();
    let amount = json!({"amount": amount, "currency": made.text("/available/currency")?});
    let adjust = Call::post(format!("/api/admin/wallets/{wallet}/adjustments"))
        .bearer(token)
        .json(json!({"amount": amount, "reason": "to spend"}));
    client.expect(&adjust, 200).await?;
    Ok((user, wallet))
}
