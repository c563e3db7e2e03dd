/** HTTP and HTTPS endpoints: the request SNS makes, and how it reads the answer. sns/latest/dg/sns-http-https-endpoint-as-subscriber.html */
import type { AwsContext } from '../context.ts';
import { RETRY_AFTER_SECONDS } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { deliveryPolicyOf } from './delivery-policy.ts';
import { isRaw, type Message, type Subscription, type Topic } from './model.ts';
import { bodyFor, type ConfirmationAsk, type Notifications } from './notification.ts';

/** How long an endpoint may take to answer. sns/latest/dg/sns-message-delivery-retries.html */
const TIMEOUT_MS = 15_000;
const TOO_MANY_REQUESTS = 429;

export interface HttpDelivery {
  /** Asks the endpoint to confirm, which it does by visiting the `SubscribeURL` or by ConfirmSubscription. */
  postConfirmation(topic: Topic, subscription: Subscription, ask: ConfirmationAsk): Promise<void>;
  postNotification(topic: Topic, subscription: Subscription, message: Message): Promise<void>;
}

export function createHttpDelivery(context: AwsContext, notifications: Notifications): HttpDelivery {
  /** The next time a subscription with a ceiling on deliveries may get one, by its ARN. */
  const nextTurn = new Map<string, number>();

  const awaitTurn = async (subscription: Subscription, perSecond: number | undefined): Promise<void> => {
    if (perSecond === undefined) return;
    const now = context.clock.now();
    const turn = Math.max(now, nextTurn.get(subscription.arn) ?? now);
    nextTurn.set(subscription.arn, turn + 1_000 / perSecond);
    if (turn > now) await new Promise<void>((resolve) => context.clock.setTimeout(resolve, turn - now));
  };

  return {
    async postConfirmation(topic, subscription, ask) {
      await post(subscription.endpoint, notifications.confirmation(topic, subscription, ask).json, {
        'content-type': 'text/plain; charset=UTF-8',
        'x-amz-sns-message-type': ask.type,
        'x-amz-sns-message-id': ask.messageId,
        'x-amz-sns-topic-arn': topic.arn,
        ...(ask.type === 'UnsubscribeConfirmation' ? { 'x-amz-sns-subscription-arn': subscription.arn } : {}),
      });
    },

    async postNotification(topic, subscription, message) {
      const raw = isRaw(subscription);
      const { contentType, maxReceivesPerSecond } = deliveryPolicyOf(topic, subscription);
      await awaitTurn(subscription, maxReceivesPerSecond);
      const body = raw
        ? bodyFor(message, subscription.protocol)
        : notifications.json(topic, subscription, message);
      await post(subscription.endpoint, body, {
        'content-type': contentType,
        'x-amz-sns-message-type': 'Notification',
        'x-amz-sns-message-id': message.messageId,
        'x-amz-sns-topic-arn': topic.arn,
        'x-amz-sns-subscription-arn': subscription.arn,
        ...(raw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
      });
    },
  };
}

/** 2xx is delivered, 5xx and 429 worth another try, everything else a refusal for good. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<void> {
  const { origin, username, password } = new URL(url);
  const target = username === '' ? url : url.replace(/\/\/[^@/]*@/, '//');
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  let response: Response;
  try {
    response = await fetch(target, {
      method: 'POST',
      body,
      headers: {
        'user-agent': 'Amazon Simple Notification Service Agent',
        ...(username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` }),
        ...headers,
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new AwsError('EndpointUnreachable', `${origin} did not answer: ${String(error)}`, 503);
  }
  await response.arrayBuffer();
  if (response.ok) return;
  const status = response.status === TOO_MANY_REQUESTS ? 503 : response.status;
  const wait = Number(response.headers.get('retry-after') ?? NaN);
  const fields = wait > 0 && status >= 500 ? { [RETRY_AFTER_SECONDS]: wait } : {};
  throw new AwsError('EndpointRefused', `${origin} answered ${response.status}`, status, { fields });
}
