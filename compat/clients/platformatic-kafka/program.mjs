// @platformatic/kafka's stories. It speaks the newest protocol versions that it knows: fetching by topic ids, KIP-848.

import { Admin, Consumer, FetchIsolationLevels, ListOffsetTimestamps, MessagesStreamModes, Producer, stringDeserializers,
  stringSerializers } from '@platformatic/kafka'
import { BOOTSTRAP, equal, numbers, refusal, requireControl, restartBroker, tellAll, unique, waitUntil } from './tap.mjs'

const common = { clientId: 'compat', bootstrapBrokers: [BOOTSTRAP], retries: 20, retryDelay: 100 }

async function using(client, work) {
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const admin = work => using(new Admin(common), work)

async function newTopic(prefix, partitions = 1, configs = []) {
  const topic = unique(prefix)
  await admin(a => a.createTopics({ topics: [topic], partitions, replicas: 1, configs }))
  return topic
}

const producing = (work, options = {}) => using(new Producer({ ...common, serializers: stringSerializers, ...options }), work)

/** Sends values to partition 0 in one request; returns the first one's offset. */
async function send(topic, values, options = {}) {
  return producing(async producer => {
    const messages = values.map(value => ({ topic, value, partition: 0 }))
    const { offsets } = await producer.send({ messages, autocreateTopics: true, ...options })
    return offsets?.[0]?.offset
  })
}

/** Joins a group and collects what it reads. */
async function join(topic, groupId, options = {}) {
  const { mode = MessagesStreamModes.EARLIEST, ...group } = options
  const classic = group.groupProtocol ? {} : { sessionTimeout: 6000, heartbeatInterval: 300, rebalanceTimeout: 6000 }
  const consumer = new Consumer({ ...common, groupId, deserializers: stringDeserializers, maxWaitTime: 300, ...classic, ...group })
  const stream = await consumer.consume({ topics: [topic], mode, autocommit: false, isolationLevel: group.isolationLevel })
  const member = { read: [], consumer, owned: () => (consumer.assignments ?? []).flatMap(a => a.partitions) }
  stream.on('data', message => member.read.push(message))
  stream.on('error', error => { member.error = error })
  member.leave = async () => {
    await stream.close()
    await consumer.close(true)
  }
  member.waitFor = count => waitUntil(`${count} records`, () => {
    if (member.error) throw member.error
    return member.read.length >= count
  })
  return member
}

async function read(topic, count, options = {}) {
  const member = await join(topic, unique('reader'), options)
  await member.waitFor(count)
  await member.leave()
  return member.read
}

const values = records => records.map(record => record.value)

async function compressionEach() {
  const topic = await newTopic('codecs')
  const long = 'once more '.repeat(200)
  const codecs = ['none', 'gzip', 'snappy', 'lz4'] // zstd needs a newer Node
  for (const compression of codecs) await send(topic, [long, 'end'], { compression })
  equal(values(await read(topic, 8)), codecs.flatMap(() => [long, 'end']))
}

async function headersKeysNulls() {
  const topic = await newTopic('shapes')
  await producing(async producer => { // one by one: within a batch this client takes the first timestamp for the smallest
    await producer.send({ messages: [{ topic, key: '', value: '', headers: new Map([['trace', 'ü'], ['empty', '']]) }] })
    await producer.send({ messages: [{ topic, key: 'tombstone', timestamp: 1234567890123n }] })
  })
  const [headed, tombstone] = await read(topic, 2)
  equal([...headed.headers], [['trace', 'ü'], ['empty', '']])
  equal([tombstone.key, tombstone.timestamp], ['tombstone', 1234567890123n])
}

async function idempotentProducer() {
  const topic = await newTopic('idempotent')
  await producing(async producer => {
    for (let i = 0; i < 50; i++) {
      const messages = numbers(i * 10, i * 10 + 10).map(value => ({ topic, value, partition: 0 }))
      equal((await producer.send({ messages })).offsets[0].offset, BigInt(i * 10))
    }
  }, { idempotent: true })
  equal(values(await read(topic, 500)), numbers(0, 500))
}

async function transactions() {
  const topic = await newTopic('transactions')
  await producing(async producer => {
    for (const value of ['kept', 'dropped', 'kept too']) {
      const transaction = await producer.beginTransaction()
      await transaction.send({ messages: [{ topic, value, partition: 0 }] })
      await (value === 'dropped' ? transaction.abort() : transaction.commit())
    }
  }, { transactionalId: unique('tx'), idempotent: true })
  equal(values(await read(topic, 2, { isolationLevel: FetchIsolationLevels.READ_COMMITTED })), ['kept', 'kept too'])
  equal(values(await read(topic, 3, { isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED })), ['kept', 'dropped', 'kept too'])
}

async function splitAndTakeOver(options = {}) {
  const [topic, group] = [await newTopic('shared', 4), unique('group')]
  const first = await join(topic, group, options)
  await waitUntil('all four', () => first.owned().length === 4)
  const second = await join(topic, group, options)
  await waitUntil('two each', () => first.owned().length === 2 && second.owned().length === 2)
  equal([...first.owned(), ...second.owned()].sort(), [0, 1, 2, 3])
  await second.leave()
  await waitUntil('four again', () => first.owned().length === 4)
  await first.leave()
}

async function commitAndResume(between = async () => {}) {
  const [topic, group] = [await newTopic('resume'), unique('group')]
  await send(topic, numbers(0, 4))
  const first = await join(topic, group)
  await first.waitFor(4)
  await first.read[3].commit()
  await first.leave()
  await between()
  equal(await send(topic, numbers(4, 10)), 4n)
  const second = await join(topic, group, { mode: MessagesStreamModes.COMMITTED })
  await second.waitFor(6)
  await second.leave()
  equal(values(second.read), numbers(4, 10))
}

async function adminTopics() {
  const topic = await newTopic('admin', 3)
  const wrong = async row => {
    const error = await refusal(admin(a => a.createTopics({ partitions: 1, replicas: 1, ...row })))
    return error.errors?.[0]?.errors?.[0]?.apiId ?? error.errors?.[0]?.apiId ?? error.message
  }
  equal(await wrong({ topics: [topic] }), 'TOPIC_ALREADY_EXISTS')
  equal(await wrong({ topics: [unique('r')], replicas: 3 }), 'INVALID_REPLICATION_FACTOR')
  equal(await wrong({ topics: ['no/slash'] }), 'INVALID_TOPIC_EXCEPTION')
  await admin(async a => {
    equal((await a.listTopics()).includes(topic), true)
    await a.deleteTopics({ topics: [topic] })
    await waitUntil('it to be gone', async () => !(await a.listTopics()).includes(topic))
  })
}

async function deleteRecords() {
  const topic = await newTopic('trimmed')
  await send(topic, numbers(0, 10))
  await admin(async a => {
    const topics = [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }]
    equal((await a.deleteRecords({ topics }))[0].partitions[0].lowWatermark, 6n)
    const at = async timestamp => (await a.listOffsets({ topics: [{ name: topic,
      partitions: [{ partitionIndex: 0, timestamp }] }] }))[0].partitions[0].offset
    equal([await at(ListOffsetTimestamps.EARLIEST), await at(ListOffsetTimestamps.LATEST)], [6n, 10n])
  })
}

