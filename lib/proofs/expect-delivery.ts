/** `expectDelivery`: claims about any synthesized application, in the words of a test. */
import { deliveriesOf, decide, publishing, receiving } from '../access/index.ts';
import type { Actor } from '../access/index.ts';
import { KAFKA_TOPIC_TYPES, messagingOf, readAssembly } from '../assembly/index.ts';
import type { Assembly, Messaging, Resource } from '../assembly/index.ts';
import type { AnyEventContract } from '../contracts/index.ts';
import { breakOf } from './check-access.ts';
import { asyncFailuresOf } from './check-failures.ts';
import { asBusEvent, asMessage, busMessage, examplesOf } from './message.ts';
import type { BusEntry, ExampleEvent, Message } from './message.ts';
import { nearestNames, resourcesNamed } from './named.ts';
import { failureHopsOf, hopsFrom, pathsBetween } from './paths.ts';
import type { Path } from './paths.ts';
import { describeBreak, unique } from './proof.ts';
import type { Break } from './proof.ts';
import { walk } from './walk.ts';

/** An event of the catalogue; or, for other applications, what is published in their own form. */
export type ExpectedEvent = AnyEventContract | BusEntry | PublishedMessage;

/** A message as it is published to a topic, or sent to a queue. */
export interface PublishedMessage {
  /** Text attributes. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** JSON; a text is taken as it is. */
  readonly body: unknown;
}

/** A claim does not hold. The message lists every break with its construct path and its fix. */
export class DeliveryError extends Error {
  readonly breaks: readonly Break[];

  constructor(claim: string, breaks: readonly Break[]) {
    super(`not proven: ${claim}\n${breaks.map((one) => `  ${describeBreak(one)}`).join('\n')}`);
    this.name = 'DeliveryError';
    this.breaks = breaks;
  }
}

/**
 * Claims about a synthesized application, ours or anybody's. Filters and patterns are evaluated on the event's
 * examples; IAM, queue, topic, bus and key policies as AWS would.
 *
 * @example
 * expectDelivery('cdk.out').of(OrderPlaced).from('OrdersApi').reaches('Fulfilment');
 * expectDelivery('cdk.out').of(OrderPlaced).from('Orders').isForbiddenFor('Analytics');
 * expectDelivery('cdk.out').of({ source: 'shop', detailType: 'OrderPlaced', detail: { total: 5 } }).from('ShopBus').reaches('Invoicing');
 *
 * @param assembly the cloud assembly directory, or an assembly that was read
 * @throws AssemblyError where the directory holds no assembly
 */
export function expectDelivery(assembly: string | Assembly): { of(event: ExpectedEvent): DeliveryOf } {
  const messaging = messagingOf(typeof assembly === 'string' ? readAssembly(assembly) : assembly);
  return { of: (event) => new DeliveryOf(messaging, event) };
}

/** Which publisher the claim is about. */
export class DeliveryOf {
  readonly #messaging: Messaging;
  readonly #event: ExpectedEvent;

  constructor(messaging: Messaging, event: ExpectedEvent) {
    this.#messaging = messaging;
    this.#event = event;
  }

  /**
   * @param publisher a function, role, topic, bus or queue, by construct path, part of it, logical id or name. A
   *   function or role publishes to whatever its policies let it publish to.
   * @throws DeliveryError where nothing, or nothing that can publish, has the name
   */
  from(publisher: string): DeliveryFrom {
    return new DeliveryFrom(this.#messaging, this.#event, publisher);
  }
}

/** Claims about the deliveries of one event from one publisher. Each returns this, so that they can be chained. */
export class DeliveryFrom {
  readonly #messaging: Messaging;
  readonly #event: ExpectedEvent;
  readonly #publisher: string;
  readonly #origins: readonly Resource[];
  readonly #publishingBreaks: ReadonlyMap<Resource, readonly Break[]>;
  #lastPaths: readonly Path[] = [];

  constructor(messaging: Messaging, event: ExpectedEvent, publisher: string) {
    this.#messaging = messaging;
    this.#event = event;
    this.#publisher = publisher;
    const { origins, breaks } = originsOf(messaging, event, publisher);
    if (origins.size === 0) throw new DeliveryError(`${nameOf(event)} from ${publisher}`, breaks);
    this.#origins = [...origins.keys()];
    this.#publishingBreaks = origins;
  }

