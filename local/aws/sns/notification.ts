// What an endpoint receives: the JSON envelope of SNS, the event of a Lambda function, or the raw message.

import { createHash } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { binaryBytes } from './message-attributes.ts';
import type { Message, Protocol, Subscription, Topic } from './model.ts';

/** The message's text for a protocol, which differs with `MessageStructure: json` only. */
export function bodyFor(message: Message, protocol: Protocol): string {
  return message.bodies?.[protocol] ?? message.bodies?.['default'] ?? message.body;
}

/**
 * The JSON envelope, its members in AWS's order. sns/latest/dg/sns-message-and-json-formats.html
 *
 * The signature has the form of a real one but is a hash: nobody can sign as SNS on a local machine. FIFO
 * topics send none.
 */
export function notificationJson(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
): string {
  return JSON.stringify(notification(context, topic, subscription, message));
}

function notification(context: AwsContext, topic: Topic, subscription: Subscription, message: Message) {
  const attributes = attributeValues(message);
  const body = bodyFor(message, subscription.protocol);
  return {
    Type: 'Notification',
    MessageId: message.messageId,
    ...(message.sequenceNumber === undefined ? {} : { SequenceNumber: message.sequenceNumber }),
    TopicArn: message.topicArn,
    ...(message.subject === undefined ? {} : { Subject: message.subject }),
    Message: body,
    Timestamp: message.timestamp,
    ...(topic.fifo ? {} : signature(context, topic, message.messageId + body)),
    UnsubscribeURL: unsubscribeUrl(context, subscription),
    ...(Object.keys(attributes).length === 0 ? {} : { MessageAttributes: attributes }),
    ...(message.replayed ? { Replayed: 'true' } : {}),
  };
}

/** The event a subscribed function is invoked with. lambda/latest/dg/with-sns.html */
export function lambdaEvent(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
): Record<string, unknown> {
  const body = bodyFor(message, 'lambda');
  const { SignatureVersion, Signature, SigningCertURL } = signature(context, topic, message.messageId + body);
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscription.arn,
        Sns: {
          Type: 'Notification',
          MessageId: message.messageId,
          TopicArn: message.topicArn,
          Subject: message.subject ?? null,
          Message: body,
          Timestamp: message.timestamp,
          SignatureVersion,
          Signature,
          SigningCertUrl: SigningCertURL,
          UnsubscribeUrl: unsubscribeUrl(context, subscription),
          MessageAttributes: attributeValues(message),
        },
      },
    ],
  };
}

/** What an HTTP endpoint, or an e-mail address, gets before it gets messages. */
export function confirmationJson(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  messageId: string,
): string {
  const token = subscription.confirmationToken ?? '';
  const text =
    `You have chosen to subscribe to the topic ${topic.arn}.\n` +
    'To confirm the subscription, visit the SubscribeURL included in this message.';
  return JSON.stringify({
    Type: 'SubscriptionConfirmation',
    MessageId: messageId,
    Token: token,
    TopicArn: topic.arn,
    Message: text,
    SubscribeURL: actionUrl(context, 'ConfirmSubscription', { TopicArn: topic.arn, Token: token }),
    Timestamp: new Date(context.clock.now()).toISOString(),
    ...signature(context, topic, messageId + text),
  });
}

function attributeValues(message: Message): Record<string, { Type: string; Value: string }> {
  return Object.fromEntries(
    Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: StringValue ?? binaryBytes(BinaryValue).toString('base64') },
    ]),
  );
}

function signature(context: AwsContext, topic: Topic, signed: string) {
  return {
    SignatureVersion: topic.attributes.get('SignatureVersion') ?? '1',
    Signature: createHash('sha512').update(signed).digest('base64'),
    SigningCertURL: `${context.endpointUrl}/SimpleNotificationService-local.pem`,
  };
}

function unsubscribeUrl(context: AwsContext, subscription: Subscription): string {
  return actionUrl(context, 'Unsubscribe', { SubscriptionArn: subscription.arn });
}

/** A link that works against the embedded AWS. It names the API version, by which the endpoint finds SNS. */
function actionUrl(context: AwsContext, action: string, parameters: Record<string, string>): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${context.endpointUrl}/?${[`Action=${action}`, ...query, 'Version=2010-03-31'].join('&')}`;
}
