/**
 * What every service of the embedded AWS is given: identity, clock, the other services, faults, and the
 * stream of what happened. A service is a factory `createXService(context)`; it registers itself nowhere,
 * `startEmbeddedAws` (or a test) does that.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { systemClock, type Clock } from './clock.ts';
import { createCredentials, type Credentials } from './credentials.ts';
import { AwsError } from './errors.ts';
import { createFaultRules, type FaultRules } from './faults.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { formerEndpointUrls } from './former-endpoints.ts';
import type { RestRequest, RestResponse, RestRoute } from './protocols/rest-json.ts';
import { forgetfulStateStore, type StateStore } from './state/index.ts';

export type { Clock, ClockTimer, ControllableClock, ManualClock } from './clock.ts';

/** The account every local resource belongs to unless the caller says otherwise. */
const DEFAULT_ACCOUNT_ID = '000000000000';
const DEFAULT_REGION = 'us-east-1';

/** Who makes a call. */
export interface Caller {
  readonly accountId: string;
  /** The principal: a role or user ARN, or the account root. */
  readonly arn: string;
  /** Set when an AWS service calls on a resource's behalf, e.g. `sns.amazonaws.com`. */
  readonly service?: string;
  /** The resource a calling service acts for (`aws:SourceArn`). */
  readonly sourceArn?: string;
  /** What a role's session was given beyond its role. */
  readonly session?: CallerSession;
  /** When its credentials expire, in milliseconds since the epoch. */
  readonly expiresAt?: number;
}

export interface CallerSession {
  /** Limits the session further, as JSON text or document. */
  readonly policy?: unknown;
  /** Session tags, `aws:PrincipalTag/NAME`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The service that acts in the role, and the resource it does it for: the role must trust it. */
  readonly assumedBy?: { readonly service: string; readonly sourceArn?: string };
  /** The function whose instance calls (`lambda:SourceFunctionArn`). */
  readonly sourceFunctionArn?: string;
}

/**
 * How strictly policies are enforced. `enforced`: as AWS does. `enforced-where-present`: a resource without a policy of
 * its own takes what the services of its account deliver, and a role that is on no record may do everything.
 */
export type PolicyMode = 'enforced' | 'enforced-where-present';

/** How the Query protocol names what repeats; only what differs from `X.member.N` and `X.entry.N.key`. */
export interface QueryProtocol {
  /** The `Version` parameter, e.g. `2012-11-05`. */
  readonly apiVersion: string;
  readonly xmlNamespace: string;
  /** Parameters to turn into numbers, by name at any depth. Everything else arrives as a string. */
  readonly integers?: readonly string[];
  readonly booleans?: readonly string[];
  /** Flattened lists and maps of the input: the parameter's wire name to what it means. */
  readonly inputs?: Readonly<Record<string, FlattenedInput>>;
  /** Flattened lists and maps of the output, by member name; `Action.Member` wins over `Member`. */
  readonly outputs?: Readonly<Record<string, FlattenedOutput>>;
  /** Output members written as `<entry><key/><value/></entry>` maps. */
  readonly outputMaps?: readonly string[];
  /** Output members that are times in seconds since the epoch, or lists of them: written as ISO 8601. */
  readonly timestamps?: readonly string[];
  /** Actions whose empty output still has its `<ActionResult>`; botocore cannot read their answers without it. */
  readonly emptyResults?: readonly string[];
}

/** `Attribute.1.Name=A&Attribute.1.Value=B` -> `{member: 'Attributes', map: {key: 'Name', value: 'Value'}}`. */
export interface FlattenedInput {
  readonly member: string;
  readonly map?: { readonly key: string; readonly value: string };
}

/** `Messages: [...]` -> `<Message>` elements side by side -> `{element: 'Message'}`. */
export interface FlattenedOutput {
  readonly element: string;
  readonly map?: { readonly key: string; readonly value: string };
}

/** The wire formats a service answers. The endpoint dispatches by these. */
export interface ServiceProtocols {
  /** AWS JSON: requests carry `X-Amz-Target: <targetPrefix>.<Action>`. */
  readonly json?: {
    readonly version: '1.0' | '1.1';
    readonly targetPrefix: string;
    /** Put before the code in `__type`, e.g. `com.amazonaws.sqs`. */
    readonly errorNamespace?: string;
    /** Adds the `x-amzn-query-error` header to errors (SQS only). */
    readonly queryCompatible?: boolean;
    /** For services that also speak CBOR under the same targets: the members that are times, and byte strings. */
    readonly cbor?: { readonly timestamps: readonly string[]; readonly blobs: readonly string[] };
    /** Adds the `x-amz-crc32` header, which clients check the body by (DynamoDB only). */
    readonly checksum?: boolean;
  };
  /** Smithy RPC v2 CBOR: `POST /service/<service>/operation/<Action>`. */
  readonly cbor?: {
    readonly service: string;
    readonly errorNamespace?: string;
    /** Adds the `x-amzn-query-error` header to errors. */
    readonly queryCompatible?: boolean;
    /** Output members that are times in seconds since the epoch, or lists of them. */
    readonly timestamps: readonly string[];
    /** Output members whose numbers are doubles, also within lists and maps. */
    readonly doubles?: readonly string[];
  };
  readonly query?: QueryProtocol;
  /** REST-JSON operations, and anything else that is found by method and path. */
  readonly routes?: readonly RestRoute[];
  /**
   * Answers every request that is signed for this service and names no target, whatever its path. For services
   * whose paths would meet those of others, such as S3's `/bucket/key`.
   */
  readonly signed?: (request: RestRequest) => Promise<RestResponse>;
  /** For a service whose bodies are too large for memory (S3): it is asked before anything reads the request. */
  readonly streamed?: StreamedProtocol;
}