async function adminGroups() {
  const [topic, group] = [await newTopic('grouped'), unique('group')]
  const member = await join(topic, group)
  await admin(async a => {
    const state = async () => (await a.describeGroups({ groups: [group] })).get(group).state
    await waitUntil('a stable group', async () => (await state()).toUpperCase() === 'STABLE')
    equal((await a.listGroups()).has(group), true)
    await refusal(a.deleteGroups({ groups: [group] }))
    await member.leave()
    await waitUntil('an empty group', async () => (await state()).toUpperCase() === 'EMPTY')
    await a.deleteGroups({ groups: [group] })
    equal((await a.listGroups()).has(group), false)
  })
}

await tellAll({
  hundred_messages_to_a_new_topic: async () => {
    const topic = unique('tutorial')
    await send(topic, numbers(0, 100))
    equal(values(await read(topic, 100)), numbers(0, 100))
  },
  compression_each: compressionEach,
  headers_keys_nulls: headersKeysNulls,
  idempotent_producer: idempotentProducer,
  transaction_commit_and_abort: transactions,
  two_members_split: () => splitAndTakeOver(),
  consumer_protocol_848: () => splitAndTakeOver({ groupProtocol: 'consumer' }),
  commit_and_resume: () => commitAndResume(),
  resume_after_broker_restart: async () => {
    requireControl()
    await commitAndResume(restartBroker)
  },
  admin_topics: adminTopics,
  delete_records: deleteRecords,
  admin_groups: adminGroups,
})
