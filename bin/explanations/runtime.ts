/** Codes of the runtime in a function or container: consumers, publishers, the outbox, the database. */
import type { ClaimCheckErrorCode } from '../../lambda/runtime/claim-check/claim.ts';
import type { UnavailableCode } from '../../lambda/runtime/degradation/errors.ts';
import type { RuntimeErrorCode } from '../../lambda/runtime/errors.ts';
import type { EventStoreErrorCode } from '../../lambda/runtime/event-store/errors.ts';
import type { OutboxErrorCode } from '../../lambda/runtime/outbox/errors.ts';
import type { DatabaseErrorCode } from '../../lambda/runtime/postgres/errors.ts';
import type { SealingErrorCode } from '../../lambda/runtime/sealing/errors.ts';
import { CUTOVER_EXPLANATIONS } from './cutover.ts';
import type { AreaExplanation } from './explanation.ts';

export const RUNTIME_EXPLANATIONS = {
  WAYBILL_ENVIRONMENT_MISSING: {
    what: 'A variable that the runtime needs is not set.',
    why: 'The constructs set it; a function made otherwise has none.',
    fix: 'Make the function with EventFunction or QueueConsumer, or set the variable that the message names.',
    example: "new EventFunction(stack, 'Api', { publishesTo: [orders], entry, service: Orders });",
  },
  WAYBILL_ENVIRONMENT_INVALID: {
    what: 'A variable that the runtime reads has a value that it cannot use.',
    why: 'Nothing is guessed: the function fails at its first start, not at its first message.',
    fix: 'Correct the variable that the message names.',
    example: 'USE_LOCAL_AWS=1',
  },
  WAYBILL_EVENT_NOT_DECLARED: {
    what: 'An event was published with a publisher that does not have its contract.',
    why: 'It could not be checked. Nothing was sent.',
    fix: 'Add the contract to createPublisher() or publisherFromEnvironment().',
    example: 'const publisher = publisherFromEnvironment([OrderPlaced]);',
  },
  WAYBILL_EVENT_NOT_ROUTED: {
    what: 'An event was published that no topic or bus of this function takes.',
    why: 'There is nowhere to send it. Nothing was sent.',
    fix: 'Add the event to `publishes` of its topic or bus, and the topic to publishesTo of the function.',
    example: "new EventFunction(stack, 'Api', { publishesTo: [orders], ... });",
  },
  WAYBILL_TARGET_UNSUPPORTED: {
    what: 'A publish route names something that is no topic, queue, bus or stream, or a Kafka topic without its kind.',
    why: 'The runtime knows no way to send there.',
    fix: 'For a Kafka topic give publisherFromEnvironment() `[kafkaTopics]`; else check WAYBILL_PUBLISH_ROUTES.',
    example:
      '[{"source":"orders","target":"arn:aws:sns:eu-west-1:111111111111:orders","events":["OrderPlaced"]}]',
  },
  WAYBILL_KAFKA_TOPIC_FAILED: {
    what: 'A topic of a serverless Kafka cluster could not be made or changed; the deployment fails with this text.',
    why: 'Something that reads or writes the topic would fail next. Nothing was removed, and no record was lost.',
    fix: 'Do what the end of the message says, and deploy again: what is there already is taken as it is.',
    example: "new KafkaTopic(stack, 'Analytics', { cluster, publishes: [OrderPlaced], partitionCount: 12 });",
  },
  WAYBILL_WAITED_TOO_LONG: {
    what: 'An event still has to wait, and is older than its consumer lets it wait.',
    why: 'Each copy is kept for as long as a new message: without a bound it would wait for ever, unseen.',
    fix: 'See what it waits for; its reason is in the log. Then redrive it from the dead-letter queue.',
    example: 'putBack: putBackCopies({ longestWait: 86_400_000 })',
  },
  WAYBILL_OPTION_INVALID: {
    what: 'An option of a consumer or poller is outside of what can work.',
    why: 'SQS would refuse the call, at some message in the middle of the night.',
    fix: 'Correct the option that the message names.',
    example: 'backoff: { base: 2, cap: 900 }',
  },
  WAYBILL_PUBLISHER_MISSING: {
    what: 'A handler publishes, and its consumer was given no publisher.',
    why: 'Nothing was sent, and the message is tried again.',
    fix: 'Give consume() a publisher.',
    example: 'consume(OrderPlaced, handler, { publisher: publisherFromEnvironment([StockReserved]) })',
  },
  WAYBILL_DEADLINE_NEAR: {
    what: 'The time limit of the function is near, and a handler was asked to stop.',
    why: 'What Lambda cuts off is neither done nor given back.',
    fix: 'Pass the AbortSignal on, make the batch smaller, or raise the timeout.',
    example: 'await fetch(url, { signal });',
  },
  WAYBILL_BATCH_NOT_FINISHED: {
    what: 'Records of a Kafka batch were neither handled nor moved to a retry topic.',
    why: 'The invocation fails on purpose, so that Lambda delivers the batch again and nothing is lost.',
    fix: 'Look at the lines before it: a topic that cannot be written, the time limit, or a record that waits behind a mapping without ReportBatchItemFailures.',
    example: "new KafkaConsumer(this, 'Sink', { retryDelays: [Duration.minutes(1)], ... });",
  },
  WAYBILL_MESSAGE_LOST: {
    what: 'A message is being handled that SQS has made visible again.',
    why: 'Another worker may have it: what this one does could be done twice.',
    fix: 'Stop and throw on the AbortSignal. If it repeats, the process was stopped for longer than the visibility timeout.',
    example: 'signal.throwIfAborted();',
  },
  WAYBILL_SHUTDOWN: {
    what: 'The poller is stopping, and a handler was asked to stop.',
    why: 'What does not end in time is given back and handled by another worker.',
    fix: 'Pass the AbortSignal on; nothing is lost.',
    example: 'await fetch(url, { signal });',
  },
  ...CUTOVER_EXPLANATIONS,
} as const satisfies Record<RuntimeErrorCode, AreaExplanation>;

