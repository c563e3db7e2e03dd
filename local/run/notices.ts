/** What a run tells people beside its numbers: calls that a policy denied, and what came for people and phones. */
import { styleText } from 'node:util';
import type { InboxMessage } from '../aws/sns/index.ts';
import { describeDenial } from './denials.ts';
import type { LocalRun } from './local-run.ts';

/** Gives what is new since it was last called; of denials and messages of one kind, one notice. */
export function noticesOf(run: Pick<LocalRun, 'aws' | 'denials'>): () => readonly string[] {
  let denialsShown = 0;
  let lastMessage: string | undefined;
  return () => {
    const denials = run.denials().slice(denialsShown);
    denialsShown += denials.length;
    const inbox = run.aws.services.sns.inbox();
    const messages = inbox.slice(inbox.findLastIndex(({ id }) => id === lastMessage) + 1);
    lastMessage = messages.at(-1)?.id ?? lastMessage;
    return [
      ...denials.map((denial) => `${styleText('red', 'denied')}: ${describeDenial(denial)}`),
      ...[...Map.groupBy(messages, describeMessage)].map(
        ([text, { length }]) => `${styleText('cyan', text)}${length > 1 ? ` (${length} times)` : ''}`,
      ),
    ];
  };
}

/** Never the text of the message. */
function describeMessage({ protocol, to, subject }: InboxMessage): string {
  return `${KINDS[protocol]} to ${to}${subject === undefined ? '' : `: ${subject}`}`;
}

const KINDS: Readonly<Record<InboxMessage['protocol'], string>> = {
  email: 'e-mail',
  'email-json': 'e-mail',
  sms: 'text message',
  application: 'push',
  firehose: 'record',
};
