//! rskafka's stories: a small client of partitions, without groups.

mod tap;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use tap::{equal, unique};

macro_rules! stories {
    ($($name:ident),* $(,)?) => {{
        let mut wanted = Vec::new();
        $(if tap::wanted(stringify!($name)) { wanted.push(stringify!($name)); })*
        println!("1..{}", wanted.len());
        let mut number = 0;
        $(if tap::wanted(stringify!($name)) {
            number += 1;
            tap::tell(number, stringify!($name), $name()).await;
        })*
    }};
}

#[tokio::main]
async fn main() {
    std::panic::set_hook(Box::new(|_| {})); // a story's panic is told as TAP
    stories!(
        records_come_back, compression_each, headers_keys_nulls, large_message, waiting_consumer_is_woken, seek_by_time,
        out_of_range_is_told, producer_survives_broker_restart, admin_topics, delete_records,
    );
}

async fn client() -> Client {
    ClientBuilder::new(vec![tap::bootstrap()]).max_message_size(50_000_000).build().await.unwrap()
}

async fn new_topic(prefix: &str) -> (String, Arc<PartitionClient>) {
    let topic = unique(prefix);
    let client = client().await;
    client.controller_client().unwrap().create_topic(&topic, 1, 1, 5_000).await.unwrap();
    let partition = client.partition_client(&topic, 0, UnknownTopicHandling::Retry).await.unwrap();
    (topic, Arc::new(partition))
}

fn at(timestamp_ms: i64) -> DateTime<Utc> {
    Utc.timestamp_millis_opt(timestamp_ms).unwrap()
}

fn record(value: &str) -> Record {
    Record { key: None, value: Some(value.into()), headers: BTreeMap::new(), timestamp: at(1_600_000_000_000) }
}

async fn send(partition: &PartitionClient, values: &[&str]) -> Vec<i64> {
    let records = values.iter().map(|value| record(value)).collect();
    partition.produce(records, Compression::NoCompression).await.unwrap()
}

/// Reads the values from an offset on, until there are so many.
async fn read(partition: &PartitionClient, mut offset: i64, count: usize) -> Vec<Record> {
    let mut found = Vec::new();
    while found.len() < count {
        let (records, _) = partition.fetch_records(offset, 1..10_000_000, 1_000).await.unwrap();
        offset = records.last().map_or(offset, |last| last.offset + 1);
        found.extend(records.into_iter().map(|record| record.record));
    }
    found
}

fn values(records: Vec<Record>) -> Vec<String> {
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect()
}

async fn records_come_back() {
    let (_, partition) = new_topic("tutorial").await;
    let wanted: Vec<String> = (0..100).map(|i| format!("message {i}")).collect();
    let words: Vec<&str> = wanted.iter().map(String::as_str).collect();
    equal(send(&partition, &words).await, (0..100).collect());
    equal(values(read(&partition, 0, 100).await), wanted.clone());
    equal(values(read(&partition, 97, 3).await), wanted[97..].to_vec());
}

async fn compression_each() {
    let (_, partition) = new_topic("codecs").await;
    let long = "once more ".repeat(200);
    use Compression::*;
    for codec in [NoCompression, Gzip, Lz4, Snappy, Zstd] {
        partition.produce(vec![record(&long), record("end")], codec).await.unwrap();
    }
    for (i, value) in values(read(&partition, 0, 10).await).into_iter().enumerate() {
        equal(value.as_str(), [long.as_str(), "end"][i % 2]);
    }
}

async fn headers_keys_nulls() {
    let (_, partition) = new_topic("shapes").await;
    let headers = BTreeMap::from([("trace".to_string(), vec![0, 255]), ("empty".to_string(), vec![])]);
    let headed = Record { key: Some(vec![]), value: Some(vec![]), headers, timestamp: at(1_234_567_890_123) };
    let tombstone = Record { key: Some(b"tombstone".to_vec()), value: None, ..record("") };
    partition.produce(vec![headed.clone(), tombstone.clone()], Compression::NoCompression).await.unwrap();
    equal(read(&partition, 0, 2).await, vec![headed, tombstone]);
}

async fn large_message() {
    let (_, partition) = new_topic("large").await;
    let value = "0123456789abcdef".repeat(921_600 / 16);
    send(&partition, &[&value]).await;
    equal(values(read(&partition, 0, 1).await), vec![value.clone()]);
    let refusal = partition.produce(vec![record(&value.repeat(3))], Compression::NoCompression).await.unwrap_err();
    assert!(refusal.to_string().to_lowercase().contains("toolarge"), "{refusal:.200}");
    equal(send(&partition, &["after"]).await, vec![1]);
}

/// The two have connections of their own: on one, a broker answers in order and the record would wait for the fetch.
async fn waiting_consumer_is_woken() {
    let (topic, partition) = new_topic("woken").await;
    let waiting = client().await.partition_client(&topic, 0, UnknownTopicHandling::Retry).await.unwrap();
    let fetch = tokio::spawn(async move { waiting.fetch_records(0, 1..1_000_000, 20_000).await.unwrap().0 });
    tokio::task::yield_now().await;
    let started = std::time::Instant::now();
    send(&partition, &["new"]).await;
    equal(fetch.await.unwrap().len(), 1);
    assert!(started.elapsed().as_secs() < 5, "it took {:?}", started.elapsed());
}

async fn seek_by_time() {
    let (_, partition) = new_topic("timed").await;
    let start = 1_700_000_000_000;
    for i in 0..10 {
        let timed = Record { timestamp: at(start + i * 1000), ..record(&i.to_string()) };
        partition.produce(vec![timed], Compression::NoCompression).await.unwrap();
    }
    equal(partition.get_offset(OffsetAt::Earliest).await.unwrap(), 0);
    equal(partition.get_offset(OffsetAt::Latest).await.unwrap(), 10);
    equal(partition.get_offset(OffsetAt::Timestamp(at(start + 3500))).await.unwrap(), 4);
}

async fn out_of_range_is_told() {
    let (_, partition) = new_topic("range").await;
    send(&partition, &["one"]).await;
    let refusal = partition.fetch_records(1000, 1..1_000_000, 1_000).await.unwrap_err();
    assert!(refusal.to_string().to_lowercase().contains("out"), "{refusal}");
}

async fn producer_survives_broker_restart() {
    let (_, partition) = new_topic("restart").await;
    send(&partition, &["before"]).await;
    tap::restart_broker();
    equal(send(&partition, &["after"]).await, vec![1]);
    equal(values(read(&partition, 0, 2).await), vec!["before".to_string(), "after".to_string()]);
}

async fn admin_topics() {
    let (topic, _) = new_topic("admin").await;
    let client = client().await;
    let controller = client.controller_client().unwrap();
    let listed = client.list_topics().await.unwrap();
    equal(listed.iter().filter(|found| found.name == topic).map(|found| found.partitions.len()).sum::<usize>(), 1);
    let refusal = controller.create_topic(&topic, 1, 1, 5_000).await.unwrap_err();
    assert!(refusal.to_string().contains("already exists"), "{refusal}");
    controller.delete_topic(&topic, 5_000).await.unwrap();
    equal(client.list_topics().await.unwrap().iter().any(|found| found.name == topic), false);
}

async fn delete_records() {
    let (_, partition) = new_topic("trimmed").await;
    send(&partition, &["0", "1", "2", "3"]).await;
    partition.delete_records(3, 5_000).await.unwrap();
    equal(partition.get_offset(OffsetAt::Earliest).await.unwrap(), 3);
    equal(values(read(&partition, 3, 1).await), vec!["3".to_string()]);
}
