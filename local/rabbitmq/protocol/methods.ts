/** The methods of AMQP 0-9-1 that are spoken, as data: their numbers and fields. Source: amqp0-9-1.xml, RabbitMQ's extensions included. */
import { FieldReader, FieldWriter, MalformedFrame } from './fields.ts';
import type { FieldTable } from './fields.ts';

/** `name: class method fields`, the fields as `type:name`. Methods of no reply are marked where they are handled. */
const METHODS = `
connection.start: 10 10 octet:versionMajor octet:versionMinor table:serverProperties longstr:mechanisms longstr:locales
connection.start-ok: 10 11 table:clientProperties shortstr:mechanism longstr:response shortstr:locale
connection.tune: 10 30 short:channelMax long:frameMax short:heartbeat
connection.tune-ok: 10 31 short:channelMax long:frameMax short:heartbeat
connection.open: 10 40 shortstr:virtualHost shortstr:reserved1 bit:reserved2
connection.open-ok: 10 41 shortstr:reserved1
connection.close: 10 50 short:replyCode shortstr:replyText short:classId short:methodId
connection.close-ok: 10 51
connection.update-secret: 10 70 longstr:newSecret shortstr:reason
connection.update-secret-ok: 10 71
channel.open: 20 10 shortstr:reserved1
channel.open-ok: 20 11 longstr:reserved1
channel.flow: 20 20 bit:active
channel.flow-ok: 20 21 bit:active
channel.close: 20 40 short:replyCode shortstr:replyText short:classId short:methodId
channel.close-ok: 20 41
exchange.declare: 40 10 short:ticket shortstr:exchange shortstr:type bit:passive bit:durable bit:autoDelete bit:internal bit:noWait table:arguments
exchange.declare-ok: 40 11
exchange.delete: 40 20 short:ticket shortstr:exchange bit:ifUnused bit:noWait
exchange.delete-ok: 40 21
exchange.bind: 40 30 short:ticket shortstr:destination shortstr:source shortstr:routingKey bit:noWait table:arguments
exchange.bind-ok: 40 31
exchange.unbind: 40 40 short:ticket shortstr:destination shortstr:source shortstr:routingKey bit:noWait table:arguments
exchange.unbind-ok: 40 51
queue.declare: 50 10 short:ticket shortstr:queue bit:passive bit:durable bit:exclusive bit:autoDelete bit:noWait table:arguments
queue.declare-ok: 50 11 shortstr:queue long:messageCount long:consumerCount
queue.bind: 50 20 short:ticket shortstr:queue shortstr:exchange shortstr:routingKey bit:noWait table:arguments
queue.bind-ok: 50 21
queue.purge: 50 30 short:ticket shortstr:queue bit:noWait
queue.purge-ok: 50 31 long:messageCount
queue.delete: 50 40 short:ticket shortstr:queue bit:ifUnused bit:ifEmpty bit:noWait
queue.delete-ok: 50 41 long:messageCount
queue.unbind: 50 50 short:ticket shortstr:queue shortstr:exchange shortstr:routingKey table:arguments
queue.unbind-ok: 50 51
basic.qos: 60 10 long:prefetchSize short:prefetchCount bit:global
basic.qos-ok: 60 11
basic.consume: 60 20 short:ticket shortstr:queue shortstr:consumerTag bit:noLocal bit:noAck bit:exclusive bit:noWait table:arguments
basic.consume-ok: 60 21 shortstr:consumerTag
basic.cancel: 60 30 shortstr:consumerTag bit:noWait
basic.cancel-ok: 60 31 shortstr:consumerTag
basic.publish: 60 40 short:ticket shortstr:exchange shortstr:routingKey bit:mandatory bit:immediate
basic.return: 60 50 short:replyCode shortstr:replyText shortstr:exchange shortstr:routingKey
basic.deliver: 60 60 shortstr:consumerTag longlong:deliveryTag bit:redelivered shortstr:exchange shortstr:routingKey
basic.get: 60 70 short:ticket shortstr:queue bit:noAck
basic.get-ok: 60 71 longlong:deliveryTag bit:redelivered shortstr:exchange shortstr:routingKey long:messageCount
basic.get-empty: 60 72 shortstr:reserved1
basic.ack: 60 80 longlong:deliveryTag bit:multiple
basic.reject: 60 90 longlong:deliveryTag bit:requeue
basic.recover-async: 60 100 bit:requeue
basic.recover: 60 110 bit:requeue
basic.recover-ok: 60 111
basic.nack: 60 120 longlong:deliveryTag bit:multiple bit:requeue
confirm.select: 85 10 bit:noWait
confirm.select-ok: 85 11
tx.select: 90 10
tx.commit: 90 20
tx.rollback: 90 30
`;