export const OUTBOX_EXPLANATIONS = {
  WAYBILL_OUTBOX_EVENT_NOT_DECLARED: {
    what: 'An event was put into an outbox that does not have its contract.',
    why: 'The relay could not check or route it.',
    fix: 'Add the contract to createOutbox().',
    example: 'const outbox = createOutbox({ contracts: [OrderPlaced] });',
  },
  WAYBILL_OUTBOX_EVENT_TOO_LARGE: {
    what: 'An event is larger than can be sent.',
    why: 'It is refused before the transaction commits, instead of stopping the relay later.',
    fix: 'Put the large part into S3, and its address into the event.',
    example: '{ orderId, document: { bucket, key } }',
  },
  WAYBILL_OUTBOX_NOT_MIGRATED: {
    what: 'The tables of the outbox are not in the database.',
    why: 'The relay has nothing to read.',
    fix: 'Call migrate(pool), or run its SQL, before the relay starts.',
    example: 'await migrate(pool);',
  },
  WAYBILL_OUTBOX_OPTION_INVALID: {
    what: 'An option of the relay is outside of what can work.',
    why: 'It would claim nothing, or more than it can send within its lease.',
    fix: 'Correct the option that the message names.',
    example: 'createOutboxProcessor({ pool, publisher })',
  },
} as const satisfies Record<OutboxErrorCode, AreaExplanation>;

