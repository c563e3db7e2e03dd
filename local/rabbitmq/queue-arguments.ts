/** The arguments of a queue: read, checked as RabbitMQ checks them, and compared with those of an earlier declaration. */
import { ChannelError } from './errors.ts';
import { fieldText } from './protocol/fields.ts';
import type { FieldTable, FieldValue } from './protocol/fields.ts';

export type QueueType = 'classic' | 'quorum';

export interface QueueProps {
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
}

export interface QueueSettings {
  readonly type: QueueType;
  /** Milliseconds. */
  readonly messageTtl: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  readonly overflow: 'drop-head' | 'reject-publish' | 'reject-publish-dlx';
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  /** A dead letter that no queue takes is kept, not dropped. */
  readonly atLeastOnce: boolean;
  /** Deliveries that may come back; undefined for no limit. */
  readonly deliveryLimit: number | undefined;
  /** Milliseconds without consumers after which the queue is deleted. */
  readonly expires: number | undefined;
  readonly singleActiveConsumer: boolean;
}

/** Source: "Poison message handling", rabbitmq.com/docs/quorum-queues: 20 since 4.0. */
const DEFAULT_DELIVERY_LIMIT = 20;
const NUMBERS = ['x-message-ttl', 'x-max-length', 'x-max-length-bytes', 'x-expires', 'x-max-priority'];
const TEXTS = [
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-overflow',
  'x-queue-type',
  'x-dead-letter-strategy',
];
const OVERFLOWS = ['drop-head', 'reject-publish', 'reject-publish-dlx'];

/** @throws ChannelError PRECONDITION_FAILED in the words of RabbitMQ 4.0 */
export function queueSettings(props: QueueProps, virtualHost: string, fallback: QueueType): QueueSettings {
  const { arguments: given } = props;
  const where = `for queue '${props.name}' in vhost '${virtualHost}'`;
  const invalid = (name: string, why: string): ChannelError =>
    new ChannelError('PRECONDITION_FAILED', `invalid arg '${name}' ${where}: ${why}`);
  for (const name of NUMBERS) {
    const value = given[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') throw invalid(name, `"expected integer, got ${typeName(value)}"`);
    if (value < 0) throw invalid(name, `{value_negative,${value}}`);
  }
  for (const name of TEXTS) {
    const value = given[name];
    if (value !== undefined && typeof value !== 'string') {
      throw invalid(name, `{unacceptable_type,${typeName(value)}}`);
    }
  }
  const type = given['x-queue-type'] ?? fallback;
  if (type !== 'classic' && type !== 'quorum') {
    throw invalid('x-queue-type', `"unsupported queue type '${fieldText(type)}'"`);
  }
  const overflow = given['x-overflow'] ?? 'drop-head';
  if (!OVERFLOWS.includes(overflow as string)) throw invalid('x-overflow', 'invalid_overflow');
  const deadLetterExchange = given['x-dead-letter-exchange'] as string | undefined;
  if (given['x-dead-letter-routing-key'] !== undefined && deadLetterExchange === undefined) {
    throw invalid('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined');
  }
  if (type === 'quorum') checkQuorum(props, where);
  const limit = given['x-delivery-limit'];
  const deliveryLimit = typeof limit === 'number' ? limit : DEFAULT_DELIVERY_LIMIT;
  return {
    type,
    messageTtl: given['x-message-ttl'] as number | undefined,
    maxLength: given['x-max-length'] as number | undefined,
    maxLengthBytes: given['x-max-length-bytes'] as number | undefined,
    overflow: overflow as QueueSettings['overflow'],
    deadLetterExchange,
    deadLetterRoutingKey: given['x-dead-letter-routing-key'] as string | undefined,
    atLeastOnce:
      type === 'quorum' &&
      given['x-dead-letter-strategy'] === 'at-least-once' &&
      overflow === 'reject-publish' &&
      deadLetterExchange !== undefined,
    deliveryLimit: type === 'quorum' && deliveryLimit >= 0 ? deliveryLimit : undefined,
    expires: given['x-expires'] as number | undefined,
    singleActiveConsumer: given['x-single-active-consumer'] === true,
  };
}

function checkQuorum({ durable, exclusive, autoDelete, arguments: given }: QueueProps, where: string): void {
  const property = !durable ? 'non-durable' : autoDelete ? 'auto-delete' : exclusive ? 'exclusive-owner' : '';
  if (property !== '')
    throw new ChannelError('PRECONDITION_FAILED', `invalid property '${property}' ${where}`);
  if (given['x-max-priority'] !== undefined) {
    throw new ChannelError(
      'PRECONDITION_FAILED',
      `invalid arg 'x-max-priority' ${where} of queue type rabbit_quorum_queue`,
    );
  }
}

/** What a second declaration has to repeat. */
const COMPARED = [
  'x-expires',
  'x-message-ttl',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-dead-letter-strategy',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-single-active-consumer',
  'x-queue-type',
  'x-delivery-limit',
];

/** @throws ChannelError PRECONDITION_FAILED naming the first difference */
export function refuseInequivalent(
  current: QueueProps,
  given: QueueProps,
  virtualHost: string,
  fallback: QueueType,
): void {
  const where = `for queue '${current.name}' in vhost '${virtualHost}'`;
  for (const [arg, property] of [
    ['durable', 'durable'],
    ['exclusive', 'exclusive'],
    ['auto_delete', 'autoDelete'],
  ] as const) {
    if (current[property] === given[property]) continue;
    throw new ChannelError(
      'PRECONDITION_FAILED',
      `inequivalent arg '${arg}' ${where}: received '${given[property]}' but current is '${current[property]}'`,
    );
  }
  const now = { 'x-queue-type': fallback, ...current.arguments } as FieldTable;
  const asked = { 'x-queue-type': fallback, ...given.arguments } as FieldTable;
  for (const name of COMPARED) {
    const difference = differenceOf(now[name], asked[name]);
    if (difference !== undefined) {
      throw new ChannelError('PRECONDITION_FAILED', `inequivalent arg '${name}' ${where}: ${difference}`);
    }
  }
}

function differenceOf(current: FieldValue | undefined, given: FieldValue | undefined): string | undefined {
  if (fieldText(current) === fieldText(given)) return undefined;
  if (given === undefined) return `received none but current is ${described(current!)}`;
  if (current === undefined) return `received ${described(given)} but current is none`;
  return `received '${fieldText(given)}' but current is '${fieldText(current)}'`;
}

function described(value: FieldValue): string {
  return `the value '${fieldText(value)}' of type '${typeName(value)}'`;
}

function typeName(value: FieldValue): string {
  if (typeof value === 'string') return 'longstr';
  if (typeof value === 'number' || typeof value === 'bigint') return 'signedint';
  if (typeof value === 'boolean') return 'bool';
  if (value === null) return 'void';
  return Array.isArray(value) ? 'array' : 'table';
}