/** Requests and answers whose bodies flow by. */
export interface StreamedProtocol {
  /** Whether a request that is signed for no service, and that no route takes, is this service's all the same. */
  accepts(host: string, path: string): boolean;
  handle(request: StreamedRequest): Promise<StreamedResponse>;
}

export interface StreamedRequest extends Omit<RestRequest, 'body' | 'parameters'> {
  readonly body: Readable;
  readonly requestId: string;
}

export interface StreamedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
}

/** One permission that a call needs, for the policies that decide on it. */
export interface AuthorizationRequest {
  /** As IAM spells it: `sqs:SendMessage`. */
  readonly action: string;
  /** The resource's ARN; `*` for actions that are on no resource. */
  readonly resourceArn: string;
  /** The resource's own policy as JSON text or document; absent when it has none. */
  readonly resourcePolicy?: unknown;
  /** True for the policy that AWS gives to a resource for which nobody wrote one. */
  readonly isDefaultPolicy?: boolean;
  /** True when something other than a policy, such as a grant of KMS, lets this principal in. */
  isGranted?(principalArn: string): boolean;
  /** The service's own condition keys, e.g. `{'sns:Protocol': 'sqs'}`. */
  readonly conditionKeys?: Readonly<Record<string, string | readonly string[]>>;
}

/** Decides whether a caller may do what a call needs. */
export interface Authorizer {
  /** Throws the AwsError that AWS answers, `AccessDenied` or what the service calls it, when one is missing. */
  authorize(service: string, caller: Caller, requests: readonly AuthorizationRequest[]): void;
}

/** A service of the embedded AWS. */
export interface AwsService {
  /** The endpoint prefix, which is also the name in a request's signature: `sqs`, `sns`, `events`. */
  readonly name: string;
  readonly protocols: ServiceProtocols;
  /**
   * Runs one action with the AWS API's JSON input; resolves with its JSON output or rejects with an AwsError.
   * `signal` is aborted when the client goes away, which ends a long poll.
   */
  handle(
    action: string,
    input: Record<string, unknown>,
    caller: Caller,
    signal?: AbortSignal,
  ): Promise<unknown>;
  /** The permissions a call needs. A service without it, or an empty list, is open to everybody. */
  authorization?(action: string, input: Record<string, unknown>): readonly AuthorizationRequest[];
  /** Takes over a request to change the protocol (WebSocket); false when the path is not this service's. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Stops timers and waiting calls. */
  close?(): void | Promise<void>;
}

/**
 * The typed registry. A service adds itself to the type with
 * `declare module '../context.ts' { interface AwsServices { readonly sqs: SqsService } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- filled by declaration merging, one line per service
export interface AwsServices {}

/** The services that run in this embedded AWS, for calls from one service to another. */
export interface ServiceRegistry {
  register(service: AwsService): void;
  /** The service; throws `ServiceNotRunning` when nothing registered it. */
  get<Name extends keyof AwsServices>(name: Name): AwsServices[Name];
  /** The service or undefined, for optional collaborators. */
  find<Name extends keyof AwsServices>(name: Name): AwsServices[Name] | undefined;
  all(): readonly AwsService[];
}

/**
 * Something that happened, for the console, the live view and delivery assertions. Never carries a message's
 * body or attributes.
 */