export const EVENT_STORE_EXPLANATIONS = {
  WAYBILL_EVENT_STORE_VERSION_CONFLICT: {
    what: 'A stream is not at the version that an append expected.',
    why: 'Another writer appended meanwhile: what was decided may no longer hold. Nothing was stored.',
    fix: 'Read the stream again, decide anew, append at its version.',
    example: 'const { version } = (await store.state(order, stream))!;',
  },
  WAYBILL_EVENT_STORE_ID_TAKEN: {
    what: 'An eventId of an append is in another stream, or another transaction is appending it now.',
    why: 'An event is stored once, in one stream. Nothing was stored.',
    fix: 'Give each event an id of its own. Where two transactions append the same events, try again.',
    example: 'createEnvelope(OrderPlaced, { tenantId, data })',
  },
  WAYBILL_EVENT_STORE_EVENT_NOT_DECLARED: {
    what: 'An event was appended to a store that does not have its contract.',
    why: 'Its ordering key is not known.',
    fix: 'Add the contract to createEventStore().',
    example: 'createEventStore({ pool, contracts: [OrderPlaced] })',
  },
  WAYBILL_EVENT_STORE_EVENT_TOO_LARGE: {
    what: 'An event is larger than can be sent.',
    why: 'It could not move to another transport. Nothing was stored.',
    fix: 'Put the large part into S3, and its address into the event.',
    example: '{ orderId, document: { bucket, key } }',
  },
  WAYBILL_EVENT_STORE_HISTORY_GONE: {
    what: 'A state was asked for whose events retention has dropped.',
    why: 'No snapshot of the projection covers them: the answer would be wrong.',
    fix: 'Keep events for longer, or give the projection snapshotEvery before they go.',
    example: '{ name: "order-1", contracts, fold, snapshotEvery: 50 }',
  },
  WAYBILL_EVENT_STORE_NOT_MIGRATED: {
    what: 'The tables of the event store are not in the database.',
    why: 'There is nothing to append to or read from.',
    fix: 'Migrate with the tables of the event store.',
    example: 'await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations]);',
  },
  WAYBILL_EVENT_STORE_OPTION_INVALID: {
    what: 'An option of the event store or of a subscription is outside of what can work.',
    why: 'It would do nothing, or more than it can.',
    fix: 'Correct the option that the message names.',
    example: 'store.read({ after, limit: 100 })',
  },
  WAYBILL_EVENT_STORE_SEALER_MISSING: {
    what: 'An event with personal data in clear was appended to a store that has no sealer.',
    why: 'It would lie in the record, and in every copy of it, for anybody to read. Nothing was stored.',
    fix: 'Give the store a sealer, and its writer the right to seal.',
    example: 'createEventStore({ pool, contracts: [CustomerRegistered], sealer })',
  },
  WAYBILL_SUBSCRIPTION_ORDER_CHANGED: {
    what: 'A subscription asks for another order than it was made with.',
    why: 'Its cursors are those of the order that it had.',
    fix: 'Give it another name and a place to begin, or remove the old one first.',
    example: "subscribe({ consumer, store, name: 'digest-2', order: 'total', from: 'now' })",
  },
  WAYBILL_SUBSCRIPTION_UNKNOWN: {
    what: 'A replay names a subscription that is not there.',
    why: 'Nobody would handle the events.',
    fix: 'Check the name, or start the subscription once.',
    example: "replayEvents(pool, { consumer: 'sentiment', name: 'july', types: ['FeedbackReceived'] })",
  },
} as const satisfies Record<EventStoreErrorCode, AreaExplanation>;

export const DATABASE_EXPLANATIONS = {
  WAYBILL_DATABASE_CLIENT_MISSING: {
    what: "The package 'pg' is not installed.",
    why: 'It is a peer dependency, needed only with a database.',
    fix: 'Install it.',
    example: 'npm install pg',
  },
  WAYBILL_DATABASE_NOT_CONFIGURED: {
    what: 'Nothing says where the database is.',
    why: 'The constructs set WAYBILL_DATABASE_SECRET_ARN for functions that have a database.',
    fix: 'Pass database to the construct, or set DATABASE_URL.',
    example: 'DATABASE_URL=postgres://localhost/shop',
  },
  WAYBILL_DATABASE_SCHEMA_INVALID: {
    what: 'The name of the PostgreSQL schema can not be used.',
    why: 'It is part of SQL statements and never quoted, so it is a plain name.',
    fix: "Use small letters, digits and '_', not beginning with a digit or with pg_, at most 63 characters.",
    example: 'WAYBILL_DATABASE_SCHEMA=commerce',
  },
  WAYBILL_DATABASE_SECRET_INVALID: {
    what: 'The secret of the database does not hold what is needed.',
    why: 'It has to be JSON with host, port, username, password and dbname.',
    fix: 'Correct the secret; one that RDS makes has these fields.',
    example: '{"host":"...","port":5432,"username":"...","password":"...","dbname":"shop"}',
  },
  WAYBILL_DATABASE_SECRET_UNREADABLE: {
    what: 'The secret of the database could not be read.',
    why: 'The role may not read it, or there is no way to Secrets Manager from its network.',
    fix: 'Grant the role the secret and its key, and give the network an endpoint.',
    example: 'database.secret.grantRead(fn);',
  },
  WAYBILL_MIGRATION_FAILED: {
    what: 'A migration failed, and was rolled back.',
    why: 'The tables are as they were before it.',
    fix: 'Read the cause below the code: most often a missing privilege or a table of the same name.',
    example: 'GRANT CREATE ON SCHEMA public TO app;',
  },
} as const satisfies Record<DatabaseErrorCode, AreaExplanation>;

