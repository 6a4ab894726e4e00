// kafkajs's stories.

import kafkajs from 'kafkajs'
import { BOOTSTRAP, equal, numbers, refusal, requireControl, restartBroker, tellAll, unique, waitUntil } from './tap.mjs'

const { Kafka, CompressionTypes, ConfigResourceTypes, logLevel } = kafkajs
const kafka = new Kafka({ brokers: [BOOTSTRAP], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 12 } })

async function using(client, work) {
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.disconnect()
  }
}

const admin = work => using(kafka.admin(), work)

async function newTopic(prefix, numPartitions = 1, configEntries = []) {
  const topic = unique(prefix)
  await admin(a => a.createTopics({ topics: [{ topic, numPartitions, configEntries }] }))
  return topic
}

/** Sends to partition 0 in one batch; returns its first offset. */
function send(topic, messages, options = {}, producerOptions = {}) {
  return using(kafka.producer({ allowAutoTopicCreation: true, ...producerOptions }), async producer => {
    const rows = messages.map(m => (typeof m === 'string' ? { value: m, partition: 0 } : { partition: 0, ...m }))
    const [answer] = await producer.send({ topic, messages: rows, ...options })
    return answer?.baseOffset
  })
}

/** A running member of a group: what it has, what it read, how to leave. */
async function join(topic, groupId = unique('group'), options = {}) {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 300, maxWaitTimeInMs: 300,
    rebalanceTimeout: 10_000, metadataMaxAge: 500, ...options })
  const member = { read: [], owned: [], consumer, leave: () => consumer.disconnect() }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    member.owned = Object.values(payload.memberAssignment).flat()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: options.autoCommit ?? true,
    eachMessage: async ({ message, partition }) => member.read.push({ ...message, partition }),
  })
  return member
}

/** Reads so many records of a topic with a group that nobody else has. */
async function read(topic, count, options = {}) {
  const member = await join(topic, unique('reader'), options)
  await waitUntil(`${count} records`, () => member.read.length >= count)
  await member.leave()
  return member.read
}

const values = records => records.map(record => record.value?.toString() ?? null)

async function compressionEach() {
  const topic = await newTopic('codecs')
  const long = 'once more '.repeat(200)
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) await send(topic, [long, 'end'], { compression })
  equal(values(await read(topic, 4)), [long, 'end', long, 'end'])
}

async function acksEach() {
  const topic = await newTopic('acks')
  await send(topic, ['zero'], { acks: 0 })
  await read(topic, 1)
  equal(await send(topic, ['one'], { acks: 1 }), '1')
  equal(await send(topic, ['all'], { acks: -1 }), '2')
  equal(values(await read(topic, 3)), ['zero', 'one', 'all'])
}

async function headersKeysNulls() {
  const topic = await newTopic('shapes')
  await send(topic, [{ key: '', value: '', headers: { trace: [Buffer.from([0, 255]), 'again'], empty: '' } },
    { key: 'tombstone', value: null, timestamp: '1234567890123' }])
  const [headed, tombstone] = await read(topic, 2)
  equal(headed.headers.trace.map(value => [...value]), [[0, 255], [...Buffer.from('again')]])
  equal([headed.headers.empty.length, headed.key.length, headed.value.length], [0, 0, 0])
  equal([tombstone.key.toString(), tombstone.value, tombstone.timestamp], ['tombstone', null, '1234567890123'])
}

async function largeMessage() {
  const topic = await newTopic('large')
  const value = '0123456789abcdef'.repeat(921600 / 16)
  await send(topic, [value])
  equal(values(await read(topic, 1)), [value])
  equal((await refusal(send(topic, [value.repeat(3)]))).type, 'MESSAGE_TOO_LARGE')
  equal(await send(topic, ['after']), '1')
}

async function idempotentProducer() {
  const topic = await newTopic('idempotent')
  await using(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }), async producer => {
    for (let i = 0; i < 50; i++) {
      const messages = numbers(i * 10, i * 10 + 10).map(value => ({ value, partition: 0 }))
      equal((await producer.send({ topic, messages }))[0].baseOffset, String(i * 10))
    }
  })
  equal(values(await read(topic, 500)), numbers(0, 500))
}

