/** Codes of AMQP: publishing to and consuming from a RabbitMQ broker. */
import type { AmqpErrorCode } from '../../lambda/runtime/amqp/errors.ts';
import type { AreaExplanation } from './explanation.ts';

export const AMQP_EXPLANATIONS = {
  WAYBILL_AMQP_CLIENT_MISSING: {
    what: "The package 'amqplib' is not installed.",
    why: 'It is loaded only where a broker is used, so that nobody else has to install it.',
    fix: 'Install it beside Waybill.',
    example: 'npm install amqplib',
  },
  WAYBILL_AMQP_NOT_CONFIGURED: {
    what: 'No broker is configured, or nobody to sign in as.',
    why: 'The constructs set the address and the secret; elsewhere they are given.',
    fix: 'Set WAYBILL_BROKER_ENDPOINT and WAYBILL_BROKER_SECRET_ARN, or write user and password into the address.',
    example: 'WAYBILL_BROKER_ENDPOINT=amqp://user:password@127.0.0.1:5672',
  },
  WAYBILL_AMQP_SECRET_UNREADABLE: {
    what: 'The secret of the broker could not be read.',
    why: 'The role may not read it, or there is no way to Secrets Manager from its network.',
    fix: 'Grant the role the secret and its key, and give the network an endpoint.',
    example: 'broker.secret.grantRead(fn);',
  },
  WAYBILL_AMQP_SECRET_INVALID: {
    what: 'The secret of the broker does not hold what is needed.',
    why: 'It has to be JSON with username and password.',
    fix: 'Correct the secret.',
    example: '{"username":"...","password":"..."}',
  },
  WAYBILL_AMQP_UNREACHABLE: {
    what: 'No connection to the broker came about.',
    why: 'It does not run, or nothing leads to it. What was to be published stays where it was, and is tried again.',
    fix: 'Check the address, the security groups on port 5671, and the state of the broker.',
    example: 'aws mq describe-broker --broker-id ...',
  },
  WAYBILL_AMQP_ACCESS_REFUSED: {
    what: 'The broker refused the user, or what the user asked for.',
    why: 'A password of the secret is read again once, in case it was rotated; this one is refused too.',
    fix: 'Compare the secret with the user of the broker, and check its permissions on the virtual host.',
    example: 'rabbitmqctl set_permissions -p / waybill ".*" ".*" ".*"',
  },
  WAYBILL_AMQP_NOT_FOUND: {
    what: 'The exchange or queue is not there.',
    why: 'AMQP makes nothing by itself.',
    fix: 'Declare it first, and check the virtual host in the address.',
    example: "await declareTopology(broker, { exchanges: [{ name: 'legacy.orders', type: 'topic' }] });",
  },
  WAYBILL_AMQP_TOPOLOGY_CONFLICT: {
    what: 'A queue or exchange of this name exists with other settings.',
    why: 'AMQP can change no settings: the declaration is refused, and what is there stays as it is.',
    fix: 'Declare what is there, choose a new name, or let the queue run empty and delete it. Limits can be changed by a policy.',
    example: 'rabbitmqctl set_policy limit "^orders$" \'{"delivery-limit":5}\' --apply-to quorum_queues',
  },
  WAYBILL_AMQP_TOPOLOGY_INVALID: {
    what: 'A declaration can work on no broker.',
    why: 'It is refused here, before half of it is made.',
    fix: 'Correct what the message names.',
    example: "{ name: 'orders', deliveryLimit: 5 }",
  },
  WAYBILL_AMQP_CHANNEL_CLOSED: {
    what: 'The channel or the connection broke before the broker answered.',
    why: 'It may have the message. It is sent again with the same message id, by which receivers drop a second one.',
    fix: 'Nothing, if it is rare. If it repeats, read the log of the broker.',
    example: 'aws logs tail /aws/amazonmq/broker/.../general',
  },
  WAYBILL_AMQP_CONFIRM_TIMEOUT: {
    what: 'The broker did not confirm a message in time.',
    why: 'Most often it blocks publishers, because its memory or disk is full.',
    fix: 'Look at RabbitMQMemUsed and RabbitMQDiskFree, and let consumers catch up.',
    example: 'createAmqpPublisher({ confirmTimeout: 30_000 })',
  },
  WAYBILL_AMQP_NACKED: {
    what: 'The broker refused a message.',
    why: 'A queue is at its maximum length, or could not store it. Nothing was lost: the publisher keeps it.',
    fix: 'Let consumers catch up, or raise maxLength.',
    example: "{ name: 'orders', maxLength: 1_000_000 }",
  },
  WAYBILL_AMQP_UNROUTABLE: {
    what: 'No queue takes what was published.',
    why: 'Without this the broker would drop it in silence.',
    fix: 'Bind a queue to the exchange with a matching key.',
    example: "{ name: 'warehouse', bindings: [{ exchange: 'legacy.orders', routingKey: 'order.#' }] }",
  },
  WAYBILL_AMQP_BATCH_FAILED: {
    what: 'Some messages of a batch are not done.',
    why: 'An Amazon MQ mapping knows no partial failures: this error makes it deliver the batch again.',
    fix: 'Read why in the lines before it. Messages that always fail are dead-lettered after maxReceiveCount.',
    example: 'if (await processOnce(tx, context.consumer, event.eventId)) ...',
  },
} as const satisfies Record<AmqpErrorCode, AreaExplanation>;