/** Reasons why one event of a batch was not published; they stand in results and logs, and are no errors of their own. */
export const PUBLISH_EXPLANATIONS = {
  WAYBILL_EVENT_TOO_LARGE: {
    what: 'An event is larger on the wire than its target takes.',
    why: 'No retry makes it smaller. An outbox quarantines it.',
    fix: 'Keep large content in S3 and publish its address, or raise MaximumMessageSize of the topic.',
    example: '{ orderId, document: { bucket, key } }',
  },
  WAYBILL_ORDER_HELD: {
    what: 'An event was not sent because one before it, of the same ordering key, failed.',
    why: 'Sent now, it would overtake the other.',
    fix: 'Nothing: both are sent again, in order.',
    example: "orderingKey: 'orderId'",
  },
  WAYBILL_NO_ANSWER: {
    what: 'The service listed an entry neither as successful nor as failed.',
    why: 'Whether it was taken is not known. It is sent again with the same eventId, and consumers drop a second one.',
    fix: 'Nothing. If it repeats, look at what stands between the function and AWS.',
    example: 'aws --endpoint-url ... sns publish-batch',
  },
} as const satisfies Record<string, AreaExplanation>;

/** Why something was not tried now. Messages are postponed, requests answered with 503. */
export const DEGRADATION_EXPLANATIONS = {
  WAYBILL_BREAKER_OPEN: {
    what: 'A dependency is not called, because too many calls to it have failed.',
    why: 'Calling on would hold up what works, and the dependency could not recover.',
    fix: 'Mend the dependency. A probe finds out by itself that it works again.',
    example: 'waybill controls list',
  },
  WAYBILL_BULKHEAD_FULL: {
    what: 'A dependency has as many calls of this instance under way and waiting as it may have.',
    why: 'A slow dependency would take all places, also of work that does not need it.',
    fix: 'See why it is slow; raise maxConcurrent where it can take more.',
    example: "controls.dependency('payment-gateway', { maxConcurrent: 20, maxQueued: 40 })",
  },
  WAYBILL_JOB_WAITS: {
    what: 'A job was not begun: its tenant has as many jobs running as it may have, or another worker has it.',
    why: 'One tenant would take all places, and a job would be carried out twice.',
    fix: 'Nothing: it comes back by itself. Raise maxRunningPerTenant where that happens too often.',
    example: 'maxRunningPerTenant: 50 // lib/config/jobs.ts',
  },
  WAYBILL_LOAD_SHED: {
    what: 'Less important work was refused, because there is too much.',
    why: 'What is more important would be late.',
    fix: 'Add capacity where it lasts: maxConcurrency of the consumer, instances of the service.',
    example: 'createControls({ shedding: { maxAgeSeconds: 60 } })',
  },
} as const satisfies Record<UnavailableCode, AreaExplanation>;

