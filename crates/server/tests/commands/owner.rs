//! `DATABASE_OWNER_URL`, as `sutler doctor` and `sutler migrate` take it.

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

#[tokio::test]
async fn an_owner_of_another_database_is_refused() {
    let store = Store::new(Backend::Postgres).await;
    let (empty, full) = (
        Store::empty(Backend::Postgres).await,
        Store::new(Backend::Postgres).await,
    );
    for (other, command) in [(&empty, &["up"][..]), (&full, &["down", "--yes"])] {
        let url = owner_url(other);
        let settings = [("DATABASE_OWNER_URL", url.as_str())];
        for arguments in [[&["migrate"], command].concat(), vec!["doctor"]] {
            let (good, said) = run(sutler(&store, &arguments, &settings)).await;
            assert!(!good, "{said}");
            assert!(said.contains("the same database"), "{said}");
        }
    }
    let (good, said) = run(sutler(&full, &["migrate", "status"], &[])).await;
    assert!(good, "{said}");
    let (good, said) = run(sutler(&empty, &["migrate", "status"], &[])).await;
    assert!(!good && !said.contains("applied "), "{said}");
}

#[tokio::test]
async fn before_the_role_is_there_the_names_in_the_urls_are_compared() {
    let store = Store::empty(Backend::Postgres).await;
    let owner = owner_url(&store);
    let (_, place) = owner.rsplit_once('@').expect("a role and a place");
    let url = format!("postgres://nobody_of_tests:x@{place}_other");
    let settings = [("DATABASE_URL", url.as_str())];
    let (good, said) = run(sutler(&store, &["migrate", "up"], &settings)).await;
    assert!(!good, "{said}");
    assert!(said.contains("the same database"), "{said}");
}

/// A role that may not make tables, and nobody else to do it.
#[tokio::test]
async fn without_an_owner_that_may_make_tables_both_say_so() {
    // It also makes the role of the application.
    let full = Store::new(Backend::Postgres).await;
    let empty = Store::empty(Backend::Postgres).await;
    let settings = [("DATABASE_OWNER_URL", "")];
    for arguments in [&["doctor"][..], &["migrate", "up"]] {
        let (good, said) = run(sutler(&empty, arguments, &settings)).await;
        assert!(!good, "{said}");
        assert!(said.contains("may not make tables"), "{said}");
        assert!(said.contains("set DATABASE_OWNER_URL"), "{said}");
        assert!(!said.contains(" at line "), "{said}");
        // What the database says is said once.
        assert!(said.matches("permission denied").count() <= 1, "{said}");
    }
    // Where nothing is missing there is nothing to make.
    for arguments in [&["doctor"][..], &["migrate", "up"]] {
        let (good, said) = run(sutler(&full, arguments, &settings)).await;
        assert!(good, "{said}");
    }
}
