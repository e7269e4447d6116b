//! Two shops with people in them, made through the API.

mod purchase;

use serde_json::json;

use accounts_service::NewUser;
use kernel::Role;
use secrecy::SecretString;

use crate::app::App;
use crate::client::Answer;

pub use purchase::{Cart, Item, Listing, Order, address, eur, placed};

/// The password of everybody in tests.
pub const PASSWORD: &str = "a password of tests";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id.
    pub id: String,
    /// The address.
    pub email: String,
    /// An access token.
    pub token: String,
}

/// A tenant and the people in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The id.
    pub id: String,
    /// The host it is reached at.
    pub host: &'static str,
    /// What its prices are in.
    pub currency: String,
    /// Who administers it.
    pub admin: Person,
    /// Who runs the shop from day to day.
    pub manager: Person,
    /// A customer.
    pub user: Person,
    /// An API key of the administrator's with all permissions; unlike access
    /// tokens it does not expire when a test moves the clock.
    pub key: String,
}

/// An installation with two tenants.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Runs the installation.
    pub operator: Person,
    /// The default tenant.
    pub first: Tenant,
    /// Another one, at the host `other.test`.
    pub second: Tenant,
}

impl App {
    /// Makes two tenants with people in them, and a way to ship.
    pub async fn shop(&self) -> Shop {
        let operator = self.operator().await;
        let made = self
            .client
            .post(
                "/api/admin/tenants",
                &json!({"slug": "other", "name": "The other shop", "currency": "USD", "hosts": ["other.test"]}),
            )
            .bearer(&operator.token)
            .expect(201)
            .await;
        let second = made.text_at("/id");
        let me = self
            .client
            .get("/api/auth/me")
            .bearer(&operator.token)
            .expect(200)
            .await;
        let first = me.text_at("/tenant_id");
        let shop = Shop {
            first: self.tenant(&operator, first, "127.0.0.1").await,
            second: self.tenant(&operator, second, "other.test").await,
            operator,
        };
        for tenant in [&shop.first, &shop.second] {
            let currency = &tenant.currency;
            self.client
                .post(
                    "/api/admin/shipping-methods",
                    &json!({"code": "standard", "name": "Standard", "rates": {"kind": "flat", "amount": {"amount": 500, "currency": currency}}}),
                )
                .bearer(&tenant.admin.token)
                .expect(201)
                .await;
        }
        shop
    }

    async fn operator(&self) -> Person {
        let tenant = self.sutler.default_tenant().await.expect("a tenant");
        let scope = self.sutler.accounts.system_scope(tenant.id, "test");
        let new = NewUser {
            email: "operator@shop.test".to_owned(),
            password: SecretString::from(PASSWORD),
            name: "Olga Operator".to_owned(),
            role: Role::Operator,
        };
        let made = self.sutler.accounts.ensure_user(&scope, new).await;
        made.expect("an operator");
        self.login("operator@shop.test", "127.0.0.1").await
    }

    /// An API key that may do everything, of somebody who runs the
    /// installation. They need not be there yet.
    pub async fn operator_key(&self) -> String {
        let operator = self.operator().await;
        self.key(&operator).await
    }

    /// The actions that the tenant's audit log has, the last one first.
    pub async fn audited(&self, tenant: &Tenant) -> Vec<String> {
        let log = self.client.get("/api/admin/audit?limit=100");
        let log = log.bearer(&tenant.key).expect(200).await;
        let entries = log.body["data"].as_array().expect("a list");
        let action = |entry: &serde_json::Value| entry["action"].as_str().map(str::to_owned);
        entries.iter().filter_map(action).collect()
    }

    async fn key(&self, of: &Person) -> String {
        let me = self.client.get("/api/auth/me").bearer(&of.token);
        let permissions = me.expect(200).await.body["permissions"].clone();
        let body = json!({"name": "tests", "scopes": permissions});
        let made = self.client.post("/api/api-keys", &body).bearer(&of.token);
        made.expect(201).await.text_at("/secret")
    }

    async fn tenant(&self, operator: &Person, id: String, host: &'static str) -> Tenant {
        let admin = format!("admin@{host}");
        self.client
            .post(
                &format!("/api/admin/tenants/{id}/admins"),
                &json!({"email": admin, "password": PASSWORD, "name": "Ada Admin"}),
            )
            .bearer(&operator.token)
            .expect(201)
            .await;
        let admin = self.login(&admin, host).await;
        let user = self.register("user@mail.test", host).await;
        let manager = self.register("manager@mail.test", host).await;
        let path = format!("/api/admin/users/{}", manager.id);
        let before = self.client.get(&path).bearer(&admin.token).expect(200);
        let etag = before.await.header("etag").to_owned();
        self.client
            .patch(&path, &json!({"role": "manager"}))
            .bearer(&admin.token)
            .header("if-match", &etag)
            .expect(200)
            .await;
        let key = self.key(&admin).await;
        let settings = self.client.get("/api/admin/settings");
        let settings = settings.bearer(&admin.token).expect(200).await;
        Tenant {
            id,
            host,
            currency: settings.text_at("/currency"),
            admin,
            manager,
            user,
            key,
        }
    }

    /// Makes an account.
    pub async fn register(&self, email: &str, host: &str) -> Person {
        let answer = self
            .client
            .post(
                "/api/auth/register",
                &json!({"email": email, "password": PASSWORD, "name": "Some Body"}),
            )
            .header("host", host)
            .expect(201)
            .await;
        person(&answer, email)
    }

    /// Signs somebody in.
    pub async fn login(&self, email: &str, host: &str) -> Person {
        let answer = self
            .client
            .post(
                "/api/auth/login",
                &json!({"email": email, "password": PASSWORD}),
            )
            .header("host", host)
            .expect(200)
            .await;
        person(&answer, email)
    }
}

fn person(answer: &Answer, email: &str) -> Person {
    Person {
        id: answer.text_at("/user/id"),
        email: email.to_owned(),
        token: answer.text_at("/access_token"),
    }
}