export const SEALING_EXPLANATIONS = {
  WAYBILL_PII_NOT_TEXT: {
    what: 'A field that the contract lists as personal data holds a number or a truth value.',
    why: 'A sealed field is text, and has to pass the schema of its event on the way.',
    fix: 'Declare the field as text, or take it out of `pii` where it tells of nobody.',
    example: 'data: z.object({ customerId: z.string(), birthYear: z.string() })',
  },
  WAYBILL_SEALING_KEY_UNUSABLE: {
    what: 'KMS gave no data key, or did not open one.',
    why: 'The role may not use the sealing key for this event, or there is no way to KMS from its network.',
    fix: 'Grant the function the event, and give the network an interface endpoint for KMS.',
    example: 'sealingKey.grants.open(customerProfile, [CustomerRegistered]);',
  },
  WAYBILL_SEALING_NOT_GRANTED: {
    what: 'A function seals or opens an event that it was not granted.',
    why: 'Who may read personal data is declared in the stack, event by event.',
    fix: 'Add the event to the grant, or stop opening it there.',
    example: 'sealingKey.grants.seal(api, [CustomerRegistered, CustomerContactChanged]);',
  },
  WAYBILL_SEALING_SUBJECT_KEYS_MISSING: {
    what: 'An event of a data subject is sealed or opened without the keys of subjects.',
    why: 'Its contract declares a dataSubject, so that one person can be erased.',
    fix: 'Give the sealer the table of subject keys.',
    example: 'createSealer({ dataKeys: kmsDataKeys(), subjectKeys: postgresSubjectKeys({ pool }) });',
  },
  WAYBILL_SEALED_ELSEWHERE: {
    what: 'A new event was to be sealed with a field that is sealed already, for another event.',
    why: 'A sealed text opens only in its own event, so the copy could never be read.',
    fix: 'Open the event where it is consumed, and grant the consumer to do so.',
    example: 'consume(CustomerRegistered, handler, { sealer });',
  },
  WAYBILL_SEAL_BROKEN: {
    what: 'A sealed field does not open: it, its event id, tenant or type was changed on the way.',
    why: 'AES-GCM tells changed text from the text that was sealed. The message is dead-lettered at once.',
    fix: 'Find who rewrites the event; publish it again from its source.',
    example: 'waybill explain WAYBILL_SEAL_BROKEN',
  },
} as const satisfies Record<SealingErrorCode, AreaExplanation>;

export const CLAIM_CHECK_EXPLANATIONS = {
  WAYBILL_CLAIM_CHECK_MISSING: {
    what: 'The data of an event is in S3, and the consumer has no claim check to fetch it with.',
    why: 'Its publisher moved it there because it is above the limit of the platform. The message is retried, not dropped.',
    fix: 'Give the consumer claimCheck: s3ClaimCheck(), and grants.fetch(consumer, events) of the ClaimCheckBucket.',
    example: 'consume(ReportWritten, archive, { claimCheck: s3ClaimCheck() })',
  },
  WAYBILL_CLAIM_MISSING: {
    what: 'The object with the data of an event is gone.',
    why: 'Its lifecycle has ended before the message was handled, or somebody has deleted it. No retry brings it back, so the message is dead-lettered at once.',
    fix: 'Publish the event again from its source; make expiration of the ClaimCheckBucket longer than the longest redelivery.',
    example: "new ClaimCheckBucket(this, 'Claims', { expiration: Duration.days(180) })",
  },
  WAYBILL_CLAIM_TAMPERED: {
    what: 'The object with the data of an event is not what was published: another size or digest.',
    why: 'Somebody has written to the bucket who should not. The message is dead-lettered at once.',
    fix: 'Find who may write to the bucket besides the publishers; publish the event again from its source.',
    example: 'claims.grants.store(reports, [ReportWritten])',
  },
  WAYBILL_CLAIM_MISMATCH: {
    what: 'The claim in an envelope names an object of another tenant, type or event.',
    why: 'A consumer reads only what belongs to the envelope. The message is dead-lettered at once.',
    fix: 'Find who writes envelopes by hand; publishers of the runtime make the key from the envelope.',
    example: 'claims/acme/ReportWritten/EVENT_ID/SHA256',
  },
  WAYBILL_CLAIM_NOT_STORED: {
    what: 'The data of a large event could not be written to the claim check bucket.',
    why: 'S3 failed three times, or refused. The event was not sent, nor were events behind it with its ordering key.',
    fix: 'Publish it again; an outbox does so by itself. On AccessDenied: grants.store(publisher, events).',
    example: 'claims.grants.store(relay, [ReportWritten])',
  },
} as const satisfies Record<ClaimCheckErrorCode | 'WAYBILL_CLAIM_NOT_STORED', AreaExplanation>;
