/**
 * The delivery policy of HTTP and HTTPS subscriptions: retries in four phases, a ceiling on deliveries per second, and
 * the content type. sns/latest/dg/sns-message-delivery-retries.html
 */
import type { RetryPolicy } from '../delivery/index.ts';
import { record } from './input.ts';
import type { Subscription, Topic } from './model.ts';

/** Limits and defaults as the page lists them; delays in seconds. */
const LIMITS = { longestDelay: 3_600, retries: 100, totalSeconds: 3_600 } as const;
const DEFAULTS = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: 'linear',
} as const;
const DEFAULT_CONTENT_TYPE = 'text/plain; charset=UTF-8';

type Backoff = 'linear' | 'arithmetic' | 'geometric' | 'exponential';
const BACKOFFS: readonly string[] = ['linear', 'arithmetic', 'geometric', 'exponential'];
const CONTENT_TYPES: readonly string[] = [
  'application/atom+xml',
  'application/json',
  'application/octet-stream',
  'application/soap+xml',
  'application/x-www-form-urlencoded',
  'application/xhtml+xml',
  'application/xml',
  'text/css',
  'text/csv',
  'text/html',
  'text/plain',
  'text/xml',
];

interface HealthyRetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: Backoff;
}

/** A delivery policy that holds for one subscription. */
export interface DeliveryPolicy {
  readonly healthyRetryPolicy: HealthyRetryPolicy;
  /** Deliveries per second; unlimited when undefined. */
  readonly maxReceivesPerSecond: number | undefined;
  readonly contentType: string;
}

/** The subscription's own policy, else the topic's, else AWS's. */
export function deliveryPolicyOf(topic: Topic, subscription: Subscription): DeliveryPolicy {
  const http = record(parsed(topic.attributes.get('DeliveryPolicy'))['http']);
  const own =
    http['disableSubscriptionOverrides'] === true
      ? {}
      : parsed(subscription.attributes.get('DeliveryPolicy'));
  const pick = (name: string, topicName: string) => ({ ...record(http[topicName]), ...record(own[name]) });
  const retries = pick('healthyRetryPolicy', 'defaultHealthyRetryPolicy');
  const throttle = pick('throttlePolicy', 'defaultThrottlePolicy')['maxReceivesPerSecond'];
  const contentType = pick('requestPolicy', 'defaultRequestPolicy')['headerContentType'];
  return {
    healthyRetryPolicy: { ...DEFAULTS, ...retries },
    maxReceivesPerSecond: typeof throttle === 'number' ? throttle : undefined,
    contentType: typeof contentType === 'string' ? contentType : DEFAULT_CONTENT_TYPE,
  };
}

/** The policy as GetSubscriptionAttributes and GetTopicAttributes show it in effect. */
export function effectivePolicy({ healthyRetryPolicy, maxReceivesPerSecond, contentType }: DeliveryPolicy) {
  return {
    healthyRetryPolicy,
    ...(maxReceivesPerSecond === undefined ? {} : { throttlePolicy: { maxReceivesPerSecond } }),
    requestPolicy: { headerContentType: contentType },
  };
}

/** What a topic without a delivery policy does over HTTP, in the form of its attribute. */
export function defaultTopicPolicy() {
  return {
    http: {
      defaultHealthyRetryPolicy: DEFAULTS,
      disableSubscriptionOverrides: false,
      defaultRequestPolicy: { headerContentType: DEFAULT_CONTENT_TYPE },
    },
  };
}

/** The retries a policy means: at once, then `min` apart, then backing off to `max`, then `max` apart. */
export function httpRetries({ healthyRetryPolicy: policy }: DeliveryPolicy): RetryPolicy {
  const { minDelayTarget, maxDelayTarget, numRetries } = policy;
  const immediate = policy.numNoDelayRetries;
  const beforeBackoff = immediate + policy.numMinDelayRetries;
  const backoff = Math.max(0, numRetries - beforeBackoff - policy.numMaxDelayRetries);
  return {
    maximumRetries: numRetries,
    maximumAgeMilliseconds: Infinity,
    delayMilliseconds(retry) {
      if (retry <= immediate) return 0;
      if (retry <= beforeBackoff) return minDelayTarget * 1_000;
      const step = retry - beforeBackoff;
      if (step > backoff || minDelayTarget === maxDelayTarget) return maxDelayTarget * 1_000;
      const share = backoff === 1 ? 0 : (step - 1) / (backoff - 1);
      return Math.round(CURVES[policy.backoffFunction](share, minDelayTarget, maxDelayTarget) * 1_000);
    },
  };
}