async function transactions() {
  const topic = await newTopic('transactions')
  const settings = { transactionalId: unique('tx'), maxInFlightRequests: 1, idempotent: true }
  await using(kafka.producer(settings), async producer => {
    for (const value of ['kept', 'dropped', 'kept too']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      await (value === 'dropped' ? transaction.abort() : transaction.commit())
    }
  })
  equal(values(await read(topic, 2)), ['kept', 'kept too']) // read_committed is kafkajs's default
  equal(values(await read(topic, 3, { readUncommitted: true })), ['kept', 'dropped', 'kept too'])
}

async function transactionOffsets() {
  const [from, to, group] = [await newTopic('from'), await newTopic('to'), unique('group')]
  await send(from, numbers(0, 4))
  const member = await join(from, group, { autoCommit: false })
  await waitUntil('four records', () => member.read.length === 4)
  await using(kafka.producer({ transactionalId: unique('tx'), maxInFlightRequests: 1, idempotent: true }), async producer => {
    for (const offset of ['2', '3']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: to, messages: [{ value: `up to ${offset}` }] })
      await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic: from, partitions: [{ partition: 0, offset }] }] })
      await (offset === '2' ? transaction.commit() : transaction.abort())
    }
  })
  await member.leave()
  equal((await admin(a => a.fetchOffsets({ groupId: group, topics: [from] })))[0].partitions[0].offset, '2')
  equal(values(await read(to, 1)), ['up to 2'])
}

async function twoMembersSplit() {
  const [topic, group] = [await newTopic('shared', 4), unique('group')]
  const first = await join(topic, group)
  await waitUntil('all four', () => first.owned.length === 4)
  const second = await join(topic, group)
  await waitUntil('two each', () => first.owned.length === 2 && second.owned.length === 2)
  equal([...first.owned, ...second.owned].sort(), [0, 1, 2, 3])
  await second.leave()
  await waitUntil('four again', () => first.owned.length === 4)
  await first.leave()
}

async function commitAndResume(between = async () => {}) {
  const [topic, group] = [await newTopic('resume'), unique('group')]
  await send(topic, numbers(0, 4))
  const first = await join(topic, group)
  await waitUntil('four records', () => first.read.length === 4)
  await first.leave()
  await between()
  equal(await send(topic, numbers(4, 10)), '4')
  const second = await join(topic, group)
  await waitUntil('six records', () => second.read.length === 6)
  await second.leave()
  equal(values(second.read), numbers(4, 10))
}

async function survivesRestart() {
  requireControl()
  const [topic, group] = [await newTopic('survivor'), unique('group')]
  await send(topic, ['before'])
  const member = await join(topic, group)
  await waitUntil('the first', () => member.read.length === 1)
  await waitUntil('its commit', async () => (await offsets(group, topic)) === '1')
  await restartBroker()
  await send(topic, ['after'])
  await waitUntil('the second', () => member.read.length === 2)
  await member.leave()
  equal(values(member.read), ['before', 'after'])
}

async function offsets(groupId, topic) {
  return (await admin(a => a.fetchOffsets({ groupId, topics: [topic] })))[0].partitions[0].offset
}

