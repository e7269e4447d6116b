//! What a crash between a row and its files leaves behind.

use std::fs::File;
use std::time::{Duration, SystemTime};

use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::picture::small;

use super::{files, shown, upload};

/// Runs a statement behind the server's back.
async fn behind(app: &App, backend: Backend, sql: &'static str) {
    let done = match backend {
        Sqlite => {
            let file = app.store().folder().join("sutler.db");
            let mut db = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
                .await
                .expect("the file");
            db.execute(AssertSqlSafe(sql)).await.map(|_| ())
        }
        Postgres => {
            let mut db = app.store().superuser().await;
            db.execute(AssertSqlSafe(sql)).await.map(|_| ())
        }
    };
    done.expect("a statement");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_broke_off_is_tidied_up(#[values(Sqlite, Postgres)] backend: Backend) {
    // Nothing comes from the cache of answers, which hears of nothing here.
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 3).await;
    upload(&app, tenant, &item.product, &small(1))
        .expect(201)
        .await;
    upload(&app, tenant, &item.product, &small(2))
        .expect(201)
        .await;
    app.drain().await;
    assert_eq!((shown(&app, "lamp").await.len(), files(&app).len()), (2, 8));

    // A crash after the files and before the picture was shown.
    behind(
        &app,
        backend,
        "UPDATE product_images SET state = 'storing' WHERE position = 1",
    )
    .await;
    app.advance(Duration::from_hours(1));
    app.drain().await;
    app.advance(Duration::from_hours(1));
    app.drain().await;
    assert_eq!((shown(&app, "lamp").await.len(), files(&app).len()), (1, 4));
    // It can be uploaded again.
    upload(&app, tenant, &item.product, &small(2))
        .expect(201)
        .await;

    // A crash after it was deleted and before its files were.
    behind(
        &app,
        backend,
        "UPDATE product_images SET state = 'deleting', source_hash = NULL WHERE position = 1",
    )
    .await;
    app.advance(Duration::from_hours(1));
    app.drain().await;
    assert_eq!(files(&app).len(), 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_pictures_find_each_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    upload(&app, &shop.first, &item.product, &small(1))
        .expect(201)
        .await;
    upload(&app, &shop.first, &item.product, &small(2))
        .expect(201)
        .await;
    let all = files(&app);
    // A file of a picture that there is no row of: one old, one young.
    let stranger = |name: &str, age: Duration| {
        let folder = all[0]
            .parent()
            .expect("a folder")
            .parent()
            .expect("another")
            .join("gone");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("product-gone-{name}-thumb.png"));
        let file = File::create(&path).expect("a file");
        // The clock of tests is behind that of files.
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_772_366_400_001);
        file.set_modified(now - age).expect("set");
        path
    };
    let old = stranger("aa", Duration::from_hours(2));
    let young = stranger("bb", Duration::ZERO);
    let note = old.with_file_name("README.txt");
    std::fs::write(&note, "put here by somebody").expect("written");
    app.drain().await;
    assert!(!old.exists() && young.exists() && note.exists());

    // A picture one of whose files is gone is not shown until it is back.
    let lost = &all[2];
    let kept = std::fs::read(lost).expect("a file");
    std::fs::remove_file(lost).expect("removed");
    app.advance(Duration::from_hours(2));
    app.drain().await;
    assert_eq!(shown(&app, "lamp").await.len(), 1);
    let admin = app
        .client
        .get(&format!("/api/admin/catalog/products/{}", item.product));
    let admin = admin.bearer(&shop.first.key).expect(200).await;
    let states = [
        admin.text_at("/images/0/state"),
        admin.text_at("/images/1/state"),
    ];
    assert!(states.contains(&"missing".to_owned()), "{states:?}");
    std::fs::write(lost, kept).expect("written");
    app.advance(Duration::from_hours(1));
    app.drain().await;
    assert_eq!(shown(&app, "lamp").await.len(), 2);

    // A store that holds nothing at all is a mistake of settings, and no
    // picture is judged by it.
    let folder = app.store().folder().join("media");
    std::fs::rename(&folder, folder.with_extension("away")).expect("moved");
    std::fs::create_dir(&folder).expect("made");
    app.advance(Duration::from_hours(1));
    app.drain().await;
    assert_eq!(shown(&app, "lamp").await.len(), 2);
}