/** From `min` at 0 to `max` at 1. AWS draws the four curves and gives no formula. */
const CURVES: Readonly<Record<Backoff, (share: number, min: number, max: number) => number>> = {
  linear: (share, min, max) => min + (max - min) * share,
  arithmetic: (share, min, max) => min + (max - min) * share ** 2,
  geometric: (share, min, max) => min * (max / min) ** share,
  exponential: (share, min, max) => min + (max - min) * ((2 ** (share * 10) - 1) / 1_023),
};

/**
 * Why AWS refuses a policy, or undefined when it takes it.
 *
 * @param names of the three parts: they differ between topics and subscriptions
 */
export function deliveryPolicyFault(
  policy: Readonly<Record<string, unknown>>,
  names: readonly [retries: string, throttle: string, request: string],
): string | undefined {
  const [retriesName, throttleName, requestName] = names;
  const known = [...names, 'sicklyRetryPolicy', 'guaranteed', 'disableSubscriptionOverrides'];
  const odd = Object.keys(policy).find((name) => !known.includes(name));
  if (odd !== undefined) return `DeliveryPolicy: unrecognized JSON member: ${odd}`;
  return (
    retryFault(record(policy[retriesName]), retriesName) ??
    throttleFault(record(policy[throttleName]), throttleName) ??
    requestFault(record(policy[requestName]), requestName)
  );
}

function retryFault(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const policy: Readonly<Record<string, unknown>> = { ...DEFAULTS, ...given };
  const fault = (member: string, rule: string) => `DeliveryPolicy: ${name}.${member} must be ${rule}`;
  const odd = Object.keys(given).find((member) => !Object.hasOwn(DEFAULTS, member));
  if (odd !== undefined) return `DeliveryPolicy: unrecognized JSON member: ${name}.${odd}`;
  const within = (member: string, from: number, to: number) => {
    const value = policy[member];
    return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
  };
  if (!within('maxDelayTarget', 1, LIMITS.longestDelay)) {
    return fault('maxDelayTarget', `less than or equal to ${LIMITS.longestDelay}`);
  }
  if (!within('minDelayTarget', 1, LIMITS.longestDelay)) return fault('minDelayTarget', 'greater than 0');
  if (Number(policy['minDelayTarget']) > Number(policy['maxDelayTarget'])) {
    return fault('maxDelayTarget', 'greater than or equal to minDelayTarget');
  }
  if (!within('numRetries', 0, LIMITS.retries)) return fault('numRetries', `from 0 to ${LIMITS.retries}`);
  const phases = ['numNoDelayRetries', 'numMinDelayRetries', 'numMaxDelayRetries'];
  for (const member of phases) {
    if (!within(member, 0, LIMITS.retries)) return fault(member, 'greater than or equal to 0');
  }
  const inPhases = phases.reduce((sum, member) => sum + Number(policy[member]), 0);
  if (inPhases > Number(policy['numRetries'])) {
    return fault('numRetries', 'greater than or equal to the sum of the retries of its phases');
  }
  if (!BACKOFFS.includes(String(policy['backoffFunction']))) {
    return fault('backoffFunction', `one of ${BACKOFFS.join(', ')}`);
  }
  return totalFault(policy as unknown as HealthyRetryPolicy);
}

/** All delays together. */
function totalFault(healthyRetryPolicy: HealthyRetryPolicy): string | undefined {
  const retries = httpRetries({ healthyRetryPolicy, maxReceivesPerSecond: undefined, contentType: '' });
  let seconds = 0;
  for (let retry = 1; retry <= retries.maximumRetries; retry++)
    seconds += retries.delayMilliseconds(retry) / 1_000;
  return seconds > LIMITS.totalSeconds
    ? `DeliveryPolicy: the total retry time must not be over ${LIMITS.totalSeconds} seconds`
    : undefined;
}

function throttleFault(policy: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const { maxReceivesPerSecond: most } = policy;
  if (most === undefined) return undefined;
  const valid = typeof most === 'number' && Number.isInteger(most) && most >= 1;
  return valid
    ? undefined
    : `DeliveryPolicy: ${name}.maxReceivesPerSecond must be greater than or equal to 1`;
}

function requestFault(policy: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const { headerContentType: type } = policy;
  if (type === undefined) return undefined;
  const plain = typeof type === 'string' ? type.split(';')[0]?.trim() : undefined;
  return plain !== undefined && CONTENT_TYPES.includes(plain)
    ? undefined
    : `DeliveryPolicy: ${name}.headerContentType is not supported`;
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  return text === undefined || text === '' ? {} : record(JSON.parse(text));
}
