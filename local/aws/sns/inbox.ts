/**
 * What people and phones received: e-mails, text messages and pushes. Nothing leaves this machine; the console and
 * tests read it here.
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';

/** One e-mail, text message, push, or record for a delivery stream. */
export interface InboxMessage {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly protocol: 'email' | 'email-json' | 'sms' | 'application' | 'firehose';
  /** E-mail address, phone number, or the ARN of an endpoint or delivery stream. */
  readonly to: string;
  /** Absent for a text message straight to a number. */
  readonly topicArn?: string;
  readonly subscriptionArn?: string;
  /** Absent for the request to confirm a subscription. */
  readonly messageId?: string;
  readonly subject?: string;
  /** What the receiver reads: the text of an e-mail, or the JSON of `email-json`. */
  readonly body: string;
  /** Set on the request to confirm: open it, or give the token to ConfirmSubscription. */
  readonly confirmation?: { readonly token: string; readonly subscribeUrl: string };
}

export interface Inbox {
  add(message: Omit<InboxMessage, 'id' | 'at'>): void;
  /** The last {@link MOST_KEPT} messages, oldest first. */
  messages(): readonly InboxMessage[];
}

const MOST_KEPT = 1_000;

export function createInbox(context: AwsContext): Inbox {
  const collection = context.state.collection<InboxMessage>('sns.inbox');
  const messages = collection.entries().map(([, message]) => message);
  return {
    add(content) {
      const message = { ...content, id: randomUUID(), at: context.clock.now() };
      messages.push(message);
      collection.put(message.id, message);
      const oldest = messages.length > MOST_KEPT ? messages.shift() : undefined;
      if (oldest) collection.delete(oldest.id);
    },
    messages: () => [...messages],
  };
}