async function adminTopics() {
  const topic = await newTopic('admin', 3)
  const wrong = async row => {
    const error = await refusal(admin(a => a.createTopics({ topics: [row] })))
    return error.errors?.[0]?.type ?? error.type
  }
  await admin(async a => {
    await waitUntil('three', async () => (await a.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length === 3)
    equal(await a.createTopics({ topics: [{ topic }] }), false) // kafkajs's way to say that it exists
    equal(await wrong({ topic: unique('r'), replicationFactor: 3 }), 'INVALID_REPLICATION_FACTOR')
    equal(await wrong({ topic: 'no/slash' }), 'INVALID_TOPIC_EXCEPTION')
    equal(await wrong({ topic: unique('c'), configEntries: [{ name: 'retention.ms', value: 'soon' }] }), 'INVALID_CONFIG')
    await a.deleteTopics({ topics: [topic] })
    equal((await a.listTopics()).includes(topic), false)
  })
}

async function adminConfigs() {
  const topic = await newTopic('configured', 1, [{ name: 'retention.ms', value: '3600000' }])
  await admin(async a => {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms', 'cleanup.policy'] }]
    const { resources: [found] } = await a.describeConfigs({ resources, includeSynonyms: false })
    equal(found.configEntries.map(e => [e.configName, e.configValue]).sort(),
      [['cleanup.policy', 'delete'], ['retention.ms', '3600000']])
  })
}

async function adminPartitions() {
  const topic = await newTopic('growing')
  await admin(async a => {
    await a.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await waitUntil('three', async () => (await a.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length === 3)
    const error = await refusal(a.createPartitions({ topicPartitions: [{ topic, count: 2 }] }))
    equal(error.errors?.[0]?.type ?? error.type, 'INVALID_PARTITIONS')
  })
}

async function deleteRecords() {
  const topic = await newTopic('trimmed')
  await send(topic, numbers(0, 10))
  await admin(async a => {
    await a.fetchTopicOffsets(topic) // kafkajs wants to know the topic beforehand
    await a.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] })
    const [{ low, high }] = await a.fetchTopicOffsets(topic)
    equal([low, high], ['6', '10'])
  })
}

async function seekByTime() {
  const topic = await newTopic('timed')
  const start = Date.now() - 100_000
  await send(topic, numbers(0, 10).map((value, i) => ({ value, timestamp: String(start + i * 1000) })))
  await admin(async a => {
    equal((await a.fetchTopicOffsetsByTimestamp(topic, start + 3500))[0].offset, '4')
    equal((await a.fetchTopicOffsetsByTimestamp(topic, start + 60_000))[0].offset, '10') // kafkajs answers the end
  })
}

async function adminGroups() {
  const [topic, group] = [await newTopic('grouped'), unique('group')]
  const member = await join(topic, group)
  await admin(async a => {
    const state = async () => (await a.describeGroups([group])).groups[0].state
    await waitUntil('a stable group', async () => (await state()) === 'Stable')
    equal((await a.listGroups()).groups.some(g => g.groupId === group), true)
    const error = await refusal(a.deleteGroups([group]))
    equal(error.groups[0].error.type, 'NON_EMPTY_GROUP')
    await member.leave()
    await waitUntil('an empty group', async () => (await state()) === 'Empty')
    await a.deleteGroups([group])
  })
}

async function alterAndDeleteGroupOffsets() {
  const [topic, group] = [await newTopic('moved'), unique('group')]
  await send(topic, numbers(0, 6))
  await admin(a => a.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '3' }] }))
  equal(await offsets(group, topic), '3')
  const member = await join(topic, group)
  await waitUntil('three records', () => member.read.length === 3)
  await member.leave()
  equal(values(member.read), numbers(3, 6))
}

await tellAll({
  hundred_messages_to_a_new_topic: async () => {
    const topic = unique('tutorial')
    await send(topic, numbers(0, 100))
    equal(values(await read(topic, 100)), numbers(0, 100))
  },
  compression_each: compressionEach,
  acks_each: acksEach,
  headers_keys_nulls: headersKeysNulls,
  large_message: largeMessage,
  idempotent_producer: idempotentProducer,
  seek_by_time: seekByTime,
  transaction_commit_and_abort: transactions,
  transaction_carries_offsets: transactionOffsets,
  two_members_split: twoMembersSplit,
  commit_and_resume: () => commitAndResume(),
  resume_after_broker_restart: async () => {
    requireControl()
    await commitAndResume(restartBroker)
  },
  consumer_survives_broker_restart: survivesRestart,
  admin_topics: adminTopics,
  admin_configs: adminConfigs,
  admin_partitions: adminPartitions,
  delete_records: deleteRecords,
  admin_groups: adminGroups,
  alter_and_delete_group_offsets: alterAndDeleteGroupOffsets,
})
