//! tokio-postgres (with a pool by deadpool) and sqlx (with its migrations).
mod common;
mod sqlx_tests;
mod tokio_tests;

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    tokio_tests::run().await;
    sqlx_tests::run().await;
    std::process::exit(common::status());
}
