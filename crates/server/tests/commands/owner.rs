//! `DATABASE_OWNER_URL`, as `sutler doctor` takes it.

use testkit::Backend;
use testkit::store::Store;

use super::{run, sutler};

fn owner_url(store: &Store) -> String {
    let variables = store.variables();
    let found = variables
        .into_iter()
        .find(|(name, _)| name == "DATABASE_OWNER_URL");
    found.expect("an owner").1
}

#[tokio::test]
async fn the_doctor_connects_as_the_owner() {
    let store = Store::new(Backend::Postgres).await;
    let (good, said) = run(sutler(&store, &["doctor"], &[])).await;
    assert!(good, "{said}");
    assert!(
        said.contains("the owner of the tables can connect"),
        "{said}"
    );

    let url = owner_url(&store);
    let (_, place) = url.rsplit_once('@').expect("a role and a place");
    let nobody = format!("postgres://nobody_of_tests:a-password@{place}");
    let settings = [("DATABASE_OWNER_URL", nobody.as_str())];
    let (good, said) = run(sutler(&store, &["doctor"], &settings)).await;
    assert!(!good, "{said}");
    assert!(said.contains("✗ the owner of the tables"), "{said}");
    assert!(said.contains("password in DATABASE_OWNER_URL"), "{said}");
    assert!(!said.contains("a-password"), "{said}");
}
