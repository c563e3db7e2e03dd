/** `event()`: the one declaration of an event, from which topology, runtime, documents and tests are derived. */
import { ContractError } from './errors.ts';
import type { FieldPath } from './field-path.ts';
import type { InferInput, InferOutput, StandardSchema } from './standard-schema.ts';

export type EventVersion = `${number}.${number}`;
export type EventPriority = 'normal' | 'high';

export interface EventTraffic {
  /** Messages per second at the busiest time. */
  readonly peakPerSecond: number;
  /** Bytes of one envelope on the wire, on average. */
  readonly averageBytes: number;
}

/** Turns the data of an older major version into the data of this one. Must be pure. */
export type Upcaster<Data> = (older: never) => Data;

export interface EventProps<Schema extends StandardSchema> {
  /** `MAJOR.MINOR`. A consumer reads every minor version of its major; another major needs an upcaster. */
  readonly version: EventVersion;
  /** The publishing service's source, for example `ecommerce.orders`. */
  readonly source: string;
  /** Any Standard Schema. zod's mini build keeps a Lambda bundle small. */
  readonly data: Schema;
  /**
   * Path to the field whose value keeps events in order: message group id, partition key, outbox lane.
   * @default - ordered per tenant where order is kept at all
   */
  readonly orderingKey?: FieldPath<InferOutput<Schema>>;
  /**
   * Paths to personal data, which must be text. Never logged, never put in an attribute, sealed on the way.
   * @default - no field is personal data
   */
  readonly pii?: readonly FieldPath<InferOutput<Schema>>[];
  /**
   * Path to the opaque id of the person whose data `pii` is, for example `customerId`. Its sealed data can then be
   * erased for this one person, in every copy there is.
   * @default - personal data is sealed for the tenant alone
   */
  readonly dataSubject?: FieldPath<InferOutput<Schema>>;
  /**
   * Expected load; capacity and cost are computed from it.
   * @default - 1 message per second of 1 KiB
   */
  readonly traffic?: EventTraffic;
  /**
   * Real examples, used by the documents, the console and the tests. Each must pass the schema.
   * @default - none
   */
  readonly examples?: readonly InferInput<Schema>[];
  /**
   * Carried as a message attribute so that a subscription can filter on it.
   * @default 'normal'
   */
  readonly priority?: EventPriority;
  /**
   * One sentence for the documents.
   * @default - no description
   */
  readonly description?: string;
  /**
   * Upcasters by older major version: `{ '1': (data: DataOf<typeof OrderPlacedV1>) => ({ ... }) }`.
   * @default - other majors are refused
   */
  readonly upcast?: Readonly<Record<string, Upcaster<InferOutput<Schema>>>>;
}

export interface EventContract<Name extends string = string, Input = unknown, Data = Input> {
  readonly name: Name;
  readonly version: EventVersion;
  readonly source: string;
  readonly schema: StandardSchema<Input, Data>;
  readonly orderingKey: string | undefined;
  readonly pii: readonly string[];
  readonly dataSubject: string | undefined;
  readonly traffic: EventTraffic;
  readonly examples: readonly Input[];
  readonly priority: EventPriority;
  readonly description: string | undefined;
  readonly upcast: Readonly<Record<string, Upcaster<Data>>>;
}

// Bivariant in its data on purpose: a list of contracts of different events has this type.
// eslint-disable-next-line typescript/no-explicit-any
export type AnyEventContract = EventContract<string, any, any>;

/** The data a handler receives. */
export type DataOf<Contract> =
  Contract extends EventContract<string, infer _Input, infer Data> ? Data : never;
/** The data a publisher gives. */
export type InputOf<Contract> =
  Contract extends EventContract<string, infer Input, infer _Data> ? Input : never;

const DEFAULT_TRAFFIC: EventTraffic = { peakPerSecond: 1, averageBytes: 1024 };

/**
 * Declares an event.
 *
 * @example
 * export const OrderPlaced = event('OrderPlaced', {
 *   version: '1.0',
 *   source: 'ecommerce.orders',
 *   data: z.object({ orderId: z.string(), customerId: z.string() }),
 *   orderingKey: 'customerId',
 * });
 *
 * @throws ContractError WAYBILL_CONTRACT_INVALID with every mistake of the declaration at once
 */
export function event<const Name extends string, Schema extends StandardSchema>(
  name: Name,
  props: EventProps<Schema>,
): EventContract<Name, InferInput<Schema>, InferOutput<Schema>> {
  const mistakes = DECLARATION_RULES.flatMap((rule) => rule(name, props as Declaration) ?? []);
  if (mistakes.length > 0) {
    throw new ContractError('WAYBILL_CONTRACT_INVALID', `event '${name}': ${mistakes.join('; ')}`);
  }
  return {
    name,
    version: props.version,
    source: props.source,
    schema: props.data,
    orderingKey: props.orderingKey,
    pii: props.pii ?? [],
    dataSubject: props.dataSubject,
    traffic: props.traffic ?? DEFAULT_TRAFFIC,
    examples: props.examples ?? [],
    priority: props.priority ?? 'normal',
    description: props.description,
    upcast: props.upcast ?? {},
  };
}

export function majorOf(version: string): string {
  return version.slice(0, version.indexOf('.'));
}

/** The props without their types, which is all that the rules look at. */
type Declaration = Pick<EventProps<StandardSchema>, 'version' | 'source' | 'traffic' | 'upcast'> & {
  readonly orderingKey?: string;
  readonly pii?: readonly string[];
  readonly dataSubject?: string;
};
type DeclarationRule = (name: string, declaration: Declaration) => string | undefined;

const DECLARATION_RULES: readonly DeclarationRule[] = [
  (name) =>
    /^[A-Z][A-Za-z0-9]{0,127}$/.test(name)
      ? undefined
      : 'name must be PascalCase, letters and digits, at most 128 characters, for example OrderPlaced',
  (_name, { version }) =>
    /^\d+\.\d+$/.test(version)
      ? undefined
      : `version must be MAJOR.MINOR such as '1.0', received '${version}'`,
  (_name, { source }) =>
    /^[a-z0-9][a-z0-9._-]{0,255}$/.test(source) && !source.startsWith('aws.')
      ? undefined
      : `source must be lower case letters, digits, '.', '-' or '_' and must not begin with 'aws.', received '${source}'`,
  (_name, { traffic }) =>
    traffic === undefined || (traffic.peakPerSecond > 0 && traffic.averageBytes > 0)
      ? undefined
      : 'traffic.peakPerSecond and traffic.averageBytes must be above zero',
  (_name, { orderingKey, pii }) =>
    orderingKey !== undefined && pii?.includes(orderingKey)
      ? `orderingKey '${orderingKey}' is listed as personal data, but it becomes a message group id, which is never encrypted: use an opaque id`
      : undefined,
  (_name, { dataSubject, pii }) =>
    dataSubject === undefined || (pii !== undefined && pii.length > 0 && !pii.includes(dataSubject))
      ? undefined
      : `dataSubject '${dataSubject}' must name an opaque id beside the personal data listed in pii`,
  (_name, { upcast, version }) =>
    upcast !== undefined &&
    Object.keys(upcast).some((major) => !/^\d+$/.test(major) || major === majorOf(version))
      ? `upcast is keyed by an older major version such as '1', received ${Object.keys(upcast).join(', ')}`
      : undefined,
];
