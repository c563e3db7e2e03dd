/** What an endpoint receives: the JSON envelope of SNS, the event of a Lambda function, an e-mail, or the raw message. */
import type { AwsContext } from '../context.ts';
import { binaryBytes } from './message-attributes.ts';
import type { Message, Protocol, Subscription, Topic } from './model.ts';
import type { SignatureMembers, Signer } from './signing.ts';

/** Makes the texts of one SNS. */
export interface Notifications {
  /** The JSON envelope, its members in AWS's order. sns/latest/dg/sns-message-and-json-formats.html */
  json(topic: Topic, subscription: Subscription, message: Message): string;
  /** The event a subscribed function is invoked with. lambda/latest/dg/with-sns.html */
  lambdaEvent(topic: Topic, subscription: Subscription, message: Message): string;
  /** The text of an e-mail: the message and how to end the subscription. */
  email(subscription: Subscription, message: Message): string;
  /** What an HTTP endpoint, or an e-mail address, gets before it gets messages, or when it gets no more. */
  confirmation(topic: Topic, subscription: Subscription, ask: ConfirmationAsk): Confirmation;
}

export interface ConfirmationAsk {
  readonly type: 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly messageId: string;
  readonly token: string;
}

export interface Confirmation {
  readonly json: string;
  readonly text: string;
  readonly subscribeUrl: string;
}

/** The message's text for a protocol, which differs with `MessageStructure: json` only. */
export function bodyFor(message: Message, protocol: Protocol): string {
  return message.bodies?.[protocol] ?? message.bodies?.['default'] ?? message.body;
}

export function createNotifications(context: AwsContext, signer: Signer): Notifications {
  /** A message is signed once for all subscriptions that get the same text. */
  const signatures = new WeakMap<Message, Map<string, SignatureMembers>>();
  const signed = (topic: Topic, message: Message, body: string): SignatureMembers => {
    const version = signatureVersion(topic);
    let ofMessage = signatures.get(message);
    if (!ofMessage) signatures.set(message, (ofMessage = new Map<string, SignatureMembers>()));
    const known = ofMessage.get(body);
    if (known) return known;
    const made = signer.sign(
      {
        Message: body,
        MessageId: message.messageId,
        Subject: message.subject,
        Timestamp: message.timestamp,
        TopicArn: message.topicArn,
        Type: 'Notification',
      },
      version,
    );
    ofMessage.set(body, made);
    return made;
  };

  return {
    json(topic, subscription, message) {
      const attributes = attributeValues(message);
      const body = bodyFor(message, subscription.protocol);
      return JSON.stringify({
        Type: 'Notification',
        MessageId: message.messageId,
        ...(message.sequenceNumber === undefined ? {} : { SequenceNumber: message.sequenceNumber }),
        TopicArn: message.topicArn,
        ...(message.subject === undefined ? {} : { Subject: message.subject }),
        Message: body,
        Timestamp: message.timestamp,
        // FIFO topics send no signature. sns/latest/dg/fifo-message-delivery.html
        ...(topic.fifo ? {} : signed(topic, message, body)),
        UnsubscribeURL: unsubscribeUrl(context, subscription),
        ...(Object.keys(attributes).length === 0 ? {} : { MessageAttributes: attributes }),
        ...(message.replayed ? { Replayed: 'true' } : {}),
      });
    },

    lambdaEvent(topic, subscription, message) {
      const body = bodyFor(message, 'lambda');
      const { SignatureVersion, Signature, SigningCertURL } = signed(topic, message, body);
      const notification = {
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
      };
      const head = {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscription.arn,
      };
      return JSON.stringify({ Records: [{ ...head, Sns: notification }] });
    },

    email: (subscription, message) =>
      `${bodyFor(message, subscription.protocol)}\n\n--\n` +
      'If you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\n' +
      `${unsubscribeUrl(context, subscription)}\n`,

    confirmation(topic, subscription, { type, messageId, token }) {
      const subscribeUrl = actionUrl(context, 'ConfirmSubscription', { TopicArn: topic.arn, Token: token });
      const text =
        type === 'SubscriptionConfirmation'
          ? `You have chosen to subscribe to the topic ${topic.arn}.\n` +
            'To confirm the subscription, visit the SubscribeURL included in this message.'
          : `You have chosen to deactivate subscription ${subscription.arn}.\n` +
            'To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.';
      const message = {
        Type: type,
        MessageId: messageId,
        Token: token,
        TopicArn: topic.arn,
        Message: text,
        SubscribeURL: subscribeUrl,
        Timestamp: new Date(context.clock.now()).toISOString(),
      };
      const json = JSON.stringify({ ...message, ...signer.sign(message, signatureVersion(topic)) });
      return { json, text, subscribeUrl };
    },
  };
}

function signatureVersion(topic: Topic): string {
  return topic.attributes.get('SignatureVersion') ?? '1';
}

function attributeValues(message: Message): Record<string, { Type: string; Value: string }> {
  return Object.fromEntries(
    Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: StringValue ?? binaryBytes(BinaryValue).toString('base64') },
    ]),
  );
}

function unsubscribeUrl(context: AwsContext, subscription: Subscription): string {
  return actionUrl(context, 'Unsubscribe', { SubscriptionArn: subscription.arn });
}

/** A link that works against the embedded AWS. It names the API version, by which the endpoint finds SNS. */
function actionUrl(context: AwsContext, action: string, parameters: Record<string, string>): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${context.endpointUrl}/?${[`Action=${action}`, ...query, 'Version=2010-03-31'].join('&')}`;
}