  /**
   * Every example of the event arrives at the consumer by one path at least, with every permission on it, and with
   * a dead-letter queue at every hop that can fail.
   * @param consumer a function, queue or other target, named as in `from`
   * @throws DeliveryError with every break of the path that comes closest
   */
  reaches(consumer: string): this {
    const claim = `${nameOf(this.#event)} from ${this.#publisher} reaches ${consumer}`;
    const targets = targetsNamed(this.#messaging, consumer);
    if (targets.length === 0) throw new DeliveryError(claim, [nothingNamed(this.#messaging, consumer)]);
    const attempts = this.#origins.flatMap((origin) =>
      targets.flatMap((target) =>
        pathsBetween(this.#messaging, origin.arn ?? '', target.arn ?? '').map((path) => ({
          path,
          breaks: unique([
            ...(this.#publishingBreaks.get(origin) ?? []),
            ...examplesAt(origin, this.#event).flatMap(
              (message) => walk(this.#messaging, path, message).breaks,
            ),
          ]),
        })),
      ),
    );
    const best = attempts.toSorted((left, right) => left.breaks.length - right.breaks.length)[0];
    const breaks = best?.breaks ?? [this.#noPath(targets)];
    if (breaks.length > 0) throw new DeliveryError(claim, breaks);
    this.#lastPaths = attempts.filter((attempt) => attempt.breaks.length === 0).map(({ path }) => path);
    return this;
  }

  /**
   * What fails on the way of the last `reaches` ends in this queue: that of a hop, or of the consumer's own queue.
   * @throws DeliveryError where it ends elsewhere, or nowhere
   */
  deadLettersTo(queue: string): this {
    const claim = `what fails of ${nameOf(this.#event)} goes to ${queue}`;
    const wanted = resourcesNamed(this.#messaging.assembly, queue, ['AWS::SQS::Queue']).map(({ arn }) => arn);
    const ends = this.#lastPaths.flatMap((path) =>
      path.flatMap((delivery) => failureEnds(this.#messaging, delivery)),
    );
    if (wanted.some((arn) => arn !== undefined && ends.includes(arn))) return this;
    const found = [...new Set(ends)].map((arn) => this.#messaging.assembly.find(arn)?.constructPath ?? arn);
    throw new DeliveryError(claim, [
      {
        code: 'WAYBILL_PROOF_NO_FAILURE_DESTINATION',
        resource: queue,
        message:
          this.#lastPaths.length === 0
            ? 'no path has been proven yet: call reaches before deadLettersTo'
            : `what fails on the path goes to ${found.length === 0 ? 'no queue' : found.join(', ')}`,
        fix: 'name one of those, or make it the dead-letter queue of the hop',
      },
    ]);
  }

  /**
   * A function, role or queue neither gets the event, nor may publish in its place, nor may receive it on its way.
   * @throws DeliveryError with the path or the permission that lets it
   */
  isForbiddenFor(other: string): this {
    const claim = `${nameOf(this.#event)} from ${this.#publisher} is forbidden for ${other}`;
    const targets = targetsNamed(this.#messaging, other);
    const roles = rolesNamed(this.#messaging, other);
    if (targets.length === 0 && roles.length === 0) {
      throw new DeliveryError(claim, [nothingNamed(this.#messaging, other)]);
    }
    const breaks = [
      ...targets.flatMap((target) => this.#pathsThatArrive(target)),
      ...roles.flatMap((actor) => this.#permissionsOf(actor)),
    ];
    if (breaks.length > 0) throw new DeliveryError(claim, unique(breaks));
    return this;
  }

  #pathsThatArrive(target: Resource): readonly Break[] {
    return this.#origins.flatMap((origin) =>
      pathsBetween(this.#messaging, origin.arn ?? '', target.arn ?? '')
        .filter((path) =>
          examplesAt(origin, this.#event).some(
            (message) => walk(this.#messaging, path, message).arrived !== undefined,
          ),
        )
        .map((path) => ({
          code: 'WAYBILL_PROOF_LET_THROUGH' as const,
          resource: path[0]?.hop.constructPath ?? '',
          message: `the event goes by ${path.map(({ hop }) => hop.constructPath).join(', ')} to ${target.constructPath}`,
          fix: 'narrow a filter on the way, or remove the hop',
        })),
    );
  }

  /** Publishing where the event is published, and receiving from any queue in which it arrives. */
  #permissionsOf(actor: Actor): readonly Break[] {
    const queues = this.#messaging.queues
      .filter(({ resource }) => this.#pathsThatArrive(resource).length > 0)
      .map(({ arn }) => arn);
    const permissions = [
      ...this.#origins.flatMap(({ arn }) => publishing(this.#messaging, arn ?? '', actor).slice(0, 1)),
      ...queues.flatMap((arn) => receiving(this.#messaging, arn, actor).slice(0, 1)),
    ];
    return permissions
      .map((permission) => decide(this.#messaging, permission))
      .filter(({ verdict }) => verdict === 'allowed')
      .map(({ permission: { action, resourceArn } }) => ({
        code: 'WAYBILL_PROOF_PERMISSION_TOO_WIDE',
        resource: actor.kind === 'role' ? actor.role.resource.constructPath : resourceArn,
        message: `it may ${action} on ${resourceArn}`,
        fix: 'remove the statement that allows it',
      }));
  }

  #noPath(targets: readonly Resource[]): Break {
    const leaving = this.#origins.flatMap(({ arn }) =>
      hopsFrom(this.#messaging, arn ?? '').map(
        ({ hop, toArn }) =>
          `${hop.constructPath} to ${this.#messaging.assembly.find(toArn)?.constructPath ?? toArn}`,
      ),
    );
    return {
      code: 'WAYBILL_PROOF_NO_PATH',
      resource: this.#origins.map(({ constructPath }) => constructPath).join(', '),
      message: `no hops lead from there to ${targets.map(({ constructPath }) => constructPath).join(' or ')}; from there lead ${leaving.length === 0 ? 'none' : leaving.join(', ')}`,
      fix: 'subscribe the consumer, or correct the name',
    };
  }
}

/** Where a claim may begin and end. */
const SINK_TYPES = [
  'AWS::SNS::Topic',
  'AWS::Events::EventBus',
  'AWS::EventsV2::EventBus',
  'AWS::SQS::Queue',
  'AWS::Kinesis::Stream',
  ...KAFKA_TOPIC_TYPES,
];
const TARGET_TYPES = [
  'AWS::Lambda::Function',
  'AWS::SQS::Queue',
  'AWS::SNS::Topic',
  'AWS::StepFunctions::StateMachine',
  'AWS::Kinesis::Stream',
  ...KAFKA_TOPIC_TYPES,
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Events::EventBus',
  'AWS::EventsV2::EventBus',
];

interface Origins {
  /** Each with what is missing to publish there, such as the use of its key. */
  readonly origins: ReadonlyMap<Resource, readonly Break[]>;
  /** Why there is none. */
  readonly breaks: readonly Break[];
}

/** The sink of the name; else every sink that a function or role of the name may publish to. */
function originsOf(messaging: Messaging, event: ExpectedEvent, publisher: string): Origins {
  const sinks = resourcesNamed(messaging.assembly, publisher, SINK_TYPES);
  const roles = rolesNamed(messaging, publisher);
  if (roles.length === 0) {
    return {
      origins: new Map(sinks.map((sink) => [sink, []])),
      breaks: sinks.length === 0 ? [nothingNamed(messaging, publisher)] : [],
    };
  }
  const candidates = messaging.assembly.ofType(...SINK_TYPES).filter(({ type }) => takes(type, event));
  const decided = candidates.flatMap((resource) =>
    roles.map((actor) => {
      const accesses = publishing(messaging, resource.arn ?? '', actor).map((permission) =>
        decide(messaging, permission),
      );
      return { resource, may: accesses[0]?.verdict === 'allowed', breaks: accesses.flatMap(breakOf) };
    }),
  );
  // A topic of alarms, from which nothing goes on, is not what anybody meant.
  const leading = decided.find(({ resource }) =>
    deliveriesOf(messaging).some(({ fromArn }) => fromArn === resource.arn),
  );
  const allowed = decided.filter(({ may }) => may);
  if (allowed.length > 0) {
    return { origins: new Map(allowed.map(({ resource, breaks }) => [resource, breaks])), breaks: [] };
  }
  return {
    origins: new Map(),
    breaks: [
      {
        code: 'WAYBILL_PROOF_PERMISSION_MISSING',
        resource: publisher,
        message: `it may publish to none of ${candidates.map(({ constructPath }) => constructPath).join(', ')}`,
        fix: `let it publish, for example ${(leading ?? decided[0])?.breaks[0]?.fix ?? 'by a grant'}`,
      },
    ],
  };
}

/** An entry of a bus is for buses; a message for topics and queues; an event of the catalogue for all. */
function takes(type: string, event: ExpectedEvent): boolean {
  if ('detailType' in event) return type.includes('EventBus');
  if ('body' in event) return !type.includes('EventBus');
  return type !== 'AWS::SQS::Queue';
}

function rolesNamed(messaging: Messaging, name: string): readonly Actor[] {
  const functions = resourcesNamed(messaging.assembly, name, ['AWS::Lambda::Function']);
  const roles = resourcesNamed(messaging.assembly, name, ['AWS::IAM::Role', 'AWS::IAM::User']);
  const arns = [
    ...functions.map(({ arn }) => messaging.function(arn)?.roleArn),
    ...roles.map(({ arn }) => arn),
  ];
  return [...new Set(arns)].flatMap((arn) => {
    const role = messaging.role(arn);
    return role === undefined ? [] : [{ kind: 'role', role } as const];
  });
}

/** Functions of the name; where there are none, the queues and other targets of it. */
function targetsNamed({ assembly }: Messaging, name: string): readonly Resource[] {
  const functions = resourcesNamed(assembly, name, ['AWS::Lambda::Function']);
  return functions.length > 0 ? functions : resourcesNamed(assembly, name, TARGET_TYPES);
}

/** Where what fails at a hop ends; for a queue that a function polls, by its redrive policy; for a function, its own. */
function failureEnds(messaging: Messaging, delivery: Path[number]): readonly string[] {
  const redrive = messaging.queue(delivery.fromArn)?.redrive?.deadLetterTargetArn;
  const fn = messaging.function(delivery.toArn);
  const own = [
    ...failureHopsOf(messaging, delivery),
    ...(fn === undefined ? [] : asyncFailuresOf(messaging, fn)),
  ].map(({ toArn }) => toArn);
  return redrive === undefined ? own : [...own, redrive];
}

function examplesAt(origin: Resource, event: ExpectedEvent): readonly Message[] {
  const ofBus = origin.type.includes('EventBus');
  if ('detailType' in event) return [busMessage(event, origin)];
  if ('body' in event) {
    const body = typeof event.body === 'string' ? event.body : JSON.stringify(event.body);
    return [{ attributes: event.attributes ?? {}, body, event: undefined }];
  }
  return examplesOfContract(event).map((example) =>
    ofBus ? asBusEvent(example, origin) : asMessage(example),
  );
}

function examplesOfContract(contract: AnyEventContract): readonly ExampleEvent[] {
  return examplesOf({
    ...contract,
    orderingKey: contract.orderingKey ?? null,
    description: contract.description ?? null,
    examples: contract.examples as readonly unknown[],
  });
}

function nameOf(event: ExpectedEvent): string {
  if ('detailType' in event) return event.detailType;
  return 'body' in event ? 'the message' : event.name;
}

function nothingNamed({ assembly }: Messaging, name: string): Break {
  const near = nearestNames(assembly, name, [...SINK_TYPES, ...TARGET_TYPES, 'AWS::IAM::Role']);
  return {
    code: 'WAYBILL_PROOF_NO_PATH',
    resource: name,
    message: 'no function, role, topic, bus or queue has this name',
    fix: `give a construct path, a part of it, a logical id or a name${near.length === 0 ? '' : `, for example ${near.join(', ')}`}`,
  };
}