type FieldType = 'bit' | 'octet' | 'short' | 'long' | 'longlong' | 'shortstr' | 'longstr' | 'table';

interface MethodSpec {
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: readonly (readonly [type: FieldType, name: string])[];
}

/** The fields of a method. Which there are is said above; who reads one that is not there gets an error. */
export class Arguments {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  text(name: string): string {
    return this.#of(name) as string;
  }

  number(name: string): number {
    return this.#of(name) as number;
  }

  tag(name: string): bigint {
    return this.#of(name) as bigint;
  }

  flag(name: string): boolean {
    return this.#of(name) as boolean;
  }

  bytes(name: string): Buffer {
    return this.#of(name) as Buffer;
  }

  table(name: string): FieldTable {
    return this.#of(name) as FieldTable;
  }

  #of(name: string): unknown {
    if (!this.#values.has(name)) throw new TypeError(`the method has no field '${name}'`);
    return this.#values.get(name);
  }
}

export interface Method {
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: Arguments;
}

const SPECS: readonly MethodSpec[] = METHODS.trim()
  .split('\n')
  .map((line) => {
    const [name, rest] = line.split(': ') as [string, string];
    const [classId, methodId, ...fields] = rest.split(' ');
    return {
      name,
      classId: Number(classId),
      methodId: Number(methodId),
      fields: fields.map((field) => field.split(':') as [FieldType, string]),
    };
  });
const BY_NAME = new Map(SPECS.map((spec) => [spec.name, spec]));
const BY_NUMBER = new Map(SPECS.map((spec) => [spec.classId * 65_536 + spec.methodId, spec]));

/** @returns undefined for a method that is not known */
export function decodeMethod(payload: Buffer): Method | undefined {
  if (payload.length < 4) throw new MalformedFrame('a method frame of less than four bytes');
  const classId = payload.readUInt16BE(0);
  const methodId = payload.readUInt16BE(2);
  const spec = BY_NUMBER.get(classId * 65_536 + methodId);
  if (spec === undefined) return undefined;
  const reader = new FieldReader(payload, 4);
  const values = new Map<string, unknown>(spec.fields.map(([type, name]) => [name, reader[type]()]));
  return { name: spec.name, classId, methodId, fields: new Arguments(values) };
}

export function encodeMethod(name: string, values: Readonly<Record<string, unknown>> = {}): Buffer {
  const spec = BY_NAME.get(name)!;
  const writer = new FieldWriter();
  writer.short(spec.classId);
  writer.short(spec.methodId);
  for (const [type, field] of spec.fields) writeField(writer, type, values[field]);
  return writer.bytes();
}

/** Fields that are not given are empty: most of those are reserved. */
function writeField(writer: FieldWriter, type: FieldType, value: unknown): void {
  if (type === 'bit') writer.bit(value === true);
  else if (type === 'longlong') writer.longlong((value as bigint | undefined) ?? 0n);
  else if (type === 'shortstr') writer.shortstr((value as string | undefined) ?? '');
  else if (type === 'longstr') writer.longstr((value as Buffer | string | undefined) ?? '');
  else if (type === 'table') writer.table((value as FieldTable | undefined) ?? {});
  else writer[type]((value as number | undefined) ?? 0);
}