export interface Happening {
  readonly kind:
    | 'sent'
    | 'deduplicated'
    | 'received'
    | 'deleted'
    | 'released'
    | 'dead-lettered'
    | 'expired'
    | 'purged'
    | 'moved'
    | 'published'
    | 'matched'
    | 'filtered'
    | 'delivered'
    | 'delivery-failed'
    | 'invoked'
    | 'returned'
    | 'denied'
    /** An alarm changed its state. */
    | 'alarm'
    | 'fault';
  /** Milliseconds since the epoch, by the context's clock. */
  readonly at: number;
  readonly service: string;
  /** The ARN of the queue, topic, rule or function it happened to. */
  readonly resourceArn: string;
  readonly messageId?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** The stream of happenings. Listeners are called synchronously and must not throw. */
export interface Happenings {
  /** Adds a listener, to the happenings of some services or of all; the returned function removes it. */
  observe(listener: (happening: Happening) => void, services?: readonly string[]): () => void;
  emit(happening: Omit<Happening, 'at'>): void;
}

/** What every service is given. */
export interface AwsContext {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  /** Where the endpoint listens, no trailing slash. `startEmbeddedAws` sets it once the port is known. */
  endpointUrl: string;
  /** Where earlier processes on the same state directory listened. */
  readonly formerEndpointUrls: readonly string[];
  readonly services: ServiceRegistry;
  readonly faults: FaultRules;
  readonly events: Happenings;
  readonly metrics: Metrics;
  /** Access keys that were given out, and who calls with them. */
  readonly credentials: Credentials;
  /** What outlives this process, when a state directory was given. */
  readonly state: StateStore;
  /** How strictly the authorizer takes what has no policy. */
  readonly policies: PolicyMode;
  /** Evaluates policies; without one every call is allowed. */
  authorizer?: Authorizer;
  /** The same account in another region, where `joinRegions` has joined one. */
  elsewhere?: ((region: string) => AwsContext | undefined) | undefined;
  /** Set while the region is down: whatever would happen waits for its end. */
  outage?: Promise<void> | undefined;
}

export interface AwsContextOptions {
  readonly region?: string;
  readonly accountId?: string;
  readonly clock?: Clock;
  readonly endpointUrl?: string;
  /** @default - enforced-where-present */
  readonly policies?: PolicyMode;
  /** Seeds the faults' randomness; the same seed gives the same faults for the same calls. */
  readonly faultSeed?: number;
  /**
   * Where acknowledged state is kept.
   * @default - nothing outlives the process
   */
  readonly state?: StateStore;
  /**
   * Another region of the same account: access keys that were given out there are good here, too.
   * @default - an account of its own
   */
  readonly sameAccountAs?: AwsContext;
}

/** A context with no services yet. */
export function createAwsContext(options: AwsContextOptions = {}): AwsContext {
  const clock = options.clock ?? systemClock();
  const state = options.state ?? forgetfulStateStore;
  return {
    region: options.region ?? DEFAULT_REGION,
    accountId: options.sameAccountAs?.accountId ?? options.accountId ?? DEFAULT_ACCOUNT_ID,
    clock,
    endpointUrl: options.endpointUrl ?? 'http://127.0.0.1:4566',
    formerEndpointUrls: formerEndpointUrls(state),
    services: createServiceRegistry(),
    faults: createFaultRules(options.faultSeed),
    events: createHappenings(clock),
    metrics: createMetrics(),
    credentials: options.sameAccountAs?.credentials ?? createCredentials(state, clock),
    policies: options.policies ?? 'enforced-where-present',
    state,
  };
}

/** The account root as a caller: what a request without a known identity is taken for. */
export function rootCaller(context: Pick<AwsContext, 'accountId'>): Caller {
  return { accountId: context.accountId, arn: `arn:aws:iam::${context.accountId}:root` };
}

/** An AWS service as a caller, acting for a resource: `serviceCaller(context, 'sns.amazonaws.com', topicArn)`. */
export function serviceCaller(
  context: Pick<AwsContext, 'accountId'>,
  service: string,
  sourceArn: string,
): Caller {
  return { ...rootCaller(context), service, sourceArn };
}

function createServiceRegistry(): ServiceRegistry {
  const byName = new Map<string, AwsService>();
  const find = <Name extends keyof AwsServices>(name: Name): AwsServices[Name] | undefined =>
    // The merged interface ties each name to its service's type; register() keeps the two in step.
    byName.get(name) as unknown as AwsServices[Name] | undefined;
  return {
    register(service) {
      byName.set(service.name, service);
    },
    find,
    get(name) {
      const service = find(name);
      if (service === undefined) {
        throw new AwsError(
          'ServiceNotRunning',
          `No service named "${name}" is registered in this embedded AWS; running: ${[...byName.keys()].join(', ') || 'none'}`,
          500,
        );
      }
      return service;
    },
    all: () => [...byName.values()],
  };
}

function createHappenings(clock: Clock): Happenings {
  const toAll = new Set<(happening: Happening) => void>();
  const toService = new Map<string, Set<(happening: Happening) => void>>();
  const listenersOf = (service: string) => {
    const found = toService.get(service) ?? new Set();
    toService.set(service, found);
    return found;
  };
  return {
    observe(listener, services) {
      const sets = services === undefined ? [toAll] : services.map((service) => listenersOf(service));
      for (const set of sets) set.add(listener);
      return () => {
        for (const set of sets) set.delete(listener);
      };
    },
    emit(happening) {
      const some = toService.get(happening.service);
      if (toAll.size === 0 && !some) return;
      const stamped: Happening = { ...happening, at: clock.now() };
      for (const listener of toAll) listener(stamped);
      if (some) for (const listener of some) listener(stamped);
    },
  };
}
