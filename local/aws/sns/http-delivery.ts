// HTTP and HTTPS endpoints: the request SNS makes, and how it reads the answer.

import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import type { RetryPolicy } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { isRaw, type Message, type Subscription, type Topic } from './model.ts';
import { bodyFor, confirmationJson, notificationJson } from './notification.ts';
import { DEFAULT_HTTP_RETRIES } from './topic-attributes.ts';

/** How long an endpoint may take to answer. sns/latest/dg/sns-message-delivery-retries.html */
const TIMEOUT_MS = 15_000;

/** The default delivery policy for HTTP. A policy of one's own is stored and shown, and not applied. */
export const HTTP_RETRIES: RetryPolicy = {
  maximumRetries: DEFAULT_HTTP_RETRIES.attempts,
  maximumAgeMilliseconds: Infinity,
  delayMilliseconds: () => DEFAULT_HTTP_RETRIES.delaySeconds * 1_000,
};

/** Asks the endpoint to confirm. It does so by calling the `SubscribeURL` or ConfirmSubscription. */
export async function postConfirmation(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
): Promise<void> {
  const messageId = randomUUID();
  const body = confirmationJson(context, topic, subscription, messageId);
  await post(subscription.endpoint, body, {
    'x-amz-sns-message-type': 'SubscriptionConfirmation',
    'x-amz-sns-message-id': messageId,
    'x-amz-sns-topic-arn': topic.arn,
  });
}

export async function postNotification(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
): Promise<void> {
  const raw = isRaw(subscription);
  const body = raw
    ? bodyFor(message, subscription.protocol)
    : notificationJson(context, topic, subscription, message);
  await post(subscription.endpoint, body, {
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': message.messageId,
    'x-amz-sns-topic-arn': topic.arn,
    'x-amz-sns-subscription-arn': subscription.arn,
    ...(raw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
  });
}

/** 2xx is delivered, 4xx other than 429 a refusal for good, everything else worth another try. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'text/plain; charset=UTF-8',
        'user-agent': 'Amazon Simple Notification Service Agent',
        ...headers,
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new AwsError('EndpointUnreachable', `The endpoint did not answer: ${String(error)}`, 503);
  }
  await response.arrayBuffer();
  if (response.ok) return;
  const status = response.status === 429 ? 503 : response.status;
  throw new AwsError('EndpointRefused', `The endpoint answered ${response.status}`, status);
}
